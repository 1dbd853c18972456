import { condition, isCancellation, patched } from '@temporalio/workflow';
import { AGENT_NAMES, type ErrorCode } from '../../contracts/texts.ts';
import type { AgentId, Tier } from '../../contracts/agents.ts';
import type { StepOutline } from '../../contracts/workflow.ts';
import { model, store } from '../proxies.ts';
import { doneSteps, type StepResult } from './course.ts';
import { budgetRefusalOf, errorCodeOf, isBudgetCode } from './failures.ts';
import type { Job } from './job.ts';
import { openLoopBreaker } from './loop-breaker.ts';
import { askHuman } from './questions.ts';

/** Tries of one step, a human's retries included. */
const MOST_TRIES = 12;
const MOST_HEALINGS = 2;
const DONE: StepResult = { status: 'done' };
const failed = (reason: ErrorCode): StepResult => ({ status: 'failed', reason });
const skipped = (reason: ErrorCode): StepResult => ({ status: 'skipped', reason });

/** Runs one step to its end: its condition, its question or its work, healed within bounds when it fails. */
export async function runStep(job: Job, step: StepOutline): Promise<StepResult> {
  if (step.conditional) {
    const { verdict } = await store.checkCondition.executeWithOptions({ summary: `Condition of ${step.id}` }, [
      { ...job.target, step: step.id },
    ]);
    if (verdict === 'broken') return failed('condition_broken');
    if (verdict === 'no') return skipped('condition_false');
  }
  return step.kind === 'approval' ? askAbout(job, step) : workOn(job, step);
}

async function askAbout(job: Job, step: StepOutline): Promise<StepResult> {
  const answer = await askHuman(job, { kind: 'step', step: step.id });
  if (answer === 'expired') return job.steering.stopped() ? skipped('stopped') : failed('not_approved');
  await store.endApprovalStep({ ...job.target, step: step.id });
  return DONE;
}

/** What one try is: healing changes the agent, the tier or, by its number, what is asked. */
interface Try {
  readonly nth: number;
  readonly agent: AgentId;
  readonly tier?: Tier;
}

async function workOn(job: Job, step: StepOutline): Promise<StepResult> {
  const breaker = openLoopBreaker();
  let next: Try = { nth: 0, agent: step.agent ?? 'general' };
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    const failure = await tryOnce(job, step, next);
    if (!failure) return DONE;
    const { code } = failure;
    if (job.routed.mode === 'fallback' && !job.planned && !isBudgetCode(code)) return failed(code);
    if (!patched('healing')) return failed(code);
    const loop = breaker.saw(`${next.agent}:${next.tier ?? ''}:${next.nth}`);
    const after = loop
      ? await askAgain(job, step, next, { kind: 'loop', evidence: [loop, code] }, 'loop_broken')
      : isBudgetCode(code)
        ? await afterRefusedBudget(job, step, next, failure)
        : await heal(job, step, next, code);
    if (loop) breaker.reset();
    if ('status' in after) return after;
    next = after;
  }
  return failed('loop_broken');
}

async function tryOnce(
  job: Job,
  step: StepOutline,
  { nth, agent, tier }: Try,
): Promise<{ code: ErrorCode; error: unknown } | undefined> {
  try {
    await model.runAgent.executeWithOptions(
      {
        summary: `${step.id === agent ? AGENT_NAMES[agent] : `${step.id} (${AGENT_NAMES[agent]})`} answers`,
        scheduleToCloseTimeout: job.routed.maxExecutionMs,
      },
      [
        {
          ...job.target,
          agent,
          withEarlierAnswers: step.runs === 'after_all' || (step.needs.length > 0 && step.runs === 'after_success'),
          step: step.id,
          attempt: nth,
          steering: job.steering.takeWords(),
          ...(tier && { tier }),
        },
      ],
    );
    return undefined;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { code: errorCodeOf(error), error };
  } finally {
    job.changed();
  }
}

/** A known failure by rule, any other by what a model makes of it; twice at most, then it stands. */
async function heal(job: Job, step: StepOutline, failing: Try, code: ErrorCode): Promise<Try | StepResult> {
  const nth = failing.nth + 1;
  if (nth > MOST_HEALINGS || job.steering.stopped()) return failed(code);
  const { action, agent, tier } = await model.healStep.executeWithOptions(
    { summary: `Self-healing attempt #${nth} of ${step.id}` },
    [{ ...job.target, step: step.id, agent: failing.agent, attempt: nth, code }],
  );
  job.changed();
  if (action === 'retry') return { nth, agent: failing.agent, ...(tier && { tier }) };
  if (action === 'another_agent') return { nth, agent: agent ?? failing.agent };
  if (action === 'skip') return skipped('skipped_by_healing');
  if (action === 'stop') return failed(code);
  return askAgain(job, step, { ...failing, nth }, { kind: 'healing', evidence: [code] }, code);
}

/** Leaves it to a human: once more, without it, or stop with what is there. */
async function askAgain(
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
async function afterRefusedBudget(
  job: Job,
  step: StepOutline,
  next: Try,
  { code, error }: { code: ErrorCode; error: unknown },
): Promise<Try | StepResult> {
  const { course, refused, steering } = job;
  const hasBegun = () => job.planned || doneSteps(course) > 0;
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
  steering.stop();
  return failed(code);
}

async function askAboutBudget(job: Job, error: unknown): Promise<'raise' | 'skip' | 'stop'> {
  const answer = await askHuman(job, { kind: 'budget', refused: budgetRefusalOf(error) });
  return answer === 'raise' || answer === 'skip' ? answer : 'stop';
}
