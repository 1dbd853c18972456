import { condition } from '@temporalio/workflow';
import type { AgentId, Tier } from '../../contracts/agents.ts';
import { MAX_HEALINGS } from '../../contracts/healing-rules.ts';
import type { ErrorCode } from '../../contracts/texts.ts';
import type { Healing, StepOutline } from '../../contracts/workflow.ts';
import { model } from '../proxies.ts';
import { doneSteps, type StepResult } from './step-graph.ts';
import { budgetRefusalOf, errorCodeOf, isLimited } from './failures.ts';
import { trackInFlight, type Job } from './job.ts';
import { askHuman } from './questions.ts';

/** What one try of a step is: healing changes the agent, the tier or, by its number, what is asked. */
export interface Try {
  readonly nth: number;
  readonly agent: AgentId;
  readonly tier?: Tier;
}

/** Why a try failed, in a word and whole. */
export interface Failure {
  readonly code: ErrorCode;
  readonly error: unknown;
}

export const failed = (reason: ErrorCode): StepResult => ({ status: 'failed', reason });
export const skipped = (reason: ErrorCode): StepResult => ({ status: 'skipped', reason });

/** A known failure by rule, any other by what a model makes of it; twice at most, then it stands. */
export async function healStep(
  job: Job,
  step: StepOutline,
  failing: Try,
  { code, error }: Failure,
): Promise<Try | StepResult> {
  const nth = failing.nth + 1;
  // All keys have been tried and waited for: another call would only be one more.
  if (nth > MAX_HEALINGS || job.steering.stopped() || isLimited(error)) return failed(code);
  const diagnosis = model.healStep.executeWithOptions({ summary: `Self-healing attempt #${nth} of ${step.id}` }, [
    { ...job.target, step: step.id, agent: failing.agent, attempt: nth, code },
  ]);
  const { action, agent, tier } = await trackInFlight(job, diagnosis).catch(nothingHeals);
  job.changed();
  if (action === 'retry') return { nth, agent: failing.agent, ...(tier && { tier }) };
  if (action === 'another_agent') return { nth, agent: agent ?? failing.agent };
  if (action === 'skip') return skipped('skipped_by_healing');
  if (action === 'stop') return failed(code);
  return askAgain(job, step, { ...failing, nth }, { kind: 'healing', evidence: [code] }, code);
}

/** Healing that fails itself must not take the other steps with it: the step's own failure stands. */
function nothingHeals(error: unknown): Healing {
  errorCodeOf(error);
  return { action: 'stop' };
}

/** Leaves it to a human: once more, without it, or stop with what is there. */
export async function askAgain(
  job: Job,
  step: StepOutline,
  next: Try,
  about: { kind: 'healing' | 'loop'; evidence: readonly string[] },
  otherwise: ErrorCode,
): Promise<Try | StepResult> {
  const answer = await askHuman(job, { ...about, step: step.id });
  if (answer === 'retry') return next;
  if (answer === 'skip') return skipped('skipped_by_person');
  if (answer === 'stop') job.steering.stop();
  return answer === 'stop' ? skipped('stopped') : failed(otherwise);
}

/** Work that has begun pauses and asks; a request that nothing was done for yet is refused with what to do. */
export async function afterRefusedBudget(
  job: Job,
  step: StepOutline,
  next: Try,
  { code, error }: Failure,
): Promise<Try | StepResult> {
  const { course, refused, steering } = job;
  const hasBegun = () => job.planned || job.hasCalled || doneSteps(course) > 0;
  refused.add(step.id);
  await condition(() => hasBegun() || [...course.running].every((id) => refused.has(id)));
  if (!hasBegun()) return failed(code);
  job.budgetAnswer ??= askAboutBudget(job, error).finally(() => {
    job.budgetAnswer = undefined;
  });
  const answer = await job.budgetAnswer;
  refused.delete(step.id);
  if (answer === 'raise') return next;
  if (answer === 'skip') return skipped('skipped_by_person');
  if (answer === 'stop') steering.stop();
  return failed(code);
}

async function askAboutBudget(job: Job, error: unknown): Promise<'raise' | 'skip' | 'stop' | 'withdrawn'> {
  const answer = await askHuman(job, { kind: 'budget', refused: budgetRefusalOf(error) });
  return answer === 'raise' || answer === 'skip' || answer === 'withdrawn' ? answer : 'stop';
}
