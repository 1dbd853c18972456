import { WORKER_ARGS } from '../../../dev/product.ts';
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { orchestrationWorkflowId, QUEUE, WORKFLOW } from '../../../contracts/queues.ts';
import { until } from '../../../dev/until.ts';
import type { Measure } from '../bench.ts';
import { pause } from '../clock.ts';
import { inTurn } from '../client/callers.ts';
import { follow } from '../client/follower.ts';
import { approve } from '../client/rest.ts';
import { residentMbOf } from '../processes.ts';
import { mb, ms, type Row } from '../report/row.ts';
import type { Stage } from '../stage/stage.ts';
import { makeTenant, type Tenant } from '../stage/tenant.ts';
import { median, percentile } from '../statistics.ts';

const STARTING = 60;
const SETTLE_MS = 3_000;
const ANSWERED = 20;
const WITHIN_MS = 400_000;

/** Ten thousand requests that wait for a person: what they hold, and how long one answer takes, before and after the worker is another one. */
export const waiting: Measure = async ({ size, freshStage, tell }) => {
  const stage = await freshStage();
  const connection = await Connection.connect({ address: stage.temporalAddress });
  try {
    const tenant = await makeTenant(stage);
    const follower = await follow(stage, tenant);
    const read = async (workerPid: number) => {
      await pause(SETTLE_MS);
      return { worker: residentMbOf(workerPid), server: residentMbOf(stage.processes.temporal.pid) };
    };
    const idle = await read(stage.processes.worker.pid);
    const jobs = await acceptMany(stage, tenant, size.waiting);
    const begun = performance.now();
    const client = new Client({ connection });
    const load = await inTurn(jobs.length, STARTING, (nth) => start(client, tenant, jobs[nth] ?? ''));
    if (load.errors.length > 0) throw new Error(load.errors[0]);
    if (!(await until(() => allWait(stage, tenant, size.waiting), { withinMs: WITHIN_MS, everyMs: 1_000 })))
      throw new Error('Not all of them came to wait.');
    const seconds = (performance.now() - begun) / 1_000;
    tell(`  ${size.waiting} wait after ${seconds.toFixed(0)} s`);
    const held = await read(stage.processes.worker.pid);
    const answer = async () => {
      const one = async () => {
        const jobId = jobs.pop() ?? '';
        await approve(stage, tenant, jobId);
        await follower.completed(jobId);
      };
      const answered = await inTurn(ANSWERED, 1, one);
      if (answered.errors.length > 0) throw new Error(answered.errors[0]);
      return answered.latenciesMs;
    };
    const before = await answer();
    await stage.processes.worker.stop();
    const other = await stage.node('worker-2', WORKER_ARGS);
    const after = await answer();
    const restarted = await read(other.pid);
    await other.stop();
    follower.close();
    return toRows(size.waiting, { idle, held, restarted, before, after, seconds });
  } finally {
    await connection.close();
    await stage.close();
  }
};

interface Figures {
  readonly idle: { worker: number; server: number };
  readonly held: { worker: number; server: number };
  readonly restarted: { worker: number; server: number };
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly seconds: number;
}

function toRows(count: number, figures: Figures): Row[] {
  const { idle, held, restarted, before, after, seconds } = figures;
  const many = `${count.toLocaleString('en')} waiting approvals`;
  const row = (goal: string, measured: string, value: number, reference: string): Row => ({
    goal: `${many}: ${goal}`,
    reference,
    measured,
    value,
  });
  return [
    row('worker above idle', mb(held.worker - idle.worker), held.worker - idle.worker, `idle ${mb(idle.worker)}`),
    row('Temporal above idle', mb(held.server - idle.server), held.server - idle.server, `idle ${mb(idle.server)}`),
    row('a new worker holds', mb(restarted.worker), restarted.worker, 'nothing but what it has answered'),
    {
      ...row(
        'one is answered and done, p50',
        ms(median(before)),
        median(before),
        `p95 ${ms(percentile(before, 0.95))}`,
      ),
      figures,
      note: `they came to wait in ${seconds.toFixed(0)} s`,
    },
    row('… by another worker, p50', ms(median(after)), median(after), `p95 ${ms(percentile(after, 0.95))}`),
  ];
}

/** The rows that the door would have written, in one statement: accepting is measured elsewhere. */
async function acceptMany({ database }: Stage, { organizationId }: Tenant, count: number): Promise<string[]> {
  const sessionId = randomUUID();
  await database.look(
    `insert into sessions (organization_id, id, source, title) values ($1, $2, 'rest', 'Ten thousand questions')`,
    [organizationId, sessionId],
  );
  const rows = await database.look<{ id: string }>(
    `insert into orchestrations (organization_id, id, session_id, source, message, options, language)
     select $1::uuid, gen_random_uuid(), $2::uuid, 'rest', 'Wait for me', '{"agents": ["general"], "requireApproval": true}', 'en'
     from generate_series(1, $3::int) returning id`,
    [organizationId, sessionId, count],
  );
  return rows.map(({ id }) => id);
}

const start = (client: Client, { organizationId }: Tenant, orchestrationId: string) =>
  client.workflow.start(WORKFLOW.orchestration, {
    args: [{ organizationId, orchestrationId, slack: false, analyze: false }],
    taskQueue: QUEUE.orchestration,
    workflowId: orchestrationWorkflowId({ organizationId, orchestrationId }),
  });

async function allWait({ database }: Stage, { organizationId }: Tenant, count: number): Promise<boolean> {
  const [row] = await database.look<{ n: number }>(
    `select count(*)::int as n from orchestrations where organization_id = $1 and status = 'awaiting_approval'`,
    [organizationId],
  );
  return row?.n === count;
}
