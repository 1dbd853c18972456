import { randomUUID } from 'node:crypto';
import type { RunningChild } from '../../../dev/child.ts';
import { WORKER_ARGS } from '../../../dev/product.ts';
import { until } from '../../../dev/until.ts';
import type { Follower } from '../client/follower.ts';
import { approve, ask, CLEAR } from '../client/rest.ts';
import { cpuMsOf, residentMbOf } from '../processes.ts';
import type { Stage } from '../stage/stage.ts';
import type { Tenant } from '../stage/tenant.ts';
import type { Peer } from './peers.ts';

/** The same job somewhere: three agents asked at once, each call within a budget, the answers merged and kept. */
export interface Side {
  readonly name: string;
  /** Its database on the server of the stage. */
  readonly database: string;
  /** From the request to the whole answer. */
  job(): Promise<void>;
  /** As `job`, with a person who is asked before the agents are, and approves at once. */
  approvedJob(): Promise<void>;
  /** Begins a job whose end nobody waits for yet; answers how to wait for it. */
  begin(): Promise<() => Promise<void>>;
  /** Processor time and resident memory of its own processes by name; Postgres is everybody's. */
  cpuMs(): Readonly<Record<string, number>>;
  memoryMb(): Readonly<Record<string, number>>;
  /** `kill -9` of what does the work. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** A job that was under way when its process was killed ends within so long, or counts as lost. */
const RESUMED_MS = 120_000;

/** The person of the product reads what is asked before answering, because an answer names it. */
export function ourSide(stage: Stage, tenant: Tenant, follower: Follower): Side {
  const { temporal, api } = stage.processes;
  let worker: RunningChild = stage.processes.worker;
  let nth = 0;
  const begin = (requireApproval = false) =>
    ask(stage, tenant, {
      message: `${CLEAR} ${++nth}`,
      agents: ['brand', 'marketing', 'finance'],
      mode: 'parallel',
      plan: 'never',
      requireApproval,
    });
  const ofEach = (figure: (pid: number) => number) => ({
    Temporal: figure(temporal.pid),
    API: figure(api.pid),
    worker: figure(worker.pid),
  });
  return {
    name: 'ours',
    database: new URL(stage.database.adminUrl).pathname.slice(1),
    job: async () => follower.completed(await begin()),
    approvedJob: async () => {
      const jobId = await begin(true);
      await follower.event(jobId, ['approval_requested']);
      await approve(stage, tenant, jobId);
      await follower.completed(jobId);
    },
    begin: async () => {
      const jobId = await begin();
      return async () => {
        const { status } = await follower.event(jobId, ['orchestration_completed', 'orchestration_failed'], RESUMED_MS);
        if (status !== 'completed') throw new Error(`The job ended ${status}.`);
      };
    },
    cpuMs: () => ofEach(cpuMsOf),
    memoryMb: () => ofEach(residentMbOf),
    kill: async () => {
      worker.kill();
      await worker.exited;
    },
    start: async () => {
      worker = await stage.node('worker-again', WORKER_ARGS);
    },
  };
}

/** A peer answers a request when the job has ended or waits for a person. */
export function peerSide(peer: Peer): Side {
  const ended = ({ id, status }: { id: string; status: string }) => {
    if (status !== 'completed') throw new Error(`The job ${id} of ${peer.name} is ${status}.`);
  };
  return {
    name: peer.name,
    database: peer.database,
    job: async () => ended(await peer.post('/jobs', { message: CLEAR })),
    approvedJob: async () => {
      const { id } = await peer.post('/jobs', { message: CLEAR, requireApproval: true });
      ended(await peer.post(`/jobs/${id}/decision`, { approved: true }));
    },
    begin: async () => {
      const id = randomUUID();
      // Its answer is lost with the process; who named the job can ask what became of it.
      peer.post('/jobs', { id, message: CLEAR }).catch(() => undefined);
      return async () => {
        const isCompleted = async () => (await peer.get(`/jobs/${id}`)).status === 'completed';
        if (!(await until(isCompleted, { withinMs: RESUMED_MS }))) throw new Error(`${peer.name} has lost a job.`);
      };
    },
    cpuMs: () => ({ process: cpuMsOf(peer.pid()) }),
    memoryMb: () => ({ process: residentMbOf(peer.pid()) }),
    kill: () => peer.kill(),
    start: () => peer.start(),
  };
}
