import { sql } from 'kysely';
import type { Nanos } from '../../contracts/money.ts';
import type { OrganizationTransaction } from '../organization.ts';

/** Calls under way count at their worst case. */
const SPENT = sql<number | null>`sum(cost_nanos + case when state = 'reserved' then reserved_nanos else 0 end)::bigint`;

/** What finding out about failures and trying again has cost one orchestration. */
export async function healingCostOf(trx: OrganizationTransaction, orchestrationId: string): Promise<Nanos> {
  const row = await trx
    .selectFrom('usage')
    .select(SPENT.as('nanos'))
    .where('orchestration_id', '=', orchestrationId)
    .where('turn_key', 'like', '%#%')
    .executeTakeFirst();
  return row?.nanos ?? 0;
}

/** What one orchestration's calls have cost that were settled after a moment, unknown ones at their worst case. */
export async function spentSince(trx: OrganizationTransaction, orchestrationId: string, at: string): Promise<Nanos> {
  const row = await trx
    .selectFrom('usage')
    .select(sql<number | null>`sum(cost_nanos)::bigint`.as('nanos'))
    .where('orchestration_id', '=', orchestrationId)
    .where('settled_at', '>', sql<Date>`${at}::timestamptz`)
    .executeTakeFirst();
  return row?.nanos ?? 0;
}

/** What all tries of one step have cost, those under way at their worst case. */
export async function stepCostOf(trx: OrganizationTransaction, orchestrationId: string, step: string): Promise<Nanos> {
  const row = await trx
    .selectFrom('usage')
    .select(SPENT.as('nanos'))
    .where('orchestration_id', '=', orchestrationId)
    .where(sql<string>`split_part(split_part(turn_key, '#', 1), '@', 1)`, '=', `agent:${step}`)
    .executeTakeFirst();
  return row?.nanos ?? 0;
}

/** What the newest calls of an agent with a model were like; all zero when there was none. */
interface PastCosts {
  readonly calls: number;
  /** The whole prompt, what came from the cache included. */
  readonly meanInputTokens: number;
  readonly meanOutputTokens: number;
  readonly p90OutputTokens: number;
  readonly meanCostNanos: Nanos;
  /** From the reservation to the stored answer. */
  readonly meanDurationMs: number;
}

const NEWEST_CALLS = 50;

/** Looks at the newest settled calls of an agent (null: calls of nobody, as the analysis) to price a plan. */
export async function pastCosts(
  trx: OrganizationTransaction,
  { agent, model }: { agent: string | null; model: string },
): Promise<PastCosts> {
  const { rows } = await sql<PastCosts>`
    select count(*)::int as calls, coalesce(round(avg(input)), 0)::int as "meanInputTokens",
      coalesce(round(avg(output)), 0)::int as "meanOutputTokens",
      coalesce(percentile_disc(0.9) within group (order by output), 0)::int as "p90OutputTokens",
      coalesce(round(avg(cost_nanos)), 0)::bigint as "meanCostNanos",
      coalesce(round(avg(ms)), 0)::int as "meanDurationMs"
    from (
      select input_tokens + cache_write_tokens + cache_read_tokens as input, output_tokens as output, cost_nanos,
        extract(epoch from settled_at - created_at) * 1000 as ms
      from usage where state = 'settled' and model = ${model} and ${agent === null ? sql`agent is null` : sql`agent = ${agent}`}
      order by settled_at desc limit ${NEWEST_CALLS}) as newest`.execute(trx);
  return rows[0] ?? NO_CALLS;
}

const NO_CALLS: PastCosts = {
  calls: 0,
  meanInputTokens: 0,
  meanOutputTokens: 0,
  p90OutputTokens: 0,
  meanCostNanos: 0,
  meanDurationMs: 0,
};
