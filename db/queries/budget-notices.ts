import { sql } from 'kysely';
import type { OrganizationTransaction } from '../organization.ts';
import type { User } from './organizations.ts';
import type { MovedWindow } from './settle.ts';

/** A window whose newest warning people have not had in Slack yet. */
export interface UntoldWindow extends MovedWindow {
  /** As far as they know. */
  readonly notifiedShare: number;
  /** When the last claim of it ended; null where there was none since they were told. */
  readonly claimedUntil: string | null;
}

/** Present windows with a warning that nobody is telling: those first that nobody has claimed for longest. */
export const listUntold = (trx: OrganizationTransaction): Promise<UntoldWindow[]> =>
  trx
    .selectFrom('budget_windows')
    .select(['scope', 'user_id as userId', 'period', 'starts_on as startsOn', 'limit_nanos as limitNanos'])
    .select(['spent_nanos as spentNanos', 'alerted_share as alertedShare', 'notified_share as notifiedShare'])
    .select(sql<string | null>`notice_claimed_until::text`.as('claimedUntil'))
    .whereRef('alerted_share', '>', 'notified_share')
    .where('starts_on', '=', sql<string>`date_trunc(period, now() at time zone 'utc')::date`)
    .where(sql<boolean>`(notice_claimed_until is null or notice_claimed_until <= now())`)
    .orderBy(sql`notice_claimed_until nulls first, starts_on, user_id, period`)
    .execute();

/**
 * Claims a window for two minutes, or goes on with a claim, as it was seen last: with its end again. Undefined where
 * somebody else has taken it since.
 */
export const claimNotice = async (trx: OrganizationTransaction, window: UntoldWindow): Promise<string | undefined> =>
  (
    await ofWindow(trx, window)
      .set({ notice_claimed_until: sql`clock_timestamp() + interval '2 minutes'` })
      .returning(sql<string>`notice_claimed_until::text`.as('claimedUntil'))
      .executeTakeFirst()
  )?.claimedUntil;

/** Ends a claim: people know of the share, or a later round goes on with whoever has not been told. */
export const releaseNotice = (
  trx: OrganizationTransaction,
  window: UntoldWindow,
  { told }: { readonly told: boolean },
) =>
  ofWindow(trx, window)
    .set(
      told
        ? { notified_share: window.alertedShare, notice_claimed_until: null }
        : { notice_claimed_until: sql`clock_timestamp()` },
    )
    .execute();

const ofWindow = (trx: OrganizationTransaction, { scope, userId, period, startsOn, ...seen }: UntoldWindow) =>
  trx
    .updateTable('budget_windows')
    .where('scope', '=', scope)
    .where('user_id', '=', userId)
    .where('period', '=', period)
    .where('starts_on', '=', startsOn)
    .where('notified_share', '=', seen.notifiedShare)
    .where(sql<boolean>`notice_claimed_until is not distinct from ${seen.claimedUntil}::timestamptz`);

/** Somebody who has not heard of a window's warning, and has not been refused it for good. */
export interface Recipient extends Pick<User, 'id' | 'slack_team_id' | 'locale'> {
  readonly slack_user_id: string;
  /** Their time to be tried has come. */
  readonly due: boolean;
  /** Tries in a row that have failed for the moment. */
  readonly failures: number;
  /** A message may have been written already. */
  readonly mayBeThere: boolean;
}

/** More admins than anybody has; a mistake must not write to a whole company. */
const MAX_TOLD = 50;

/**
 * Who has still to hear of a window: the person whose it is, or the admins; only those who are still there and whom Slack
 * knows. Those who were not tried yet come first, then those whose last try is longest ago.
 */
export async function listRecipients(trx: OrganizationTransaction, window: UntoldWindow): Promise<Recipient[]> {
  const who = window.scope === 'user' ? sql`id = ${window.userId}` : sql`role = 'admin'`;
  const { rows } = await sql<Recipient>`
    select u.id, u.slack_team_id, u.slack_user_id, u.locale, coalesce(n.failures, 0) as failures,
      coalesce(n.next_at <= now(), true) as due,
      coalesce(n.may_be_there, ${window.claimedUntil !== null}) as "mayBeThere"
    from (select id, slack_team_id, slack_user_id, locale, created_at from users where ${who} and deactivated_at is null and slack_user_id is not null
      order by created_at limit ${MAX_TOLD}) u
    left join budget_notices n on n.recipient_id = u.id and n.scope = ${window.scope} and n.user_id = ${window.userId}
      and n.period = ${window.period} and n.starts_on = ${window.startsOn} and n.share = ${window.alertedShare}
    where coalesce(n.state, 'waiting') = 'waiting'
    order by n.tried_at nulls first, u.created_at, u.id`.execute(trx);
  return rows;
}

/** What has become of telling a person. */
interface NoticeChange {
  /** `waiting` for another try unless told: `refused` when there is no use in one. */
  readonly state?: 'told' | 'refused';
  readonly failures: number;
  readonly mayBeThere: boolean;
  /** It is being tried now. */
  readonly tried?: boolean;
  /** When there may be another try, from now on; at once unless told. */
  readonly retryInMs?: number;
  /** What Slack said last. */
  readonly problem?: string;
}

/** Keeps what has become of telling a person of a window. */
export const setNotice = (
  trx: OrganizationTransaction,
  { organizationId, window, recipientId }: NoticeKey,
  { state, failures, mayBeThere, tried, retryInMs = 0, problem }: NoticeChange,
) =>
  sql`insert into budget_notices as n (organization_id, scope, user_id, period, starts_on, share, recipient_id,
      state, failures, may_be_there, tried_at, next_at, problem)
    values (${organizationId}, ${window.scope}, ${window.userId}, ${window.period}, ${window.startsOn},
      ${window.alertedShare}, ${recipientId}, ${state ?? 'waiting'}, ${failures}, ${mayBeThere},
      ${tried ? sql`clock_timestamp()` : sql`null`},
      clock_timestamp() + make_interval(secs => ${retryInMs / 1_000}), ${problem ?? null})
    on conflict (organization_id, scope, user_id, period, starts_on, share, recipient_id) do update
      set state = excluded.state, failures = excluded.failures, may_be_there = excluded.may_be_there,
        tried_at = coalesce(excluded.tried_at, n.tried_at), next_at = excluded.next_at,
        problem = coalesce(excluded.problem, n.problem)`.execute(trx);

interface NoticeKey {
  readonly organizationId: string;
  readonly window: UntoldWindow;
  readonly recipientId: string;
}
