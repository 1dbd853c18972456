/**
 * Milliseconds that this thread has worked, for bounds on what a computation costs: unlike the clock on the wall it does
 * not count what else a busy machine was doing.
 */
export function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
