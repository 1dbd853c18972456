import { BroadcastChannel } from 'node:worker_threads';

/** As in `workflow-thread.mjs`. */
const CHANNEL = 'nubabel:workflow-threads';
/** Grows by one when a call into a workflow begins and when it ends, so that it is odd while one runs. */
const BEATS = 0;
/** 1: calls go without a timer of their own. */
const IS_WATCHED = 1;

const LOOKED_AT_EVERY_MS = 500;

interface WatchOptions {
  /** A call that runs for so long, ms of looking and not of the clock, never comes back; longer than the SDK's 5 s. */
  readonly stuckMs?: number;
  /**
   * For so long, ms after a thread's start, each call keeps its timer: a workflow that ended the process before is known
   * by then, since Temporal gives it out again within ten seconds.
   */
  readonly guardedMs?: number;
  /** Ends the process: nothing else ends a thread that never comes back. */
  readonly onStuck: () => void;
}

/**
 * Watches over the threads that run workflows, in place of the timer around each of their calls. Call it before they are
 * made. The first call of a workflow that never comes back costs the process; whoever replaces it finds out which
 * workflow it was, and fails its task from then on, as the SDK does by itself.
 * @returns what ends the watch
 */
export function watchWorkflowThreads({ stuckMs = 30_000, guardedMs = 30_000, onStuck }: WatchOptions): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  const ends: (() => void)[] = [() => channel.close()];
  channel.addEventListener('message', (message) => {
    const { data } = message as MessageEvent<unknown>;
    if (data instanceof Int32Array) ends.push(watchThread(data, { stuckMs, guardedMs, onStuck }));
  });
  channel.unref();
  return () => ends.forEach((end) => end());
}

/** A busy or suspended machine holds up whoever looks as much as whoever is looked at, so looks are counted. */
function watchThread(state: Int32Array, { stuckMs, guardedMs, onStuck }: Required<WatchOptions>): () => void {
  let seen = 0;
  let looks = 0;
  const looking = setInterval(() => {
    const beats = Atomics.load(state, BEATS);
    looks = beats === seen && beats % 2 !== 0 ? looks + 1 : 0;
    seen = beats;
    if (looks * LOOKED_AT_EVERY_MS < stuckMs) return;
    clearInterval(looking);
    onStuck();
  }, LOOKED_AT_EVERY_MS).unref();
  const free = setTimeout(() => Atomics.store(state, IS_WATCHED, 1), guardedMs).unref();
  return () => {
    clearInterval(looking);
    clearTimeout(free);
    Atomics.store(state, IS_WATCHED, 0);
  };
}
