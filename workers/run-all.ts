import type { Worker } from '@temporalio/worker';

/** The workers of one process, running. */
export interface RunningWorkers {
  /** Asks all of them to finish what they hold. Safe to repeat. */
  stop(): void;
  /** Resolves when all have ended; rejects with the first failure, after the others were stopped as well. */
  readonly ended: Promise<void>;
}

/** Runs workers side by side: they stop together, whoever begins. */
export function runAll(workers: readonly Worker[]): RunningWorkers {
  const stop = () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const run = async () => {
    const ends = await Promise.allSettled(workers.map((worker) => worker.run().finally(stop)));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed) throw failed.reason;
  };
  return { stop, ended: run() };
}
