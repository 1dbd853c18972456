import { sql, type Compilable, type RawBuilder } from 'kysely';
import type { Nanos } from '../../contracts/money.ts';
import type { OrganizationTransaction } from '../organization.ts';
import { along } from '../together.ts';

interface TokenCounts {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheWriteTokens: number;
  readonly cacheReadTokens: number;
}

/** A window after money moved in it. */
export interface MovedWindow {
  readonly scope: 'organization' | 'user';
  readonly userId: string;
  readonly period: 'day' | 'month' | 'year';
  readonly startsOn: string;
  readonly limitNanos: Nanos;
  readonly spentNanos: Nanos;
  /** The highest share of the limit that people were warned at. */
  readonly alertedShare: number;
}

/**
 * Replaces the reservation by what the call really cost; a reservation that had expired is corrected. `statements` go along
 * in the same round trip.
 */
export const settle = (
  trx: OrganizationTransaction,
  id: string,
  costNanos: Nanos,
  tokens: TokenCounts,
  statements: readonly Compilable[] = [],
) =>
  close(trx, {
    statements,
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
export const settleAsUnknown = (trx: OrganizationTransaction, turn?: { orchestrationId: string; turnKey: string }) =>
  close(trx, {
    state: 'unknown',
    from: turn
      ? sql`usage.orchestration_id = ${turn.orchestrationId} and usage.turn_key = ${turn.turnKey} and usage.state = 'reserved'`
      : sql`usage.state = 'reserved' and usage.expires_at < now()`,
    cost: sql`usage.reserved_nanos`,
  });

interface Closing {
  readonly state: 'settled' | 'released' | 'unknown';
  readonly from: RawBuilder<unknown>;
  readonly cost: RawBuilder<unknown>;
  readonly tokens?: TokenCounts;
  readonly statements?: readonly Compilable[];
}

const NO_TOKENS: TokenCounts = { inputTokens: 0, outputTokens: 0, cacheWriteTokens: 0, cacheReadTokens: 0 };

/**
 * The last part of a statement: moves `flows` (user_id, day, back from reserved, paid into spent) in all their windows,
 * locking them in the one order. The sums are made of the locked rows: Postgres checks constraints on what an update
 * makes of the row as the statement first saw it, which may be older, and below zero.
 */
export const MOVE_FLOWS = sql`
    moved as (
      select w.scope, w.user_id, w.period, w.starts_on, sum(f.back)::bigint as back, sum(f.paid)::bigint as paid
      from flows f join budget_windows w on (w.scope = 'organization' or w.user_id = f.user_id)
        and w.starts_on = date_trunc(w.period, f.day)::date
      group by 1, 2, 3, 4),
    locked as (
      select w.scope, w.user_id, w.period, w.starts_on, w.reserved_nanos - m.back as reserved, w.spent_nanos + m.paid as spent
      from budget_windows w join moved m using (scope, user_id, period, starts_on)
      order by w.scope, w.period, w.user_id, w.starts_on for update of w),
    applied as (
      update budget_windows w set reserved_nanos = l.reserved, spent_nanos = l.spent
      from locked l where w.scope = l.scope and w.user_id = l.user_id and w.period = l.period
        and w.starts_on = l.starts_on
      returning w.scope, w.user_id, w.period, w.starts_on, w.limit_nanos, w.spent_nanos, w.alerted_share)
    select scope, user_id as "userId", period, starts_on as "startsOn", limit_nanos as "limitNanos",
      spent_nanos as "spentNanos", alerted_share as "alertedShare" from applied`;

/**
 * One statement closes the usage rows and moves the money in all their windows. What a call took from an envelope and
 * did not spend goes back into it while it is open on the same day, and is free otherwise. Envelopes are locked even
 * when nothing goes back: the same transaction may draw from them next, and they come before the windows.
 */
async function close(
  trx: OrganizationTransaction,
  { state, from, cost, tokens = NO_TOKENS, statements }: Closing,
): Promise<MovedWindow[]> {
  const { rows } = await sql<MovedWindow>`
    with ${along(statements)} before as (select id, state as old_state from usage where ${from} order by id for update),
    closed as (
      update usage set state = ${state}, cost_nanos = ${cost}, settled_at = now(),
        input_tokens = ${tokens.inputTokens}, output_tokens = ${tokens.outputTokens},
        cache_write_tokens = ${tokens.cacheWriteTokens}, cache_read_tokens = ${tokens.cacheReadTokens}
      from before where usage.id = before.id
      returning usage.orchestration_id, usage.user_id, usage.reserved_on, usage.cost_nanos,
        greatest(usage.envelope_nanos - usage.cost_nanos, 0) as unspent,
        case when before.old_state = 'reserved' then usage.reserved_nanos else 0 end as from_reserved,
        case when before.old_state = 'unknown' then usage.reserved_nanos else 0 end as from_spent),
    held as (
      select e.orchestration_id, e.used_nanos, e.remaining_nanos,
        case when c.reserved_on = e.reserved_on then c.nanos else 0 end as nanos
      from envelopes e join (
        select orchestration_id, reserved_on, sum(unspent)::bigint as nanos from closed group by 1, 2
      ) c on c.orchestration_id = e.orchestration_id
      order by e.orchestration_id for update of e),
    refilled as (
      update envelopes e set used_nanos = h.used_nanos - h.nanos from held h
      where e.orchestration_id = h.orchestration_id and h.nanos > 0
      returning e.user_id, e.reserved_on, e.remaining_nanos - h.remaining_nanos as kept),
    flows as (
      select user_id, reserved_on as day, from_reserved as back, cost_nanos - from_spent as paid from closed
      union all select user_id, reserved_on, -kept, 0 from refilled),
    ${MOVE_FLOWS}`.execute(trx);
  return rows;
}

/** Remembers that people were warned at this share of the window's limit; false if they had been already. */
export async function markAlerted(trx: OrganizationTransaction, window: MovedWindow, share: number): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('budget_windows')
    .set({ alerted_share: share })
    .where('scope', '=', window.scope)
    .where('user_id', '=', window.userId)
    .where('period', '=', window.period)
    .where('starts_on', '=', window.startsOn)
    .where('alerted_share', '<', share)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}
