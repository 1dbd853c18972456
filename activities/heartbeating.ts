import { Context } from '@temporalio/activity';
import type { Attempt } from '../domain/attempt.ts';

const BEAT_MS = 3_000;
/** While a stop is on its way. */
const HURRIED_BEAT_MS = 150;
/** A stop that has not arrived by then comes with the usual beat. */
const HURRY_MS = 5_000;

/** What this process works on, by workflow: how to look for a stop at once. */
const running = new Map<string, Set<() => void>>();

/** Looks for a stop of a workflow's activities at once: it travels on a heartbeat's answer, and beats are seconds apart. */
export const hurryStop = (workflowId: string): void => running.get(workflowId)?.forEach((hurry) => hurry());

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
  const leave = expectStop(context);
  try {
    return await work(currentAttempt());
  } finally {
    clearInterval(timer);
    leave();
  }
}

/** Beats quickly once a stop is told of, until it is there. Answers how to stop expecting it. */
function expectStop(context: Context): () => void {
  const { info, cancellationSignal } = context;
  const workflowId = info.workflowExecution?.workflowId ?? '';
  let beats: NodeJS.Timeout | undefined;
  const rest = () => clearInterval(beats);
  const hurry = () => {
    rest();
    const until = Date.now() + HURRY_MS;
    beats = setInterval(() => {
      if (cancellationSignal.aborted || Date.now() > until) rest();
      else context.heartbeat();
    }, HURRIED_BEAT_MS);
  };
  const ours = running.get(workflowId) ?? new Set();
  running.set(workflowId, ours.add(hurry));
  return () => {
    rest();
    ours.delete(hurry);
    if (ours.size === 0 && running.get(workflowId) === ours) running.delete(workflowId);
  };
}
