import type { Subject } from '../../support/anatomy/subject.ts';
import { pause } from '../clock.ts';
import { cpuBetween, type CpuByProcess } from './cost.ts';

/** What a product costs that nobody asks for anything. */
export interface Idle {
  readonly seconds: number;
  readonly cpuPerMinute: CpuByProcess;
  /** Transactions by process and what they are, a minute. */
  readonly perMinute: Readonly<Record<string, number>>;
}

/** Looks at a product that has nothing to do. */
export async function measureIdle({ meter }: Subject, seconds: number, readCpu: () => CpuByProcess): Promise<Idle> {
  const [mark, before] = [meter.mark(), readCpu()];
  await pause(seconds * 1_000);
  const minutes = seconds / 60;
  const perMinute: Record<string, number> = {};
  for (const { process, statements } of meter.since(mark)) {
    const what = `${process}: ${statements.join('; ')}`;
    perMinute[what] = (perMinute[what] ?? 0) + 1 / minutes;
  }
  return { seconds, cpuPerMinute: cpuBetween(before, readCpu(), minutes), perMinute };
}
