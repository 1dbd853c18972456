import { rmSync } from 'node:fs';
import { createOnce, removeStale } from '../lock-file.ts';
import { processMark } from '../processes.ts';
import type { PrintLine } from '../terminal.ts';
import { StartError } from '../start-error.ts';
import { until } from '../until.ts';

interface LockOptions {
  readonly print: PrintLine;
  readonly signal?: AbortSignal;
}

const MAX_WAIT_MS = 3_600_000;

/**
 * Holds the right to make a file while the work runs. A second process waits and is told so; a lock whose holder has
 * died is removed.
 */
export async function withLock<T>(target: string, { print, signal }: LockOptions, work: () => Promise<T>): Promise<T> {
  const lock = `${target}.lock`;
  const tryLock = () => {
    if (createOnce(lock, `${process.pid} ${processMark(process.pid)}`)) return true;
    // An empty one, which nobody could write today, is of a holder that has died.
    removeStale(lock, (content) => {
      const [pid = '0', ...mark] = content.split(' ');
      return processMark(Number(pid)) !== mark.join(' ');
    });
    return false;
  };
  if (!(await until(tryLock, { withinMs: 300, signal }))) {
    print("  Another start is fetching or building Temporal's server; waiting for it.");
    if (!(await until(tryLock, { withinMs: MAX_WAIT_MS, everyMs: 500, signal })))
      throw new StartError('The start was stopped.');
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}
