import { sql, type RawBuilder } from 'kysely';
import type { BudgetPolicy } from '../../contracts/money.ts';
import type { OrganizationTransaction } from '../organization.ts';
import { UNLIMITED, windowsOf, type DefaultLimits } from './budget.ts';

/** How tight the money of a call's person and organization is, with what else a call is prepared from. */
export interface Pressure {
  /** The highest share of a limit that is spent or reserved; what is set aside for the asker's own plan is not. */
  readonly pressure: number;
  /** What the organization has decided, if it has. */
  readonly policy: BudgetPolicy | null;
  /** Of the person, so that one look is enough before a call. */
  readonly timeZone: string | null;
}

/**
 * One look at the user's day and the organization's day, month and year, as one JSON value of another statement.
 * `userId` and `orchestrationId` may be columns of its.
 */
export const pressureOf = (
  { userId, orchestrationId }: { userId: RawBuilder<string | null>; orchestrationId: RawBuilder<string> },
  limits: DefaultLimits,
): RawBuilder<Pressure> => sql<Pressure>`(
    with own as (
      select user_id, reserved_on, remaining_nanos from envelopes where orchestration_id = ${orchestrationId}),
    used as (
      select w.limit_nanos, b.spent_nanos + b.reserved_nanos - coalesce(held.remaining_nanos, 0) as nanos
      from (${windowsOf(userId, limits)}) w
      join budget_windows b on b.scope = w.scope and b.user_id = w.user_id and b.period = w.period
        and b.starts_on = w.starts_on
      left join own held on b.starts_on = date_trunc(b.period, held.reserved_on)::date
        and (b.scope = 'organization' or b.user_id = held.user_id))
    select json_build_object(
      'pressure', (
        select coalesce(max(case when limit_nanos = 0 then 1 else nanos::double precision / limit_nanos end), 0)
        from used where limit_nanos < ${UNLIMITED}),
      'policy', (
        select json_build_object('stepDown', step_down, 'balancedFrom', balanced_from, 'fastFrom', fast_from)
        from budget_policies),
      'timeZone', (select time_zone from users where id = ${userId})))`;

/** What the organization has decided about tiers under pressure. */
export async function findBudgetPolicy(trx: OrganizationTransaction): Promise<BudgetPolicy | undefined> {
  const row = await trx
    .selectFrom('budget_policies')
    .select(['step_down', 'balanced_from', 'fast_from'])
    .executeTakeFirst();
  return row && { stepDown: row.step_down, balancedFrom: row.balanced_from, fastFrom: row.fast_from };
}

/** Safe to repeat. */
export const setBudgetPolicy = (trx: OrganizationTransaction, organizationId: string, policy: BudgetPolicy) =>
  trx
    .insertInto('budget_policies')
    .values({
      organization_id: organizationId,
      step_down: policy.stepDown,
      balanced_from: policy.balancedFrom,
      fast_from: policy.fastFrom,
    })
    .onConflict((conflict) =>
      conflict.column('organization_id').doUpdateSet((eb) => ({
        step_down: eb.ref('excluded.step_down'),
        balanced_from: eb.ref('excluded.balanced_from'),
        fast_from: eb.ref('excluded.fast_from'),
        updated_at: sql<string>`now()`,
      })),
    )
    .execute();

/** How much could still be reserved for a call or plan of this person: the least of their windows and the organization's; null without any limit. */
export async function roomFor(
  trx: OrganizationTransaction,
  userId: string | null,
  limits: DefaultLimits,
): Promise<number | null> {
  const { rows } = await sql<{ room: number | null }>`
    select min(w.limit_nanos - coalesce(b.spent_nanos + b.reserved_nanos, 0))::bigint as room
    from (${windowsOf(userId, limits)}) w
    left join budget_windows b on b.scope = w.scope and b.user_id = w.user_id and b.period = w.period
      and b.starts_on = w.starts_on
    where w.limit_nanos < ${UNLIMITED}`.execute(trx);
  return rows[0]?.room ?? null;
}
