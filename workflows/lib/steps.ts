import { isCancellation, patched } from '@temporalio/workflow';
import { agentName } from '../../contracts/phases.ts';
import type { CallOutline, StepOutline, StepResult, StepRound } from '../../contracts/workflow.ts';
import { model, store } from '../proxies.ts';
import { errorCodeOf, isBudgetCode } from './failures.ts';
import { trackInFlight, type Job } from './job.ts';
import { createLoopBreaker, type LoopBreaker } from './loop-breaker.ts';
import { askHuman } from './questions.ts';
import { askAgain, handleRefusedBudget, healStep, type AttemptFailure, type StepAttempt } from './self-healing.ts';
import { failed, skipped } from './step-graph.ts';
import { runCalls } from './tool-calls.ts';

/** Attempts at one step, a human's retries included. */
const MAX_ATTEMPTS = 12;
/** Turns of the model within one attempt; the last one has to answer with what is known. */
const MAX_ROUNDS = 16;
const DONE: StepResult = { status: 'done' };

/** Runs one step to its end: its condition, its question or its work, healed within bounds when it fails. */
export async function runStep(job: Job, step: StepOutline): Promise<StepResult> {
  if (step.conditional) {
    const { verdict } = await store.evaluateStepCondition.executeWithOptions({ summary: `Condition of ${step.id}` }, [
      { ...job.target, step: step.id },
    ]);
    if (verdict === 'broken') return failed('condition_broken');
    if (verdict === 'no') return skipped('condition_false');
  }
  return step.kind === 'approval' ? runApprovalStep(job, step) : runAgentStep(job, step);
}

async function runApprovalStep(job: Job, step: StepOutline): Promise<StepResult> {
  const answer = await askHuman(job, { kind: 'step', step: step.id });
  if (answer === 'withdrawn') return skipped('stopped');
  if (answer === 'expired') return failed('not_approved');
  await store.completeApprovalStep({ ...job.target, step: step.id });
  return DONE;
}

async function runAgentStep(job: Job, step: StepOutline): Promise<StepResult> {
  const breaker = createLoopBreaker();
  const messages: string[] = [];
  let next: StepAttempt = { number: 0, agent: step.agent ?? 'general' };
  for (let attempts = 1; attempts <= MAX_ATTEMPTS; attempts++) {
    // An attempt that failed may not have passed on what it was given.
    messages.push(...(await job.steering.consumeMessages()));
    // Said before it began, and only now known to count.
    if (attempts === 1 && job.steering.isStopped() && patched('stopped-before-it-began')) return skipped('stopped');
    const failure = await runAttempt(job, step, next, messages, breaker);
    if (!failure) return DONE;
    if ('status' in failure) return failure;
    const { code } = failure;
    if (job.routed.mode === 'fallback' && !job.progress.isPlanned && !isBudgetCode(code)) return failed(code);
    const loop = breaker.record(`${next.agent}:${next.tier ?? ''}:${next.number}`);
    const after = loop
      ? await askAgain(job, step, next, { kind: 'loop', evidence: [loop, code] }, 'loop_broken')
      : isBudgetCode(code)
        ? await handleRefusedBudget(job, step, next, failure)
        : await healStep(job, step, next, failure);
    if (loop) breaker.reset();
    if ('status' in after) return after;
    next = after;
  }
  return failed('loop_broken');
}

/** One attempt: rounds of the agent's model, each followed by the calls it wants made, until it has answered. */
async function runAttempt(
  job: Job,
  step: StepOutline,
  attempt: StepAttempt,
  messages: string[],
  breaker: LoopBreaker,
): Promise<AttemptFailure | StepResult | undefined> {
  for (let round = 1; ; round++) {
    const turn = await runRound(job, step, attempt, messages, round);
    if (!turn || 'code' in turn) return turn;
    // Without calls the next round goes on with an answer that was cut off.
    if (turn.calls.length > 0) {
      const loop = breaker.record(turn.calls.map(({ signature }) => signature).join(' '), `${attempt.number}:${round}`);
      if (loop) breaker.reset();
      const loopEnd = loop && (await askAboutLoop(job, step, turn.calls, loop));
      const end = loopEnd ?? (await runCalls(job, step.id, turn.calls));
      if (end) return end;
      job.progress.hasCalledTools = true;
    }
    messages.push(...(await job.steering.consumeMessages()));
  }
}

/** What the agent wants called, undefined when it has answered, or why it could not. */
async function runRound(
  job: Job,
  step: StepOutline,
  { number, agent, tier }: StepAttempt,
  messages: readonly string[],
  round: number,
): Promise<StepRound | AttemptFailure | undefined> {
  const name = step.id === agent ? agentName(agent) : `${step.id} (${agentName(agent)})`;
  try {
    const call = model.runAgent.executeWithOptions(
      {
        summary: round > 1 ? `${name} goes on (${round})` : `${name} answers`,
        scheduleToCloseTimeout: job.routed.maxExecutionMs,
      },
      [
        {
          ...job.target,
          agent,
          withEarlierAnswers: step.runs === 'after_all' || (step.needs.length > 0 && step.runs === 'after_success'),
          step: step.id,
          attempt: number,
          steering: [...messages],
          ...(tier && { tier }),
          ...(round > 1 && { round }),
          ...((round >= MAX_ROUNDS || job.steering.isStopped()) && { last: true }),
        },
      ],
    );
    // What is undefined arrives as null.
    return (await trackInFlight(job, call)) ?? undefined;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { code: errorCodeOf(error), error };
  } finally {
    job.changed();
  }
}

/** The same calls again and again are shown to a human before the next one. */
async function askAboutLoop(
  job: Job,
  step: StepOutline,
  calls: readonly CallOutline[],
  loop: string,
): Promise<StepResult | undefined> {
  const answer = await askHuman(job, { kind: 'loop', evidence: [loop], step: step.id });
  if (answer === 'retry') return undefined;
  await store.closeCalls({ ...job.target, calls: calls.map(({ id }) => id), as: 'cancelled' });
  if (answer === 'skip') return skipped('skipped_by_person');
  if (answer === 'stop') job.steering.stop();
  return answer === 'stop' || answer === 'withdrawn' ? skipped('stopped') : failed('loop_broken');
}
