import { z } from 'zod';
import { POOL_NAMES, POOLS, type PoolName } from '../contracts/queues.ts';
import { listMissingMigrations, pingDatabase } from '../db/checks.ts';
import { countOverdue } from '../db/queries/inbox.ts';
import type { DatabaseDeps } from './deps.ts';
import type { WorkflowHealthPort } from './orchestrations/workflow-port.ts';

export interface HealthDeps extends DatabaseDeps {
  readonly workflowHealth: WorkflowHealthPort;
}

const Check = z.object({ ok: z.boolean(), detail: z.string().optional() });
type Check = z.infer<typeof Check>;

export const Health = z.object({
  /** `degraded`: ready, but a pool has no worker, or accepted requests do not get on. `unavailable`: not ready. */
  status: z.enum(['ok', 'degraded', 'unavailable']),
  checks: z.object({ postgres: Check, migrations: Check, temporal: Check, workers: Check }),
  /** Whether somebody works in each pool; without the orchestration pool nothing goes on. */
  pools: z.record(z.enum(POOL_NAMES), Check),
  /** Whether what was accepted reaches its workflow in time. */
  inbox: Check,
});
export type Health = z.infer<typeof Health>;

const CHECK_MS = 2_000;

/** Looks at all parts at once, each for two seconds at most; never throws. */
export async function checkHealth({ db, workflowHealth }: HealthDeps): Promise<Health> {
  const polled = POOL_NAMES.map(async (pool) => [pool, await check(() => assertPolled(workflowHealth, pool))] as const);
  const [postgres, migrations, temporal, inbox, pairs] = await Promise.all([
    check(() => pingDatabase(db)),
    check(() => assertMigrated(db)),
    check(() => workflowHealth.ping(CHECK_MS)),
    check(() => assertDelivered(db)),
    Promise.all(polled),
  ]);
  const pools = Object.fromEntries(pairs) as Health['pools'];
  const checks = { postgres, migrations, temporal, workers: pools.orchestration };
  const isFine = (parts: Record<string, Check>) => Object.values(parts).every(({ ok }) => ok);
  const status = !isFine(checks) ? 'unavailable' : isFine({ ...pools, inbox }) ? 'ok' : 'degraded';
  return { status, checks, pools, inbox };
}

async function check(look: () => Promise<unknown>): Promise<Check> {
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

/** Its message may be told to anybody. */
class NotReadyError extends Error {}

async function assertMigrated(db: HealthDeps['db']): Promise<void> {
  const missing = await listMissingMigrations(db);
  if (missing.length > 0) throw new NotReadyError(`not applied: ${missing.join(', ')}`);
}

/** The relay looks every second: what has waited this long is refused, or Temporal is away. */
const OVERDUE_MS = 120_000;

async function assertDelivered(db: HealthDeps['db']): Promise<void> {
  const { waiting, oldest } = await countOverdue(db, OVERDUE_MS);
  if (waiting > 0)
    throw new NotReadyError(
      `${waiting} accepted since ${oldest?.toISOString()} did not reach Temporal: GET /api/admin/inbox tells why`,
    );
}

async function assertPolled(health: WorkflowHealthPort, pool: PoolName): Promise<void> {
  if (!(await health.isPolled(pool, CHECK_MS))) throw new NotReadyError(`no worker polls the ${POOLS[pool]} queue`);
}
