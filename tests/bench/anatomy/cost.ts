import { playFreely } from '../../support/anatomy/anatomy.ts';
import type { Subject } from '../../support/anatomy/subject.ts';
import { childrenOf, commandOf, cpuMsOf, familyCpuMsOf } from '../processes.ts';
import { median } from '../statistics.ts';
import { readTemporalRequests, requestsBetween, type TemporalRequests } from './temporal-requests.ts';

/** Processor time by process, ms. */
export interface CpuByProcess {
  readonly temporal: number;
  readonly worker: number;
  readonly api: number;
  readonly postgres: number;
}

export interface Cost {
  readonly latencyMs: number;
  readonly cpu: CpuByProcess;
  /** Requests to Temporal by what they ask, without polls. */
  readonly temporal: TemporalRequests;
}

const COMMANDS = { temporal: 'start-dev', worker: 'workers/main.ts', api: 'api/main.ts' } as const;

/** Reads the clocks of the subject's processes, which are our own children. */
export function createCpuClock(postgresPid: number): () => CpuByProcess {
  const children = childrenOf(process.pid);
  const pidOf = (command: string): number => {
    const pid = children.find((child) => commandOf(child).includes(command));
    if (pid === undefined) throw new Error(`No ${command} runs.`);
    return pid;
  };
  const pids = {
    temporal: pidOf(COMMANDS.temporal),
    worker: pidOf(COMMANDS.worker),
    api: pidOf(COMMANDS.api),
  };
  return () => ({
    temporal: cpuMsOf(pids.temporal),
    worker: cpuMsOf(pids.worker),
    api: cpuMsOf(pids.api),
    postgres: familyCpuMsOf(postgresPid),
  });
}

export const cpuBetween = (before: CpuByProcess, after: CpuByProcess, share = 1): CpuByProcess => ({
  temporal: (after.temporal - before.temporal) / share,
  worker: (after.worker - before.worker) / share,
  api: (after.api - before.api) / share,
  postgres: (after.postgres - before.postgres) / share,
});

interface Measured {
  readonly count: number;
  readonly readCpu: () => CpuByProcess;
  readonly metricsPort: number;
}

/** Requests one after the other, each as fast as it goes: how long one takes, and what it costs each process. */
export async function measureCost(
  subject: Subject,
  kind: string,
  { count, readCpu, metricsPort }: Measured,
): Promise<Cost> {
  const [latencies, jobs]: [number[], string[]] = [[], []];
  const temporalBefore = await readTemporalRequests(metricsPort);
  const before = readCpu();
  for (let nth = 0; nth < count; nth++) {
    const start = performance.now();
    const jobId = await playFreely(subject, kind);
    latencies.push(performance.now() - start);
    jobs.push(jobId);
  }
  await subject.settled(jobs.at(-1) ?? '');
  const cpu = cpuBetween(before, readCpu(), count);
  const temporal = requestsBetween(temporalBefore, await readTemporalRequests(metricsPort), count);
  // None of them goes on beside what is looked at next.
  for (const jobId of jobs) await subject.settled(jobId);
  return { latencyMs: median(latencies), cpu, temporal };
}
