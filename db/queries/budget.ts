import { sql } from 'kysely';
import type { AgentId } from '../../contracts/agents.ts';
import { centsToNanos, type Nanos } from '../../contracts/money.ts';
import type { OrganizationTransaction } from '../organization.ts';

/** Limits where the organization has set none of its own. */
export interface DefaultLimits {
  readonly userDayNanos: Nanos;
  readonly organizationMonthNanos: Nanos;
}

/** The configured cents (per user and day, per organization and month) as limits. */
export const toDefaultLimits = (cents: { userDay: number; organizationMonth: number }): DefaultLimits => ({
  userDayNanos: centsToNanos(cents.userDay),
  organizationMonthNanos: centsToNanos(cents.organizationMonth),
});

export interface Reservation {
  readonly id: string;
  readonly organizationId: string;
  readonly orchestrationId: string;
  readonly userId: string | null;
  readonly turnKey: string;
  readonly agent: AgentId | null;
  readonly model: string;
  readonly nanos: Nanos;
  /** The reservation counts as spent if nobody settles it for this long, s. */
  readonly expiresInSeconds: number;
}

export interface TokenCounts {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheWriteTokens: number;
  readonly cacheReadTokens: number;
}

/** Thrown inside the reserving transaction, which must roll back: nothing was reserved. */
export class NoRoomInBudgetError extends Error {
  override readonly name = 'NoRoomInBudgetError';
  readonly scope: 'organization' | 'user';
  readonly period: string;
  constructor(scope: 'organization' | 'user', period: string) {
    super(`The ${scope}'s budget for this ${period} has no room for this call.`);
    this.scope = scope;
    this.period = period;
  }
}

/** Postgres' largest bigint: a window without a limit still counts what goes through it. */
const UNLIMITED = sql<number>`9223372036854775807::bigint`;
/** Stands for nobody in particular in the windows and limits of a whole organization. */
export const ORGANIZATION = '00000000-0000-0000-0000-000000000000';

/**
 * The windows a call draws from: today, this month and this year (UTC) of the organization, and today of the user.
 * The order is fixed so that concurrent reservations lock the rows in the same order.
 */
const windows = (userId: string | null, limits: DefaultLimits) => sql`
  select w.scope, w.user_id, w.period, w.starts_on, coalesce(l.limit_nanos, w.default_nanos) as limit_nanos
  from (values
    ('organization', ${ORGANIZATION}::uuid, 'day', (now() at time zone 'utc')::date, ${UNLIMITED}),
    ('organization', ${ORGANIZATION}::uuid, 'month', date_trunc('month', now() at time zone 'utc')::date,
      ${limits.organizationMonthNanos}::bigint),
    ('organization', ${ORGANIZATION}::uuid, 'year', date_trunc('year', now() at time zone 'utc')::date, ${UNLIMITED}),
    ('user', ${userId ?? ORGANIZATION}::uuid, 'day', (now() at time zone 'utc')::date, ${limits.userDayNanos}::bigint)
  ) as w (scope, user_id, period, starts_on, default_nanos)
  left join budget_limits l on l.scope = w.scope and l.user_id = w.user_id and l.period = w.period
  where ${userId !== null} or w.scope = 'organization'`;

/**
 * Moves the worst case of a call from free to reserved in every window at once. One statement takes and checks all
 * windows; the row locks make concurrent callers queue, so a race can never overspend.
 * @throws NoRoomInBudgetError when a window has no room; the caller's transaction must roll back.
 */
export async function reserve(trx: OrganizationTransaction, given: Reservation, limits: DefaultLimits): Promise<void> {
  const { rows } = await sql<{ scope: 'organization' | 'user'; period: string; taken: boolean }>`
    with wanted as materialized (${windows(given.userId, limits)}),
    taken as (
      insert into budget_windows (organization_id, scope, user_id, period, starts_on, reserved_nanos, limit_nanos)
      select ${given.organizationId}, scope, user_id, period, starts_on, ${given.nanos}, limit_nanos from wanted
      where ${given.nanos}::bigint <= limit_nanos order by scope, period
      on conflict (organization_id, scope, user_id, period, starts_on) do update
        set reserved_nanos = budget_windows.reserved_nanos + excluded.reserved_nanos, limit_nanos = excluded.limit_nanos
        where budget_windows.reserved_nanos + budget_windows.spent_nanos + excluded.reserved_nanos <= excluded.limit_nanos
      returning scope, period)
    select w.scope, w.period, t.scope is not null as taken
    from wanted w left join taken t on t.scope = w.scope and t.period = w.period`.execute(trx);
  const refused = rows.find((row) => !row.taken);
  if (refused) throw new NoRoomInBudgetError(refused.scope, refused.period);
  await sql`
    insert into usage (organization_id, id, orchestration_id, user_id, turn_key, agent, model, state, reserved_nanos,
      reserved_on, expires_at)
    values (${given.organizationId}, ${given.id}, ${given.orchestrationId}, ${given.userId}, ${given.turnKey},
      ${given.agent}, ${given.model}, 'reserved', ${given.nanos}, (now() at time zone 'utc')::date,
      now() + make_interval(secs => ${given.expiresInSeconds}))`.execute(trx);
}

