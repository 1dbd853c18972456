import { anyFreePort } from '../../../dev/ports.ts';
import { dissect, playFreely } from '../../support/anatomy/anatomy.ts';
import { KINDS } from '../../support/anatomy/kinds.ts';
import { openSubject } from '../../support/anatomy/subject.ts';
import { endWithBench } from '../stage/children.ts';
import type { Servers } from '../stage/servers.ts';
import { createCpuClock, measureCost } from './cost.ts';
import { measureIdle } from './idle.ts';
import { printAnatomy, type Dissected } from './print.ts';

const FULL = { requests: 40, idleSeconds: 60 };
const QUICK = { requests: 8, idleSeconds: 15 };
/** A process is slow at first. */
const WARM_UP = 3;

interface AnatomyOptions {
  readonly servers: Servers;
  readonly quick: boolean;
  readonly tell: (line: string) => void;
}

/** Looks into one request of each kind, and has many of them paid for in processor time. */
export async function anatomy({ servers, quick, tell }: AnatomyOptions): Promise<string> {
  const { requests, idleSeconds } = quick ? QUICK : FULL;
  // As `npm start` runs them, and Temporal as in every other measure.
  const env = { NODE_OPTIONS: '--no-enable-source-maps', NUBABEL_WORKFLOW_BUNDLE: servers.bundlePath };
  const metricsPort = await anyFreePort();
  const subject = await openSubject({ env, temporal: { inMemory: true, metricsPort } });
  const close = endWithBench(subject.close);
  try {
    const readCpu = createCpuClock(servers.postgres.pid);
    for (const kind of Object.keys(KINDS)) for (let nth = 0; nth < WARM_UP; nth++) await playFreely(subject, kind);
    const all: Dissected[] = [];
    for (const kind of Object.keys(KINDS)) {
      tell(`${kind} …`);
      const looked = await dissect(subject, kind);
      all.push({ anatomy: looked, cost: await measureCost(subject, kind, { count: requests, readCpu, metricsPort }) });
    }
    tell('idle …');
    return printAnatomy(all, await measureIdle(subject, idleSeconds, readCpu));
  } finally {
    await close();
  }
}
