import { CancellationScope, condition } from '@temporalio/workflow';
import type { Ending, StepOutline, StepResult } from '../../contracts/workflow.ts';
import { store } from '../proxies.ts';
import type { Job } from './job.ts';
import { draftPlan, type PlanReason, type Suspended } from './planning.ts';
import { askHuman, awaitAnswer, cancelled } from './questions.ts';
import { countDoneSteps, failuresOf, hasOpenSteps, isBlocked, replaceUnfinished, runReadySteps } from './step-graph.ts';
import { runStep } from './steps.ts';

/** New plans after failures, and turns for messages that came too late for any step. */
const MAX_REPLANS = 2;
const MAX_FOLLOW_UPS = 20;

/** Runs the approved steps to their end, taking up what people say on the way; or until the workflow continues as new. */
export async function executePlan(job: Job): Promise<Ending | Suspended> {
  const { graph, steering, continuation } = job;
  let hasProgressed = false;
  // Steps that are held back while others ask people would wait for an answer that has nothing to do with them.
  const isDraining = () => hasProgressed && continuation.isDue() && !job.approvals.isWaiting();
  const mayStart = () => !steering.isStopped() && !steering.isReplanWanted() && !isDraining();
  for (;;) {
    await runReadySteps(graph, {
      run: (step) => runAndRecord(job, step).finally(() => (hasProgressed = true)),
      mayStart,
      untilMayStart: () => CancellationScope.nonCancellable(() => condition(mayStart)),
    });
    if (steering.isStopped()) break;
    const next = nextMove(job);
    if (isDraining() && (next || hasOpenSteps(graph))) {
      if (await continuation.prepare(() => !steering.isStopped())) return { kind: 'suspended' };
    } else if (next) await next();
    else break;
  }
  const failures = failuresOf(graph);
  return steering.isStopped() ? { kind: 'stopped', failures } : { kind: 'worked', failures };
}

/** What is to be done where no step runs, besides the steps that are left; undefined when nothing is. */
function nextMove(job: Job): (() => Promise<void>) | undefined {
  const { graph, steering } = job;
  if (steering.isReplanWanted()) return () => replan(job, { why: 'asked', constraints: steering.consumeConstraints() });
  if (steering.hasMessages() && job.progress.followUps < MAX_FOLLOW_UPS) return () => addFollowUp(job);
  if (!job.progress.isPlanned || !isBlocked(graph) || job.progress.replans >= MAX_REPLANS) return undefined;
  return () => {
    job.progress.replans++;
    return replan(job, { why: 'failure' });
  };
}

/** A step that gives no answer is shown as such at once, not only with the end. */
async function runAndRecord(job: Job, step: StepOutline): Promise<StepResult> {
  const result = await runStep(job, step);
  if (result.status !== 'done') {
    const { status, reason } = result;
    await store.closeStep({ ...job.target, step: step.id, status, reason });
    job.changed();
  }
  return result;
}

/** Plans what is left anew. Finished steps stay; without a valid plan a human says whether the old one goes on. */
async function replan(job: Job, reason: PlanReason): Promise<void> {
  const { graph, steering } = job;
  const proposal = await draftPlan(job, reason);
  if (!proposal) {
    if (reason.why === 'failure') return;
    const answer = await askHuman(job, { kind: 'replan', evidence: ['plan_refused'] });
    if (answer !== 'retry' && answer !== 'withdrawn') steering.stop();
    return;
  }
  if (!proposal.approval) return replaceUnfinished(graph, proposal.steps);
  const answer = await awaitAnswer(job, proposal.approval);
  if (answer.kind === 'withdrawn') return;
  if (answer.kind === 'expired') return steering.stop();
  if (answer.decision.verdict === 'cancel') return cancelled(job);
  replaceUnfinished(graph, answer.plan?.steps ?? proposal.steps);
}

/** One more turn for what was said while the last steps ran. */
async function addFollowUp(job: Job): Promise<void> {
  const { target, graph, changed } = job;
  const step = await store.addFollowUpStep.executeWithOptions({ summary: 'Take up what was said meanwhile' }, [
    { ...target, nth: ++job.progress.followUps },
  ]);
  graph.steps = [...graph.steps, { ...step, needs: countDoneSteps(graph) > 0 ? step.needs : [] }];
  changed();
}
