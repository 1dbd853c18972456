import type { Measure } from '../bench.ts';
import { pause } from '../clock.ts';
import { inTurn } from '../client/callers.ts';
import { follow } from '../client/follower.ts';
import { approve, ask } from '../client/rest.ts';
import { residentMbOf } from '../processes.ts';
import { mb, perSecond } from '../report/row.ts';
import { FULL } from '../size.ts';
import { makeTenant } from '../stage/tenant.ts';

const WARM_UP = 20;
const SETTLE_MS = 3_000;
const ASKING = 30;
const APPROVING = 50;

/** Requests that wait for a person, on a stage of their own: what they hold, and how fast they go on. */
export const approvals: Measure = async ({ size, freshStage }) => {
  const stage = await freshStage();
  try {
    const tenant = await makeTenant(stage);
    const follower = await follow(stage, tenant);
    const waiting = async () => {
      const jobId = await ask(stage, tenant, { agents: ['general'], requireApproval: true });
      await follower.event(jobId, ['approval_requested']);
      return jobId;
    };
    const all = async (count: number) => {
      const jobs: string[] = [];
      const { errors } = await inTurn(count, ASKING, async () => jobs.push(await waiting()));
      if (errors.length > 0) throw new Error(errors[0]);
      return jobs;
    };
    const release = async (jobs: string[]) => {
      const left = [...jobs];
      const load = await inTurn(jobs.length, APPROVING, () => approve(stage, tenant, left.pop() ?? ''));
      if (load.errors.length > 0) throw new Error(`${load.errors.length} approvals failed: ${load.errors[0]}`);
      const start = performance.now();
      await Promise.all(jobs.map((jobId) => follower.completed(jobId)));
      return { ...load, wholeMs: load.elapsedMs + performance.now() - start };
    };
    const read = async () => {
      await pause(SETTLE_MS);
      const { worker, temporal } = stage.processes;
      return { worker: residentMbOf(worker.pid), server: residentMbOf(temporal.pid) };
    };
    await release(await all(WARM_UP));
    const idle = await read();
    const jobs = await all(size.approvals);
    const held = await read();
    const released = await release(jobs);
    follower.close();
    const figures = { idle, held, released: { ...released, latenciesMs: undefined } };
    const ended = (released.latenciesMs.length / released.wholeMs) * 1_000;
    const grown = { worker: held.worker - idle.worker, server: held.server - idle.server };
    const fewer = size.approvals === FULL.approvals ? '' : `; only ${size.approvals} here`;
    return [
      {
        goal: '1,000 waiting approvals: worker ≤ 60 MB above idle',
        reference: '39 MB bare',
        measured: mb(grown.worker),
        value: grown.worker,
        bound: { atMost: 60 },
        note: `idle ${mb(idle.worker)}${fewer}`,
        figures,
      },
      {
        goal: '1,000 waiting approvals: server ≤ 110 MB above idle',
        reference: '104 MB bare',
        measured: mb(grown.server),
        value: grown.server,
        bound: { atMost: 110 },
        note: `idle ${mb(idle.server)}${fewer}`,
      },
      {
        goal: 'release over REST ≥ 60/s',
        reference: '74/s bare',
        measured: perSecond(released.perSecond),
        value: released.perSecond,
        bound: { atLeast: 60 },
        note: `${perSecond(ended)} until the released work has ended too`,
      },
    ];
  } finally {
    await stage.close();
  }
};
