import type { Bare } from './bare/bare.ts';
import { cpuMsOf, familyCpuMsOf } from './processes.ts';
import type { Stage } from './stage/stage.ts';

/** Processor time of every process that takes part, ms. */
export interface Cpu {
  readonly temporal: number;
  readonly api: number;
  readonly worker: number;
  readonly postgres: number;
  /** The model's and Slack's: not ours. */
  readonly fakes: number;
  readonly bareWorker: number;
  readonly bareClient: number;
}

const readCpu = ({ processes }: Stage, bare?: Bare): Cpu => ({
  temporal: cpuMsOf(processes.temporal.pid),
  api: cpuMsOf(processes.api.pid),
  worker: cpuMsOf(processes.worker.pid),
  postgres: familyCpuMsOf(processes.postgres.pid),
  fakes: cpuMsOf(processes.model.pid) + cpuMsOf(processes.slack.pid),
  bareWorker: bare ? cpuMsOf(bare.worker.pid) : 0,
  bareClient: bare ? cpuMsOf(bare.client.pid) : 0,
});

/** What a piece of work costs per request. */
export async function cpuPerRequest<T>(
  { stage, bare, requests }: { stage: Stage; bare?: Bare; requests: number },
  work: () => Promise<T>,
): Promise<{ result: T; cpu: Cpu }> {
  const before = readCpu(stage, bare);
  const result = await work();
  const after = readCpu(stage, bare);
  const names = Object.keys(before) as (keyof Cpu)[];
  const cpu = Object.fromEntries(
    names.map((name) => [name, (after[name] - before[name]) / requests]),
  ) as unknown as Cpu;
  return { result, cpu };
}

/** Temporal and our own processes, as the goals count. */
export const serverAndApp = ({ temporal, api, worker }: Cpu): number => temporal + api + worker;
export const serverAndBare = ({ temporal, bareWorker, bareClient }: Cpu): number => temporal + bareWorker + bareClient;
