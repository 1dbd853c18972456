import { randomUUID } from 'node:crypto';
import { createAnthropicModel } from '../../../adapters/anthropic/anthropic-model.ts';
import { createKeyPool } from '../../../domain/models/key-pool.ts';
import { ModelCallError, type PooledModel } from '../../../domain/models/model-port.ts';
import { openDatabase } from '../../../db/database.ts';
import type { Measure } from '../bench.ts';
import { inTurn } from '../client/callers.ts';
import { perSecond, ms } from '../report/row.ts';
import { middle, rounds } from '../rounds.ts';
import type { Stage } from '../stage/stage.ts';
import { makeTenant } from '../stage/tenant.ts';
import { median } from '../statistics.ts';

const KEYS = Array.from({ length: 10 }, (_, nth) => `sk-bench-${nth}`);
const CALLERS = 20;
const CALLS = 300;
/** Of calls that were lost on the nine: what comes at once at the beginning, and one for each look whether it is over. */
const LOST_AT_MOST = 5 * 9;

/** The pool alone, on real Postgres and a model that answers at once: ten healthy keys and one of ten, in turn. */
export const keyPool: Measure = async ({ size, stage: openStage }) => {
  const stage = await openStage();
  const { organizationId } = await makeTenant(stage);
  const { db, close } = openDatabase(stage.env['DATABASE_URL'] ?? '', CALLERS);
  const pool = createKeyPool({
    db,
    model: createAnthropicModel({ baseUrl: stage.modelUrl, timeoutMs: 10_000 }),
    keys: KEYS,
    sealer: undefined,
    mostInFlight: 50,
    leaseSeconds: 60,
    onSwitch: () => undefined,
    onError: (error) => Promise.reject(error),
  });
  const run = async (limited: readonly string[]) => {
    await limit(stage, limited);
    await stage.database.look('delete from model_key_accounts');
    const load = await inTurn(CALLS, CALLERS, () => callUntilAnswered(pool, organizationId));
    if (load.errors.length > 0) throw new Error(load.errors[0]);
    const [sums] = await stage.database.look<{ wasted: number }>(
      'select sum(total_429_errors)::int as wasted from model_key_accounts',
    );
    return { perSecond: load.perSecond, ms: median(load.latenciesMs), wasted: sums?.wasted ?? 0 };
  };
  const all = await rounds(size.rounds, async () => ({
    healthy: await run([]),
    limited: await run(KEYS.slice(1)),
  }));
  await limit(stage, []);
  await close();
  const rate = middle(all, ({ limited }) => limited.perSecond);
  const healthyRate = middle(all, ({ healthy }) => healthy.perSecond);
  const wasted = middle(all, ({ limited }) => limited.wasted);
  return [
    {
      goal: 'key pool with 9 of 10 keys limited ≥ 0.8 × all healthy',
      reference: `healthy ${perSecond(healthyRate)}`,
      measured: perSecond(rate),
      ratio: rate / healthyRate,
      value: rate / healthyRate,
      bound: { atLeast: 0.8 },
      note: `a call through the pool, p50: ${ms(middle(all, ({ healthy }) => healthy.ms))} at ${CALLERS} callers`,
      figures: all,
    },
    {
      goal: `calls lost on nine limited keys ≤ ${LOST_AT_MOST}`,
      reference: `of ${CALLS}`,
      measured: `${wasted}`,
      value: wasted,
      bound: { atMost: LOST_AT_MOST },
    },
  ];
};

async function limit({ modelUrl }: Stage, keys: readonly string[]): Promise<void> {
  await fetch(`${modelUrl}/_limited`, { method: 'POST', body: JSON.stringify({ keys }) });
}

const request = {
  model: 'claude-haiku-5-5',
  system: 'Be brief.',
  messages: [{ role: 'user' as const, content: 'Draft a tweet' }],
  maxTokens: 500,
  turnKey: 'agent:ops',
};

/** As Temporal does, but without the waits: five tries spread over ten keys can all be lost in the first moment. */
async function callUntilAnswered(pool: PooledModel, organizationId: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const ids = { organizationId, orchestrationId: randomUUID(), usageId: randomUUID(), execution: `bench/${attempt}` };
    try {
      await pool.answer({ ...ids, request, tries: 5, attempt }, AbortSignal.timeout(10_000));
      return;
    } catch (error) {
      if (!(error instanceof ModelCallError) || attempt === 100) throw error;
    }
  }
}
