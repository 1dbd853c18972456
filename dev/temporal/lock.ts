import { readFileSync, rmSync, writeFileSync } from 'node:fs';
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
    if (createLock(lock)) return true;
    const [pid = '0', ...mark] = readFileSync(lock, 'utf8').split(' ');
    if (pid && processMark(Number(pid)) !== mark.join(' ')) rmSync(lock, { force: true });
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

function createLock(lock: string): boolean {
  try {
    writeFileSync(lock, `${process.pid} ${processMark(process.pid)}`, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
