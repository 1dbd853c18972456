import { cpus, loadavg, totalmem, platform, release } from 'node:os';

/** Where and when: absolute figures hold only beside each other on one machine. */
export const machineFacts = () => ({
  cpus: cpus().length,
  cpuModel: cpus()[0]?.model ?? 'unknown',
  memoryMb: Math.round(totalmem() / 1024 / 1024),
  os: `${platform()} ${release()}`,
  node: process.version,
  loadBefore: loadavg().map((value) => Number(value.toFixed(2))),
  date: new Date().toISOString(),
});
