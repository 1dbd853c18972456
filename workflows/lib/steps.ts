import { isCancellation, patched } from '@temporalio/workflow';
import { AGENT_NAMES, type ErrorCode } from '../../contracts/texts.ts';
import type { CallOutline, StepOutline, StepRound } from '../../contracts/workflow.ts';
import { model, store } from '../proxies.ts';
import type { StepResult } from './step-graph.ts';
import { errorCodeOf, isBudgetCode } from './failures.ts';
import { trackInFlight, type Job } from './job.ts';
import { openLoopBreaker, type LoopBreaker } from './loop-breaker.ts';
import { askHuman } from './questions.ts';
import { makeCalls } from './tool-calls.ts';
import { afterRefusedBudget, askAgain, failed, healStep, skipped, type Try } from './self-healing.ts';

/** Tries of one step, a human's retries included. */
const MAX_TRIES = 12;
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
  return step.kind === 'approval' ? askAbout(job, step) : workOn(job, step);
}

async function askAbout(job: Job, step: StepOutline): Promise<StepResult> {
  const answer = await askHuman(job, { kind: 'step', step: step.id });
  if (answer === 'withdrawn') return skipped('stopped');
  if (answer === 'expired') return failed('not_approved');
  await store.completeApprovalStep({ ...job.target, step: step.id });
  return DONE;
}

async function workOn(job: Job, step: StepOutline): Promise<StepResult> {
  const breaker = openLoopBreaker();
  let next: Try = { nth: 0, agent: step.agent ?? 'general' };
  const words: string[] = [];
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    // A try that failed may not have passed them on.
    words.push(...job.steering.takeWords());
    const failure = await tryOnce(job, step, next, words, breaker);
    if (!failure) return DONE;
    if ('status' in failure) return failure;
    const { code } = failure;
    if (job.routed.mode === 'fallback' && !job.planned && !isBudgetCode(code)) return failed(code);
    if (!patched('healing')) return failed(code);
    const loop = breaker.saw(`${next.agent}:${next.tier ?? ''}:${next.nth}`);
    const after = loop
      ? await askAgain(job, step, next, { kind: 'loop', evidence: [loop, code] }, 'loop_broken')
      : isBudgetCode(code)
        ? await afterRefusedBudget(job, step, next, failure)
        : await healStep(job, step, next, failure);
    if (loop) breaker.reset();
    if ('status' in after) return after;
    next = after;
  }
  return failed('loop_broken');
}

/** One try: rounds of the agent's model, each followed by the calls it wants made, until it has answered. */
async function tryOnce(
  job: Job,
  step: StepOutline,
  next: Try,
  words: string[],
  breaker: LoopBreaker,
): Promise<{ code: ErrorCode; error: unknown } | StepResult | undefined> {
  for (let round = 1; ; round++) {
    const said = await oneRound(job, step, next, words, round);
    if (!said || 'code' in said) return said;
    const loop = breaker.saw(said.calls.map(({ signature }) => signature).join(' '), `${next.nth}:${round}`);
    if (loop) breaker.reset();
    const circles = loop && (await askAboutCircles(job, step, said.calls, loop));
    const end = circles ?? (await makeCalls(job, step.id, said.calls));
    if (end) return end;
    job.hasCalled = true;
    words.push(...job.steering.takeWords());
  }
}

/** The last round has to answer with what is known. */
const MAX_ROUNDS = 16;

async function oneRound(
  job: Job,
  step: StepOutline,
  { nth, agent, tier }: Try,
  words: readonly string[],
  round: number,
): Promise<StepRound | { code: ErrorCode; error: unknown } | undefined> {
  const name = step.id === agent ? AGENT_NAMES[agent] : `${step.id} (${AGENT_NAMES[agent]})`;
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
          attempt: nth,
          steering: [...words],
          ...(tier && { tier }),
          ...(round > 1 && { round }),
          ...((round >= MAX_ROUNDS || job.steering.stopped()) && { last: true }),
        },
      ],
    );
    // Histories from before tools have nothing here.
    return (await trackInFlight(job, call)) ?? undefined;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { code: errorCodeOf(error), error };
  } finally {
    job.changed();
  }
}

/** The same calls again and again are shown to a human before the next one. */
async function askAboutCircles(
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
