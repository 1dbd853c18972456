import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { commandOf, endProcess, processMark, signalProcess } from '../processes.ts';
import { until } from '../until.ts';

/**
 * Clears the way after a kill: a server of ours that still runs on this data is asked to end, its orphaned backends
 * (they hold the shared memory that a new server needs) are ended, a pid file naming somebody else is removed.
 */
export async function clearLeftover(folder: string): Promise<void> {
  const pidFile = join(folder, 'postmaster.pid');
  const pid = readPid(pidFile);
  if (pid === undefined) return;
  if (commandOf(pid)?.includes(folder)) await endProcess({ pid, signal: 'SIGINT', graceMs: 10_000 });
  const isGone = () => orphansOf(folder).length === 0;
  if (!(await until(isGone, { withinMs: 2_000 }))) {
    for (const orphan of orphansOf(folder)) signalProcess(orphan, 'SIGKILL');
    await until(isGone, { withinMs: 5_000 });
  }
  rmSync(pidFile, { force: true });
}

function readPid(pidFile: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(pidFile, 'utf8'), 10) || undefined;
  } catch {
    return undefined;
  }
}

/** Every process of a Postgres server works in its data folder. Only Linux tells us; elsewhere they end by themselves. */
function orphansOf(folder: string): number[] {
  if (process.platform !== 'linux') return [];
  const pids = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid);
  return pids.filter((pid) => {
    try {
      return (
        readlinkSync(`/proc/${pid}/cwd`) === folder &&
        nameOf(pid).startsWith('postgres') &&
        processMark(pid) !== undefined
      );
    } catch {
      return false;
    }
  });
}

const nameOf = (pid: number): string => readFileSync(`/proc/${pid}/comm`, 'utf8');
