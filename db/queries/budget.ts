import { sql, type Compilable, type RawBuilder } from 'kysely';
import type { AgentId, Tier } from '../../contracts/agents.ts';
import { centsToNanos, windowEnd, type Nanos } from '../../contracts/money.ts';
import type { OrganizationTransaction } from '../organization.ts';
import { along } from '../together.ts';

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
  /** The tier that was asked for, when a cheaper one answers. */
  readonly steppedDownFrom?: Tier;
  readonly nanos: Nanos;
  /** The reservation counts as spent if nobody settles it for this long, s. */
  readonly expiresInSeconds: number;
}

/** A window without room for what was wanted. */
interface Refusal {
  readonly scope: 'organization' | 'user';
  readonly period: 'day' | 'month' | 'year';
  readonly limitNanos: Nanos;
  /** By how much the limit would have to rise. */
  readonly missingNanos: Nanos;
  /** When the window ends by itself, ISO. */
  readonly resetsAt: string;
}

/** Thrown inside the reserving transaction, which must roll back: nothing was reserved. */
export class NoRoomInBudgetError extends Error implements Refusal {
  override readonly name = 'NoRoomInBudgetError';
  readonly scope: Refusal['scope'];
  readonly period: Refusal['period'];
  readonly limitNanos: Nanos;
  readonly missingNanos: Nanos;
  readonly resetsAt: string;
  constructor({ scope, period, limitNanos, missingNanos, resetsAt }: Refusal) {
    super(`The ${scope}'s budget for this ${period} has no room for this.`);
    this.scope = scope;
    this.period = period;
    this.limitNanos = limitNanos;
    this.missingNanos = missingNanos;
    this.resetsAt = resetsAt;
  }
}

/** Postgres' largest bigint: a window without a limit still counts what goes through it. */
export const UNLIMITED = sql<number>`9223372036854775807::bigint`;
/** Stands for nobody in particular in the windows and limits of a whole organization. */
export const ORGANIZATION = '00000000-0000-0000-0000-000000000000';
/** Budgets count days in UTC. */
export const TODAY = sql<string>`(now() at time zone 'utc')::date`;

/**
 * The windows a call of this day draws from: the day, month and year of the organization, and the day of the user.
 * Whoever moves money in them locks them by scope, period, user and start, so that nobody waits in a circle.
 */
export const windowsOf = (
  userId: string | null | RawBuilder<string | null>,
  limits: DefaultLimits,
  day: RawBuilder<string> = TODAY,
) => {
  const user = typeof userId === 'string' || userId === null ? sql<string | null>`${userId}::uuid` : userId;
  return sql`
  select w.scope, w.user_id, w.period, date_trunc(w.period, ${day})::date as starts_on,
    coalesce(l.limit_nanos, w.default_nanos) as limit_nanos
  from (values
    ('organization', ${ORGANIZATION}::uuid, 'day', ${UNLIMITED}),
    ('organization', ${ORGANIZATION}::uuid, 'month', ${limits.organizationMonthNanos}::bigint),
    ('organization', ${ORGANIZATION}::uuid, 'year', ${UNLIMITED}),
    ('user', coalesce(${user}, ${ORGANIZATION}::uuid), 'day', ${limits.userDayNanos}::bigint)
  ) as w (scope, user_id, period, default_nanos)
  left join budget_limits l on l.scope = w.scope and l.user_id = w.user_id and l.period = w.period
  where ${user} is not null or w.scope = 'organization'`;
};

/**
 * Moves the worst case of a call from free to reserved in every window at once. What an open envelope of its
 * orchestration holds is taken first: that is reserved already, so only the rest needs room. A call is of one day: an
 * envelope of an earlier day pays for a whole call or for none. One statement takes, checks and writes everything down;
 * the row locks make concurrent callers queue, so a race can never overspend. `statements` go along in the same round trip.
 * @throws NoRoomInBudgetError when a window has no room; the caller's transaction must roll back.
 */
