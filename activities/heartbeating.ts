import { Context } from '@temporalio/activity';

const BEAT_MS = 3_000;

/**
 * Runs the work of an activity while it beats, so that a dead worker is noticed within the heartbeat timeout and a
 * cancellation arrives; `signal` aborts what the work waits for.
 */
export async function heartbeating<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(), BEAT_MS);
  try {
    return await work(context.cancellationSignal);
  } finally {
    clearInterval(timer);
  }
}