/** A window after money moved in it. */
export interface MovedWindow {
  readonly scope: 'organization' | 'user';
  readonly period: string;
  readonly limitNanos: Nanos;
  readonly spentNanos: Nanos;
  readonly spentBeforeNanos: Nanos;
}

/** Replaces the reservation by what the call really cost; a reservation that had expired is corrected. */
export const settle = (trx: OrganizationTransaction, id: string, costNanos: Nanos, tokens: TokenCounts) =>
  close(trx, {
    state: 'settled',
    from: sql`usage.id = ${id} and usage.state in ('reserved', 'unknown')`,
    cost: sql`${costNanos}::bigint`,
    tokens,
  });

/** Gives the reservation back: the provider certainly did not charge. */
export const release = (trx: OrganizationTransaction, id: string) =>
  close(trx, { state: 'released', from: sql`usage.id = ${id} and usage.state = 'reserved'`, cost: sql`0::bigint` });

/**
 * Counts open reservations as spent at their worst case: the call may have been charged and nobody will ever know.
 * With `turnKey` those of a turn that is about to be tried again, without it those that have expired.
 */
export const giveUp = (trx: OrganizationTransaction, turn?: { orchestrationId: string; turnKey: string }) =>
  close(trx, {
    state: 'unknown',
    from: turn
      ? sql`usage.orchestration_id = ${turn.orchestrationId} and usage.turn_key = ${turn.turnKey} and usage.state = 'reserved'`
      : sql`usage.state = 'reserved' and usage.expires_at < now()`,
    cost: sql`usage.reserved_nanos`,
  });

interface Closing {
  readonly state: 'settled' | 'released' | 'unknown';
  readonly from: ReturnType<typeof sql>;
  readonly cost: ReturnType<typeof sql>;
  readonly tokens?: TokenCounts;
}

const NO_TOKENS: TokenCounts = { inputTokens: 0, outputTokens: 0, cacheWriteTokens: 0, cacheReadTokens: 0 };

/** One statement closes the usage rows and moves the money in all their windows, in the order `reserve` locks them. */
async function close(
  trx: OrganizationTransaction,
  { state, from, cost, tokens = NO_TOKENS }: Closing,
): Promise<MovedWindow[]> {
  const { rows } = await sql<MovedWindow>`
    with before as (select id, state as old_state from usage where ${from} for update),
    closed as (
      update usage set state = ${state}, cost_nanos = ${cost}, settled_at = now(),
        input_tokens = ${tokens.inputTokens}, output_tokens = ${tokens.outputTokens},
        cache_write_tokens = ${tokens.cacheWriteTokens}, cache_read_tokens = ${tokens.cacheReadTokens}
      from before where usage.id = before.id
      returning usage.user_id, usage.reserved_on, usage.cost_nanos,
        case when before.old_state = 'reserved' then usage.reserved_nanos else 0 end as from_reserved,
        case when before.old_state = 'unknown' then usage.reserved_nanos else 0 end as from_spent),
    moved as (
      select w.scope, w.user_id, w.period, w.starts_on, sum(c.from_reserved)::bigint as back,
        sum(c.cost_nanos - c.from_spent)::bigint as paid
      from closed c join budget_windows w on (w.scope = 'organization' or w.user_id = c.user_id)
        and w.starts_on = date_trunc(w.period, c.reserved_on)::date
      group by 1, 2, 3, 4),
    locked as (
      select w.scope, w.user_id, w.period, w.starts_on, m.back, m.paid
      from budget_windows w join moved m using (scope, user_id, period, starts_on)
      order by w.scope, w.period, w.user_id, w.starts_on for update of w),
    applied as (
      update budget_windows w set reserved_nanos = w.reserved_nanos - l.back, spent_nanos = w.spent_nanos + l.paid
      from locked l where w.scope = l.scope and w.user_id = l.user_id and w.period = l.period
        and w.starts_on = l.starts_on
      returning w.scope, w.period, w.limit_nanos, w.spent_nanos, l.paid)
    select scope, period, limit_nanos as "limitNanos", spent_nanos as "spentNanos",
      spent_nanos - paid as "spentBeforeNanos" from applied`.execute(trx);
  return rows;
}

/** What orchestrations have cost so far, unknown calls at their worst case; those without any call are left out. */
export async function costsOf(
  trx: OrganizationTransaction,
  orchestrationIds: readonly string[],
): Promise<Map<string, Nanos>> {
  if (orchestrationIds.length === 0) return new Map();
  const rows = await trx
    .selectFrom('usage')
    .select(['orchestration_id', sql<number>`sum(cost_nanos)::bigint`.as('nanos')])
    .where('orchestration_id', 'in', [...orchestrationIds])
    .groupBy('orchestration_id')
    .execute();
  return new Map(rows.map(({ orchestration_id: id, nanos }) => [id, nanos]));
}

/** What one orchestration has cost so far. */
export const costOf = async (trx: OrganizationTransaction, orchestrationId: string): Promise<Nanos> =>
  (await costsOf(trx, [orchestrationId])).get(orchestrationId) ?? 0;
