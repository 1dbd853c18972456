import { patched } from '@temporalio/workflow';
import type { Ending, StepOutline } from '../../contracts/workflow.ts';
import { store } from '../proxies.ts';
import { doneSteps, failuresOf, runReadySteps, type StepResult } from './step-graph.ts';
import type { Job } from './job.ts';
import { draftPlan, type Why } from './planning.ts';
import { askHuman, awaitAnswer, cancelled } from './questions.ts';
import { runStep } from './steps.ts';

/** New plans after failures, and turns for words that came too late for any step. */
const MAX_REPLANS = 2;
const MAX_FOLLOW_UPS = 20;

/** Runs the agreed steps to their end, taking up what people say on the way. */
export async function executePlan(job: Job, steps: readonly StepOutline[]): Promise<Ending> {
  const { course, steering } = job;
  course.steps = steps;
  let replans = 0;
  let followUps = 0;
  for (;;) {
    await runReadySteps(course, {
      run: (step) => runAndShow(job, step),
      mayStart: () => !steering.stopped() && !steering.wantsReplan(),
    });
    if (steering.stopped()) break;
    if (steering.wantsReplan()) await replan(job, { why: 'asked', constraints: steering.takeReplan() });
    else if (steering.hasWords() && followUps < MAX_FOLLOW_UPS) await followUp(job, ++followUps);
    else if (job.planned && isBlocked(job) && replans++ < MAX_REPLANS) await replan(job, { why: 'failure' });
    else break;
  }
  const failures = failuresOf(course);
  return steering.stopped() ? { kind: 'stopped', failures } : { kind: 'worked', failures };
}

/** A step that gives no answer is shown as such at once, not only with the end. */
async function runAndShow(job: Job, step: StepOutline): Promise<StepResult> {
  const result = await runStep(job, step);
  if (result.status !== 'done' && patched('step-ends')) {
    const { status, reason } = result;
    await store.closeStep({ ...job.target, step: step.id, status, reason });
    job.changed();
  }
  return result;
}

/** Steps were left out because others failed: there is something left to do, but not on this way. */
const isBlocked = ({ course }: Job): boolean =>
  course.steps.some(({ id }) => {
    const result = course.results.get(id);
    return result?.status === 'skipped' && result.reason === 'dependency_failed';
  });

/** Plans what is left anew. Finished steps stay; without a valid plan a human says whether the old one goes on. */
async function replan(job: Job, why: Why): Promise<void> {
  const { steering } = job;
  const proposal = await draftPlan(job, why);
  if (!proposal) {
    if (why.why === 'failure') return;
    const answer = await askHuman(job, { kind: 'replan', evidence: ['plan_refused'] });
    if (answer !== 'retry' && answer !== 'withdrawn') steering.stop();
    return;
  }
  if (proposal.approval) {
    const answer = await awaitAnswer(job, proposal.approval);
    if (answer.kind === 'withdrawn') return;
    if (answer.kind === 'expired') return steering.stop();
    if (answer.decision.verdict === 'cancel') return cancelled(job);
    return keepFinished(job, answer.plan?.steps ?? proposal.steps);
  }
  keepFinished(job, proposal.steps);
}

/** What was never done, and what the new plan names again, makes room for it. */
function keepFinished({ course }: Job, next: readonly StepOutline[]): void {
  const again = new Set(next.map(({ id }) => id));
  const kept = course.steps.filter(({ id }) => {
    const result = course.results.get(id);
    const undone = result && 'reason' in result && ['dependency_failed', 'stopped'].includes(result.reason);
    return result && !undone && !again.has(id);
  });
  const dropped = course.steps.filter((step) => !kept.includes(step));
  dropped.forEach(({ id }) => course.results.delete(id));
  course.steps = [...kept, ...next];
}

/** One more turn for what was said while the last steps ran. */
async function followUp({ target, course, changed }: Job, nth: number): Promise<void> {
  const step = await store.addFollowUpStep.executeWithOptions({ summary: 'Take up what was said meanwhile' }, [
    { ...target, nth },
  ]);
  course.steps = [...course.steps, { ...step, needs: doneSteps(course) > 0 ? step.needs : [] }];
  changed();
}
