/**
 * Loaded into every thread of a worker process by `node --import`. In the threads that run workflows it leaves out two
 * things that Temporal's SDK does whatever one wants, and that were a fifth of a worker's processor time:
 *
 * - a stack trace for each promise, of which only the query `__stack_trace` reads; the SDK does without where Node has no
 *   promise hooks (`workflow/vm-shared.js` of @temporalio/worker), so it is told that there are none;
 * - a system thread with a timer around each call into a workflow, which would end one that never comes back. As long as
 *   the process watches over its threads (`workflow-watch.ts`), calls go without it.
 *
 * Plain JavaScript: it is there before anything else, and in each thread.
 */
import v8 from 'node:v8';
import vm from 'node:vm';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';

/** As in `workflow-watch.ts`. */
const CHANNEL = 'nubabel:workflow-threads';
const BEATS = 0;
const IS_WATCHED = 1;

if (!isMainThread && process.argv[1]?.endsWith('workflow-worker-thread.js')) {
  v8.promiseHooks.createHook = () => {
    muteOnce(console);
    throw new Error('Left out on purpose: see workflow-thread.mjs.');
  };
  leaveOutTimers(announce());
}

/**
 * The SDK would write that Node has no promise hooks.
 * @param {Console} out
 */
function muteOnce(out) {
  const { warn } = out;
  out.warn = () => void (out.warn = warn);
}

/** Tells the main thread where to see that calls begin and end. */
function announce() {
  const state = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(state);
  channel.close();
  return state;
}

/** @param {Int32Array} state */
function leaveOutTimers(state) {
  const run = vm.Script.prototype.runInContext;
  /** The runs by what the SDK calls their scope. @type {WeakMap<object, string>} */
  const runs = new WeakMap();
  /** Runs that did not come back in time: each of their calls gets its timer. @type {Set<string>} */
  const suspects = new Set();
  vm.Script.prototype.runInContext = function runInContext(context, options) {
    const call = context.__temporal_args;
    if (!Array.isArray(call)) return run.call(this, context, options);
    const [scope, method, args] = call;
    if (method === 'initRuntime') runs.set(scope, args[0].info.runId);
    const runId = runs.get(scope);
    const isFree = Atomics.load(state, IS_WATCHED) === 1 && runId !== undefined && !suspects.has(runId);
    Atomics.add(state, BEATS, 1);
    try {
      return run.call(this, context, isFree ? { displayErrors: true } : options);
    } catch (error) {
      if (error?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' && runId !== undefined) suspects.add(runId);
      throw error;
    } finally {
      Atomics.add(state, BEATS, 1);
    }
  };
}
