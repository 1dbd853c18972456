import { Context } from '@temporalio/activity';
import type { Attempt } from '../domain/attempt.ts';

const BEAT_MS = 3_000;

/** Which try the current activity is. */
function currentAttempt(): Attempt {
  const { info, cancellationSignal: signal } = Context.current();
  return { number: info.attempt, execution: `${info.workflowExecution?.runId}/${info.activityId}`, signal };
}

/**
 * Runs the work of an activity while it heartbeats, so that a dead worker is noticed within the heartbeat timeout and a
 * cancellation arrives; the attempt's signal aborts what the work waits for.
 */
export async function heartbeating<T>(work: (attempt: Attempt) => Promise<T>): Promise<T> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(), BEAT_MS);
  try {
    return await work(currentAttempt());
  } finally {
    clearInterval(timer);
  }
}
