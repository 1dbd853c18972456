import { sql, type RawBuilder } from 'kysely';
import type { Nanos } from '../../contracts/money.ts';
import { FINAL_STATUSES } from '../../contracts/orchestration.ts';
import type { OrganizationTransaction } from '../organization.ts';
import { refuse, TODAY, windowsOf, type DefaultLimits, type Untaken } from './budget.ts';
import { MOVE_FLOWS, type MovedWindow } from './settle.ts';

interface EnvelopeRequest {
  readonly organizationId: string;
  readonly orchestrationId: string;
  readonly userId: string | null;
  /** The whole of the plan: what its calls have taken from the envelope already counts towards it. */
  readonly nanos: Nanos;
  /** What remains is given back if nobody closes the envelope for this long, s. */
  readonly expiresInSeconds: number;
}

interface LockedEnvelope {
  readonly userId: string | null;
  readonly usedNanos: Nanos;
  readonly remainingNanos: Nanos;
  readonly reservedOn: string;
  readonly today: string;
}

/**
 * Sets money aside for a plan, reserved in every window at once; the plan's calls draw from it. Safe to repeat: another
 * amount reserves or gives back the difference, and what remains of an earlier day moves into the windows of today.
 * Whoever opens has locked the orchestration's row, as a turn that is tried again has, so that neither waits in a circle.
 * @throws NoRoomInBudgetError when a window has no room; the caller's transaction must roll back.
 */
export async function openEnvelope(
  trx: OrganizationTransaction,
  wanted: EnvelopeRequest,
  limits: DefaultLimits,
): Promise<void> {
  const locked = await lockEnvelope(trx, wanted);
  const shifts = [
    { day: locked.reservedOn, nanos: -locked.remainingNanos },
    { day: locked.today, nanos: Math.max(wanted.nanos - locked.usedNanos, 0) },
  ];
  await shiftReserved(trx, { organizationId: wanted.organizationId, userId: locked.userId, shifts }, limits);
  await trx
    .updateTable('envelopes')
    .set({ wanted_nanos: wanted.nanos, reserved_on: locked.today, closed_at: null })
    .where('orchestration_id', '=', wanted.orchestrationId)
    .execute();
}

/** Locks the orchestration's envelope, which is empty if it is new. */
async function lockEnvelope(trx: OrganizationTransaction, wanted: EnvelopeRequest): Promise<LockedEnvelope> {
  const { rows } = await sql<LockedEnvelope>`
    insert into envelopes as e (organization_id, orchestration_id, user_id, wanted_nanos, reserved_on, expires_at)
    values (${wanted.organizationId}, ${wanted.orchestrationId}, ${wanted.userId}, 0, ${TODAY},
      now() + make_interval(secs => ${wanted.expiresInSeconds}))
    on conflict (organization_id, orchestration_id) do update set expires_at = excluded.expires_at
    returning e.user_id as "userId", e.used_nanos as "usedNanos", e.remaining_nanos as "remainingNanos",
      e.reserved_on as "reservedOn", ${TODAY} as today`.execute(trx);
  const [locked] = rows;
  if (!locked) throw new Error(`The envelope of ${wanted.orchestrationId} could not be written.`);
  return locked;
}

interface Shift {
  readonly organizationId: string;
  readonly userId: string | null;
  readonly shifts: readonly { readonly day: string; readonly nanos: Nanos }[];
}

/** Adds to what is reserved in the windows of these days, only where there is room; less always has room. */
async function shiftReserved(
  trx: OrganizationTransaction,
  { organizationId, userId, shifts }: Shift,
  limits: DefaultLimits,
): Promise<void> {
  const values = shifts.map(({ day, nanos }) => sql`(${day}::date, ${nanos}::bigint)`);
  const { rows } = await sql<Untaken>`
    with wanted as materialized (
      select w.*, sum(s.nanos)::bigint as nanos from (values ${sql.join(values)}) as s (day, nanos)
      cross join lateral (${windowsOf(userId, limits, sql`s.day`)}) w group by 1, 2, 3, 4, 5),
    taken as (
      insert into budget_windows (organization_id, scope, user_id, period, starts_on, reserved_nanos, limit_nanos)
      select ${organizationId}::uuid, scope, user_id, period, starts_on, greatest(nanos, 0), limit_nanos from wanted
      where nanos < 0 or (nanos > 0 and nanos <= limit_nanos) order by scope, period, user_id, starts_on
      on conflict (organization_id, scope, user_id, period, starts_on) do update
        set limit_nanos = excluded.limit_nanos, reserved_nanos = budget_windows.reserved_nanos + (
          select w.nanos from wanted w where w.scope = budget_windows.scope and w.user_id = budget_windows.user_id
            and w.period = budget_windows.period and w.starts_on = budget_windows.starts_on)
        where excluded.reserved_nanos = 0
          or budget_windows.reserved_nanos + budget_windows.spent_nanos + excluded.reserved_nanos <= excluded.limit_nanos
      returning scope, period, starts_on)
    select w.scope, w.user_id as "userId", w.period, w.starts_on as "startsOn", w.limit_nanos as "limitNanos",
      w.nanos as "wantedNanos"
    from wanted w left join taken t using (scope, period, starts_on)
    where w.nanos > 0 and t.scope is null order by w.scope, w.period`.execute(trx);
  await refuse(trx, rows[0]);
}

/** Gives back what remains of the orchestration's envelope. Safe to repeat. */
export const closeEnvelope = (trx: OrganizationTransaction, orchestrationId: string) =>
  close(trx, sql`e.orchestration_id = ${orchestrationId}`);

/** Gives back what remains of envelopes that have expired, or whose orchestration has ended without closing them. */
export const closeLeftEnvelopes = (trx: OrganizationTransaction) =>
  close(
    trx,
    sql`(e.expires_at < now() or exists (select from orchestrations o
      where o.id = e.orchestration_id and o.status in (${sql.join([...FINAL_STATUSES])})))`,
  );

/** It was promised to nobody, so nothing of it counts as spent. */
async function close(trx: OrganizationTransaction, which: RawBuilder<unknown>): Promise<MovedWindow[]> {
  const { rows } = await sql<MovedWindow>`
    with held as (
      select e.orchestration_id, e.remaining_nanos from envelopes e where e.closed_at is null and ${which}
      order by e.orchestration_id for update of e),
    shut as (
      update envelopes e set closed_at = now() from held h where e.orchestration_id = h.orchestration_id
      returning e.user_id, e.reserved_on, h.remaining_nanos as back),
    flows as (select user_id, reserved_on as day, back, 0 as paid from shut where back > 0),
    ${MOVE_FLOWS}`.execute(trx);
  return rows;
}
