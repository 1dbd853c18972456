import { sql, type RawBuilder } from 'kysely';
import {
  type BudgetChange,
  type BudgetView,
  type LedgerEntry,
  type UsageGroup,
  type UsageRow,
  centsToNanos,
  nanosToCents,
  windowEnd,
  type Nanos,
} from '../../contracts/money.ts';
import type { OrganizationTransaction } from '../organization.ts';
import { ORGANIZATION, type DefaultLimits } from './budget.ts';

/** Sets a limit; calls that are under way keep what they have reserved. */
export const setLimit = (trx: OrganizationTransaction, organizationId: string, change: BudgetChange) =>
  trx
    .insertInto('budget_limits')
    .values({
      organization_id: organizationId,
      scope: change.scope,
      user_id: change.userId ?? ORGANIZATION,
      period: change.period,
      limit_nanos: centsToNanos(change.limitCents),
    })
    .onConflict((conflict) =>
      conflict
        .columns(['organization_id', 'scope', 'user_id', 'period'])
        .doUpdateSet((eb) => ({ limit_nanos: eb.ref('excluded.limit_nanos'), updated_at: sql<string>`now()` })),
    )
    .execute();

interface Raise {
  readonly organizationId: string;
  readonly scope: BudgetChange['scope'];
  /** Whose limit, when the scope is a person's. */
  readonly userId?: string | null;
  readonly period: BudgetChange['period'];
  /** By an amount, or to an amount, which is safe to repeat and never lowers. */
  readonly raise: { readonly byNanos: Nanos } | { readonly toNanos: Nanos };
}

/** Raises a limit, the default one if none was set. Answers the limit as it is now; null: there is none to raise. */
export async function raiseLimit(
  trx: OrganizationTransaction,
  { organizationId, scope, userId, period, raise }: Raise,
  defaults: DefaultLimits,
): Promise<Nanos | null> {
  const owner = scope === 'user' ? userId : ORGANIZATION;
  if (!owner) throw new Error('A limit of scope "user" needs a userId.');
  const raised = (now: RawBuilder<unknown>) =>
    'byNanos' in raise ? sql`${now} + ${raise.byNanos}::bigint` : sql`greatest(${now}, ${raise.toNanos}::bigint)`;
  const { rows } = await sql<{ nanos: Nanos }>`
    insert into budget_limits as l (organization_id, scope, user_id, period, limit_nanos)
    select ${organizationId}::uuid, ${scope}, ${owner}::uuid, ${period}, ${raised(sql`d.nanos`)}
    from (select coalesce(
      (select limit_nanos from budget_limits where scope = ${scope} and user_id = ${owner}::uuid and period = ${period}),
      ${defaultOf({ scope, period }, defaults)}::bigint) as nanos) d
    where d.nanos is not null
    on conflict (organization_id, scope, user_id, period) do update
      set limit_nanos = ${raised(sql`l.limit_nanos`)}, updated_at = now()
    returning limit_nanos as nanos`.execute(trx);
  return rows[0]?.nanos ?? null;
}

interface WindowRow {
  readonly scope: 'organization' | 'user';
  readonly userId: string | null;
  readonly period: 'day' | 'month' | 'year';
  readonly startsOn: string;
  readonly setNanos: Nanos | null;
  readonly reservedNanos: Nanos;
  readonly spentNanos: Nanos;
}

/** Every limit of the organization and of its people, with what has gone through today's, this month's and this year's window. */
export async function listBudgets(trx: OrganizationTransaction, defaults: DefaultLimits): Promise<BudgetView[]> {
  const { rows } = await sql<WindowRow>`
    with wanted as (
      select 'organization' as scope, ${ORGANIZATION}::uuid as user_id, period
      from unnest(array['day', 'month', 'year']) as period
      union all select 'user', id, 'day' from users)
    select w.scope, nullif(w.user_id, ${ORGANIZATION}::uuid) as "userId", w.period,
      to_char(date_trunc(w.period, now() at time zone 'utc'), 'YYYY-MM-DD') as "startsOn", l.limit_nanos as "setNanos",
      coalesce(b.reserved_nanos, 0)::bigint as "reservedNanos", coalesce(b.spent_nanos, 0)::bigint as "spentNanos"
    from wanted w
    left join budget_limits l on l.scope = w.scope and l.user_id = w.user_id and l.period = w.period
    left join budget_windows b on b.scope = w.scope and b.user_id = w.user_id and b.period = w.period
      and b.starts_on = date_trunc(w.period, now() at time zone 'utc')::date
    order by w.scope, w.user_id, w.period`.execute(trx);
  return rows.map(({ setNanos, reservedNanos, spentNanos, ...row }) => {
    const limit = setNanos ?? defaultOf(row, defaults);
    return {
      ...row,
      resetsAt: windowEnd(row.period, new Date(row.startsOn)),
      limitCents: limit === null ? null : nanosToCents(limit),
      isDefault: setNanos === null,
      reservedCents: nanosToCents(reservedNanos),
      spentCents: nanosToCents(spentNanos),
    };
  });
}