export async function reserve(
  trx: OrganizationTransaction,
  reservation: Reservation,
  limits: DefaultLimits,
  statements: readonly Compilable[] = [],
): Promise<void> {
  const { organizationId, orchestrationId, userId, nanos } = reservation;
  const { rows } = await sql<Untaken>`
    with ${along(statements)} envelope as materialized (
      select reserved_on, case when reserved_on = ${TODAY} or remaining_nanos >= ${nanos}::bigint
        then least(remaining_nanos, ${nanos}::bigint) else 0 end as drawn
      from envelopes where orchestration_id = ${orchestrationId} and remaining_nanos > 0
        and user_id is not distinct from ${userId}::uuid
      for update),
    need as materialized (
      select coalesce(max(drawn), 0) as drawn, ${nanos}::bigint - coalesce(max(drawn), 0) as rest,
        coalesce(max(reserved_on) filter (where drawn > 0), ${TODAY}) as day from envelope),
    emptied as (
      update envelopes e set used_nanos = e.used_nanos + need.drawn from need
      where e.orchestration_id = ${orchestrationId} and need.drawn > 0),
    wanted as materialized (${windowsOf(userId, limits)}),
    taken as (
      insert into budget_windows (organization_id, scope, user_id, period, starts_on, reserved_nanos, limit_nanos)
      select ${organizationId}::uuid, scope, user_id, period, starts_on, need.rest, limit_nanos from wanted, need
      where need.rest > 0 and need.rest <= limit_nanos order by scope, period, user_id, starts_on
      on conflict (organization_id, scope, user_id, period, starts_on) do update
        set reserved_nanos = budget_windows.reserved_nanos + excluded.reserved_nanos, limit_nanos = excluded.limit_nanos
        where budget_windows.reserved_nanos + budget_windows.spent_nanos + excluded.reserved_nanos <= excluded.limit_nanos
      returning scope, period),
    written as (
      insert into usage (organization_id, id, orchestration_id, user_id, turn_key, agent, model, state, reserved_nanos,
        envelope_nanos, stepped_down_from, reserved_on, expires_at)
      select ${organizationId}::uuid, ${reservation.id}::uuid, ${orchestrationId}::uuid, ${userId}::uuid, ${reservation.turnKey},
        ${reservation.agent}, ${reservation.model}, 'reserved', ${nanos}::bigint, need.drawn, ${reservation.steppedDownFrom ?? null},
        need.day, now() + make_interval(secs => ${reservation.expiresInSeconds}) from need)
    select w.scope, w.user_id as "userId", w.period, w.starts_on as "startsOn", w.limit_nanos as "limitNanos",
      need.rest as "wantedNanos"
    from need, wanted w left join taken t on t.scope = w.scope and t.period = w.period
    where need.rest > 0 and t.scope is null order by w.scope, w.period`.execute(trx);
  await refuse(trx, rows[0]);
}

/** A window that did not take what was wanted of it. */
export interface Untaken extends Omit<Refusal, 'missingNanos' | 'resetsAt'> {
  readonly userId: string;
  readonly startsOn: string;
  readonly wantedNanos: Nanos;
}

/** @throws NoRoomInBudgetError that says what is missing, if a window was not taken. */
export async function refuse(trx: OrganizationTransaction, untaken: Untaken | undefined): Promise<void> {
  if (!untaken) return;
  const { scope, userId, period, startsOn, limitNanos, wantedNanos } = untaken;
  const window = await trx
    .selectFrom('budget_windows')
    .select(['reserved_nanos', 'spent_nanos'])
    .where('scope', '=', scope)
    .where('user_id', '=', userId)
    .where('period', '=', period)
    .where('starts_on', '=', startsOn)
    .executeTakeFirst();
  const used = (window?.reserved_nanos ?? 0) + (window?.spent_nanos ?? 0);
  const resetsAt = windowEnd(period, new Date(startsOn));
  throw new NoRoomInBudgetError({ scope, period, limitNanos, missingNanos: used + wantedNanos - limitNanos, resetsAt });
}

/** Which window of this person or of the organization has the least room now; undefined without any limit. */
export async function tightestPeriod(
  trx: OrganizationTransaction,
  { scope, userId }: { readonly scope: 'organization' | 'user'; readonly userId: string | null },
  limits: DefaultLimits,
): Promise<'day' | 'month' | 'year' | undefined> {
  const { rows } = await sql<{ period: 'day' | 'month' | 'year' }>`
    select w.period from (${windowsOf(userId, limits)}) w
    left join budget_windows b on b.scope = w.scope and b.user_id = w.user_id and b.period = w.period
      and b.starts_on = w.starts_on
    where w.scope = ${scope} and w.limit_nanos < ${UNLIMITED}
    order by w.limit_nanos - coalesce(b.spent_nanos + b.reserved_nanos, 0), w.period desc limit 1`.execute(trx);
  return rows[0]?.period;
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
