import { condition } from '@temporalio/workflow';
import type { AgentId, Tier } from '../../contracts/agents.ts';
import { MAX_HEALINGS } from '../../contracts/healing-rules.ts';
import type { ErrorCode } from '../../contracts/texts.ts';
import type { Healing, StepOutline, StepResult } from '../../contracts/workflow.ts';
import { model } from '../proxies.ts';
import { budgetRefusalOf, errorCodeOf, isLimited } from './failures.ts';
import { trackInFlight, type Job } from './job.ts';
import { askHuman } from './questions.ts';
import { countDoneSteps, failed, skipped } from './step-graph.ts';

/** One attempt at a step: healing changes the agent, the tier or, by its number, what is asked. */
export interface StepAttempt {
  /** Counts up from 0. */
  readonly number: number;
  readonly agent: AgentId;
  readonly tier?: Tier;
}

/** Why an attempt failed, as a code and whole. */
export interface AttemptFailure {
  readonly code: ErrorCode;
  readonly error: unknown;
}

/** A known failure by rule, any other by what a model makes of it; twice at most, then it stands. */
export async function healStep(
  job: Job,
  step: StepOutline,
  failing: StepAttempt,
  { code, error }: AttemptFailure,
): Promise<StepAttempt | StepResult> {
  const number = failing.number + 1;
  // All keys have been tried and waited for: another call would only be one more.
  if (number > MAX_HEALINGS || job.steering.isStopped() || isLimited(error)) return failed(code);
  const diagnosis = model.healStep.executeWithOptions({ summary: `Self-healing attempt #${number} of ${step.id}` }, [
    { ...job.target, step: step.id, agent: failing.agent, attempt: number, code },
  ]);
  const { action, agent, tier } = await trackInFlight(job, diagnosis).catch(keepFailure);
  job.changed();
  if (action === 'retry') return { number, agent: failing.agent, ...(tier && { tier }) };
  if (action === 'another_agent') return { number, agent: agent ?? failing.agent };
  if (action === 'skip') return skipped('skipped_by_healing');
  if (action === 'stop') return failed(code);
  return askAgain(job, step, { ...failing, number }, { kind: 'healing', evidence: [code] }, code);
}

/** Healing that fails itself must not take the other steps with it: the step's own failure stands. */
function keepFailure(error: unknown): Healing {
  errorCodeOf(error);
  return { action: 'stop' };
}

/** Leaves it to a human: once more, without it, or stop with what is there. */
export async function askAgain(
  job: Job,
  step: StepOutline,
  next: StepAttempt,
  about: { kind: 'healing' | 'loop'; evidence: readonly string[] },
  otherwise: ErrorCode,
): Promise<StepAttempt | StepResult> {
  const answer = await askHuman(job, { ...about, step: step.id });
  if (answer === 'retry') return next;
  if (answer === 'skip') return skipped('skipped_by_person');
  if (answer === 'stop') job.steering.stop();
  return answer === 'stop' ? skipped('stopped') : failed(otherwise);
}

/** Work that has begun pauses and asks; a request that nothing was done for yet is refused with what to do. */
export async function handleRefusedBudget(
  job: Job,
  step: StepOutline,
  next: StepAttempt,
  { code, error }: AttemptFailure,
): Promise<StepAttempt | StepResult> {
  const { graph, refusedSteps, steering } = job;
  const hasBegun = () => job.progress.isPlanned || job.progress.hasCalledTools || countDoneSteps(graph) > 0;
  refusedSteps.add(step.id);
  await condition(() => hasBegun() || [...graph.running].every((id) => refusedSteps.has(id)));
  if (!hasBegun()) return failed(code);
  job.budgetAnswer ??= askAboutBudget(job, error).finally(() => {
    job.budgetAnswer = undefined;
  });
  const answer = await job.budgetAnswer;
  refusedSteps.delete(step.id);
  if (answer === 'raise') return next;
  if (answer === 'skip') return skipped('skipped_by_person');
  if (answer === 'stop') steering.stop();
  return failed(code);
}

async function askAboutBudget(job: Job, error: unknown): Promise<'raise' | 'skip' | 'stop' | 'withdrawn'> {
  const answer = await askHuman(job, { kind: 'budget', refused: budgetRefusalOf(error) });
  return answer === 'raise' || answer === 'skip' || answer === 'withdrawn' ? answer : 'stop';
}