function defaultOf({ scope, period }: Pick<WindowRow, 'scope' | 'period'>, defaults: DefaultLimits): Nanos | null {
  if (scope === 'user') return defaults.userDayNanos;
  return period === 'month' ? defaults.organizationMonthNanos : null;
}

/** What calls can be summed by, each as a column of its own; a date is text already where we read it. */
const GROUPS = {
  day: sql`day`,
  user: sql`user_id as "userId"`,
  agent: sql`agent`,
  model: sql`model`,
  orchestration: sql`orchestration_id as "jobId"`,
} as const satisfies Record<UsageGroup, unknown>;

interface UsageQuery {
  readonly groups: readonly UsageGroup[];
  /** First and last day, `YYYY-MM-DD`, UTC. */
  readonly from: string;
  readonly to: string;
  readonly userId?: string;
  readonly limit: number;
}

/** By job only the calls of so many are summed: the newest that began by the last day. */
export const JOBS_SUMMED = 2_000;

/**
 * Sums what was spent, by the given groups, the dearest first. With its values in the text, so that it is planned each
 * time: how much is summed depends on them, and one plan for all sums is a slow one.
 */
export async function sumUsage(trx: OrganizationTransaction, query: UsageQuery): Promise<UsageRow[]> {
  const columns = query.groups.map((group) => GROUPS[group]);
  const positions = query.groups.map((_, index) => sql.raw(String(index + 1)));
  await sql.raw(`set local work_mem = '32MB'`).execute(trx);
  const { rows } = await sql<UsageRow & { nanos: Nanos }>`
    select ${sql.join([...columns, sql`coalesce(sum(calls), 0)::int as calls`])},
      sum(input_tokens)::bigint as "inputTokens", sum(output_tokens)::bigint as "outputTokens",
      sum(cache_write_tokens)::bigint as "cacheWriteTokens", sum(cache_read_tokens)::bigint as "cacheReadTokens",
      coalesce(sum(cost_nanos), 0)::bigint as nanos
    from (${linesOf(query)}) u
    ${positions.length === 0 ? sql`` : sql`group by ${sql.join(positions)}`}
    order by nanos desc limit ${sql.lit(query.limit)}`.execute(trx);
  return rows.map(({ nanos, ...row }) => ({ ...row, costCents: nanosToCents(nanos) }));
}

/** What is summed: of jobs each call, else the lines of days. Where lines are what is asked for, only the dearest. */
function linesOf({ groups, from, to, userId, limit }: UsageQuery): RawBuilder<unknown> {
  const [first, last, user] = [sql.lit(from), sql.lit(to), sql.lit(userId ?? '')];
  const mine = userId === undefined ? sql`` : sql`and user_id = ${user}::uuid`;
  if (groups.includes('orchestration'))
    return sql`select c.reserved_on as day, c.user_id, c.agent, c.model, c.orchestration_id, 1 as calls, c.input_tokens,
        c.output_tokens, c.cache_write_tokens, c.cache_read_tokens, c.cost_nanos
      from (select id from orchestrations where created_at < (${last}::date + 1)::timestamp at time zone 'utc' ${mine}
        order by created_at desc, id desc limit ${sql.lit(JOBS_SUMMED)}) j
      join usage c on c.orchestration_id = j.id and c.state in ('settled', 'unknown')
      where c.reserved_on between ${first}::date and ${last}::date`;
  const isWhole = (['day', 'user', 'agent', 'model'] as const).every((group) => groups.includes(group));
  return sql`select * from usage_days where day between ${first}::date and ${last}::date ${mine}
    ${isWhole ? sql`order by cost_nanos desc limit ${sql.lit(limit)}` : sql``}`;
}

/** The newest entries of the ledger, or those of one job. */
export async function listLedger(
  trx: OrganizationTransaction,
  query: { orchestrationId?: string; before?: string; limit: number },
): Promise<LedgerEntry[]> {
  const rows = await trx
    .selectFrom('usage')
    .selectAll()
    .$if(query.orchestrationId !== undefined, (q) => q.where('orchestration_id', '=', query.orchestrationId ?? ''))
    .$if(query.before !== undefined, (q) => q.where('created_at', '<', sql<Date>`${query.before}::timestamptz`))
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(query.limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    jobId: row.orchestration_id,
    userId: row.user_id,
    turn: row.turn_key,
    agent: row.agent,
    model: row.model,
    steppedDownFrom: row.stepped_down_from,
    state: row.state,
    reservedCents: nanosToCents(row.reserved_nanos),
    costCents: nanosToCents(row.cost_nanos),
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    cacheWriteTokens: row.cache_write_tokens,
    cacheReadTokens: row.cache_read_tokens,
    createdAt: row.created_at.toISOString(),
    settledAt: row.settled_at?.toISOString() ?? null,
  }));
}
