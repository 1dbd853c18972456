import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Client } from '@temporalio/client';
import { sql, type Kysely } from 'kysely';
import { POOL_NAMES, POOLS, type PoolName } from '../../contracts/queues.ts';
import type { Database } from '../../db/tables/index.ts';
import { migrations } from '../../db/migrations/index.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { jsonResponse } from './responses.ts';

const CHECK_MS = 2_000;
/** Probes come often; one look a second serves them all. */
const KEEP_MS = 1_000;
/** A poller that was not seen for this long is gone. */
const POLLER_SECONDS = 90;
/** `TASK_QUEUE_TYPE_WORKFLOW` and `TASK_QUEUE_TYPE_ACTIVITY` in Temporal's enum. */
const WORKFLOW_QUEUE = 1;
const ACTIVITY_QUEUE = 2;

const Check = z.object({ ok: z.boolean(), detail: z.string().optional() });
const Health = z.object({
  /** `degraded`: ready, but a pool has no worker. `unavailable`: not ready. */
  status: z.enum(['ok', 'degraded', 'unavailable']),
  checks: z.object({ postgres: Check, migrations: Check, temporal: Check, workers: Check }),
  /** Whether somebody works in each pool; without the orchestration pool nothing goes on. */
  pools: z.record(z.enum(POOL_NAMES), Check),
});
type Health = z.infer<typeof Health>;

const route = (path: string, summary: string) =>
  createRoute({
    method: 'get',
    path,
    tags: ['Health'],
    summary,
    responses: { 200: jsonResponse(Health, 'Everything is there'), 503: jsonResponse(Health, 'Something is away') },
  });
const live = createRoute({
  method: 'get',
  path: '/live',
  tags: ['Health'],
  summary: 'The process answers',
  responses: { 200: jsonResponse(z.object({ status: z.literal('ok') }), 'It does') },
});

/** Probes without a token; they tell nothing about anybody's data. */
export function healthRoutes({ db, temporal }: Pick<ApiDeps, 'db' | 'temporal'>) {
  let kept: { at: number; health: Promise<Health> } | undefined;
  const look = () => {
    if (!kept || Date.now() - kept.at > KEEP_MS) kept = { at: Date.now(), health: examine(db, temporal) };
    return kept.health;
  };
  return new OpenAPIHono<ApiEnv>()
    .openapi(live, (c) => c.json({ status: 'ok' as const }, 200))
    .openapi(route('/ready', 'The process can do its work'), async (c) => {
      const health = await look();
      return health.status === 'unavailable' ? c.json(health, 503) : c.json(health, 200);
    })
    .openapi(route('/', 'All parts, one by one'), async (c) => {
      const health = await look();
      return health.status === 'unavailable' ? c.json(health, 503) : c.json(health, 200);
    });
}

async function examine(db: Kysely<Database>, temporal: Client): Promise<Health> {
  const looks = POOL_NAMES.map(async (pool) => [pool, await check(() => assertPolled(temporal, pool))] as const);
  const [postgres, migrated, server, polled] = await Promise.all([
    check(() => sql`select 1`.execute(db)),
    check(() => assertMigrated(db)),
    check(() => temporal.withDeadline(Date.now() + CHECK_MS, () => temporal.workflowService.getSystemInfo({}))),
    Promise.all(looks),
  ]);
  const pools = Object.fromEntries(polled) as Health['pools'];
  const checks = { postgres, migrations: migrated, temporal: server, workers: pools.orchestration };
  const fine = (parts: object) => Object.values(parts).every(({ ok }) => ok);
  const status = !fine(checks) ? 'unavailable' : fine(pools) ? 'ok' : 'degraded';
  return { status, checks, pools };
}

async function check(look: () => Promise<unknown>): Promise<z.infer<typeof Check>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), CHECK_MS);
  });
  try {
    await Promise.race([look(), late]);
    return { ok: true };
  } catch (error) {
    return { ok: false, detail: error instanceof NotReadyError ? error.message : 'away' };
  } finally {
    clearTimeout(timer);
  }
}

class NotReadyError extends Error {}

async function assertMigrated(db: Kysely<Database>): Promise<void> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
  const missing = Object.keys(migrations).filter((name) => !rows.some((row) => row.name === name));
  if (missing.length > 0) throw new NotReadyError(`not applied: ${missing.join(', ')}`);
}

/** Only the orchestration pool takes workflows; the others are known by their activities. */
async function assertPolled(temporal: Client, pool: PoolName): Promise<void> {
  const { pollers } = await temporal.withDeadline(Date.now() + CHECK_MS, () =>
    temporal.workflowService.describeTaskQueue({
      namespace: temporal.options.namespace,
      taskQueue: { name: POOLS[pool] },
      taskQueueType: pool === 'orchestration' ? WORKFLOW_QUEUE : ACTIVITY_QUEUE,
    }),
  );
  const oldest = Date.now() / 1_000 - POLLER_SECONDS;
  if (!pollers?.some(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) > oldest))
    throw new NotReadyError(`no worker polls the ${POOLS[pool]} queue`);
}
