import { readdirSync, readFileSync } from 'node:fs';

/** The kernel counts processor time in hundredths of a second. */
const TICK_MS = 10;

/** The fields of `/proc/<pid>/stat` behind the name; empty when the process is gone. */
function statOf(pid: number): number[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
  } catch {
    return [];
  }
}

const [PARENT, USER, SYSTEM, REAPED_USER, REAPED_SYSTEM] = [1, 11, 12, 13, 14] as const;

/** Processor time a process has used, ms. */
export function cpuMsOf(pid: number): number {
  const stat = statOf(pid);
  return ((stat[USER] ?? 0) + (stat[SYSTEM] ?? 0)) * TICK_MS;
}

export const childrenOf = (pid: number): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((each) => each > 0 && statOf(each)[PARENT] === pid);

/** As `cpuMsOf`, with the children, also those that have ended: for Postgres, which has a process per connection. */
export function familyCpuMsOf(pid: number): number {
  const stat = statOf(pid);
  const reaped = ((stat[REAPED_USER] ?? 0) + (stat[REAPED_SYSTEM] ?? 0)) * TICK_MS;
  return cpuMsOf(pid) + reaped + childrenOf(pid).reduce((total, child) => total + cpuMsOf(child), 0);
}

/** Resident memory of a process, MB of 1024 × 1024 bytes. */
export function residentMbOf(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}

export const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
};
