import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { processMark } from './processes.ts';
import { StartError } from './start-error.ts';
import type { PrintLine } from './terminal.ts';
import { until } from './until.ts';

/** Nobody needs longer to look at a lock and to remove it, ms. */
const MAX_REMOVAL_MS = 5_000;

/** Makes a file that appears whole or not at all; of two who try, one is told `true`. */
export function createOnce(file: string, content: string): boolean {
  const beside = `${file}.${process.pid}`;
  writeFileSync(beside, content, { mode: 0o600 });
  try {
    linkSync(beside, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(beside, { force: true });
  }
}

/**
 * Removes a lock that `isStale` takes for one of a dead holder. Judged and removed by one at a time: whoever has judged
 * the old one would otherwise remove the new one that another has made meanwhile.
 */
export function removeStale(file: string, isStale: (content: string) => boolean): void {
  const removing = `${file}.removing`;
  if (!createOnce(removing, String(process.pid))) {
    const since = statSync(removing, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    // Killed in the midst of it.
    if (Date.now() - since > MAX_REMOVAL_MS) rmSync(removing, { force: true });
    return;
  }
  try {
    if (isStale(readFileSync(file, 'utf8'))) rmSync(file, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  } finally {
    rmSync(removing, { force: true });
  }
}

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
