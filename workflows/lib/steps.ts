import { isCancellation, patched } from '@temporalio/workflow';
import { AGENT_NAMES, type ErrorCode } from '../../contracts/texts.ts';
import type { StepOutline } from '../../contracts/workflow.ts';
import { model, store } from '../proxies.ts';
import type { StepResult } from './course.ts';
import { errorCodeOf, isBudgetCode } from './failures.ts';
import { underWay, type Job } from './job.ts';
import { openLoopBreaker } from './loop-breaker.ts';
import { askHuman } from './questions.ts';
import { afterRefusedBudget, askAgain, failed, heal, skipped, type Try } from './trouble.ts';

/** Tries of one step, a human's retries included. */
const MOST_TRIES = 12;
const DONE: StepResult = { status: 'done' };

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
  if (answer === 'withdrawn') return skipped('stopped');
  if (answer === 'expired') return failed('not_approved');
  await store.endApprovalStep({ ...job.target, step: step.id });
  return DONE;
}

async function workOn(job: Job, step: StepOutline): Promise<StepResult> {
  const breaker = openLoopBreaker();
  let next: Try = { nth: 0, agent: step.agent ?? 'general' };
  const words: string[] = [];
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    // A try that failed may not have passed them on.
    words.push(...job.steering.takeWords());
    const failure = await tryOnce(job, step, next, words);
    if (!failure) return DONE;
    const { code } = failure;
    if (job.routed.mode === 'fallback' && !job.planned && !isBudgetCode(code)) return failed(code);
    if (!patched('healing')) return failed(code);
    const loop = breaker.saw(`${next.agent}:${next.tier ?? ''}:${next.nth}`);
    const after = loop
      ? await askAgain(job, step, next, { kind: 'loop', evidence: [loop, code] }, 'loop_broken')
      : isBudgetCode(code)
        ? await afterRefusedBudget(job, step, next, failure)
        : await heal(job, step, next, failure);
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
  words: readonly string[],
): Promise<{ code: ErrorCode; error: unknown } | undefined> {
  try {
    const call = model.runAgent.executeWithOptions(
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
          steering: [...words],
          ...(tier && { tier }),
        },
      ],
    );
    await underWay(job, call);
    return undefined;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { code: errorCodeOf(error), error };
  } finally {
    job.changed();
  }
}
