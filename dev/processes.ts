import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { SYSTEM_ENV } from './child-env.ts';
import { until } from './until.ts';

/** `/proc` says it all on Linux; elsewhere `ps` does. */
const ps = (pid: number, field: string): string | undefined => {
  try {
    return execFileSync('ps', ['-p', String(pid), '-o', `${field}=`], {
      encoding: 'utf8',
      stdio: 'pipe',
      env: SYSTEM_ENV,
    }).trim();
  } catch {
    return undefined;
  }
};

const proc = (path: string): string | undefined => {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return undefined;
  }
};

/**
 * What tells this process from any later one that gets the same pid: when it began, in which boot.
 * Undefined when no such process lives; one that ended and waits for its parent to notice does not live.
 */
export function processMark(pid: number): string | undefined {
  if (process.platform !== 'linux') return ps(pid, 'lstart') || undefined;
  // The name in parentheses may contain spaces, so the fields are counted from its end: state is the first.
  const fields = proc(`${pid}/stat`)
    ?.replace(/^.*\) /s, '')
    .split(' ');
  if (!fields || fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return `${proc('sys/kernel/random/boot_id')?.trim() ?? ''}:${fields[19]}`;
}

/** The command line of a living process. */
export const commandOf = (pid: number): string | undefined =>
  process.platform === 'linux' ? proc(`${pid}/cmdline`)?.replaceAll('\0', ' ').trim() : ps(pid, 'command');

/** Signals a process and, with a negative pid, its group; one that is gone already is fine. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

interface EndOptions {
  readonly pid: number;
  readonly signal: NodeJS.Signals;
  readonly graceMs: number;
}

/** Asks a process that leads its own group to end, waits, and kills the group if it does not. */
export async function endProcess({ pid, signal, graceMs }: EndOptions): Promise<void> {
  const mark = processMark(pid);
  if (!mark) return;
  const isGone = () => processMark(pid) !== mark;
  signalProcess(pid, signal);
  if (await until(isGone, { withinMs: graceMs })) return;
  signalProcess(-pid, 'SIGKILL');
  signalProcess(pid, 'SIGKILL');
  await until(isGone, { withinMs: 5_000 });
}
