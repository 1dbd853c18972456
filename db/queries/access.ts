import { sql, type RawBuilder, type SqlBool } from 'kysely';
import type { AccessPolicy, Principal } from '../../contracts/request.ts';
import type { OrganizationTransaction } from '../organization.ts';
import type { Orchestration } from './orchestrations.ts';
import { IS_PERSONAL } from './tool-views.ts';

/** Who looks. */
export type Viewer = Pick<Principal, 'userId' | 'role'>;

/** Admins see all work of the organization unless it has decided otherwise. */
const seesAllWork = ({ role }: Viewer): RawBuilder<SqlBool> =>
  role === 'admin' ? sql`exists (select from organizations where admins_see_work)` : sql`false`;

/** As `seesAllWork`, asked beforehand by whoever lists: all work and one person's are found in different ways. */
export const seesAll = async (trx: OrganizationTransaction, { role }: Viewer): Promise<boolean> =>
  role === 'admin' && (await getAccessPolicy(trx)).adminsSeeWork;

/** Whether somebody takes part in a conversation: has begun it, or has asked in it. */
const takesPart = ({ userId }: Viewer, session: RawBuilder<unknown>): RawBuilder<SqlBool> => sql`(
  exists (select from sessions mine where mine.id = ${session} and mine.user_id = ${userId})
  or exists (select from session_guests g where g.session_id = ${session} and g.user_id = ${userId}))`;

/**
 * The conversations of Slack that somebody is a member of, while what Slack has said of them is believed: five minutes.
 * It does not depend on the row that is looked at, so it is looked up once in a query, by the table's key.
 */
export const channelsOf = ({ userId }: Viewer): RawBuilder<unknown> => sql`(
  select u.slack_team_id, unnest(m.channels) from slack_memberships m
    join users u on u.organization_id = m.organization_id and u.id = m.user_id
  where m.user_id = ${userId} and m.seen_at > now() - interval '5 minutes'
    and u.deactivated_at is null and u.slack_team_id is not null)`;

const asText = (text: string): RawBuilder<unknown> => sql`to_jsonb(${text}::text)`;

/** Whether a question that waits names this person, now or later, so that they have to see what it is about. */
export const isAsked = ({ userId, role }: Viewer): RawBuilder<SqlBool> =>
  role === 'guest'
    ? sql`false`
    : sql`(o.status = 'awaiting_approval' and o.approval is not null and (
        o.approval->'policy'->'roles' @> ${asText(role)}
        or o.approval->'policy'->'users' @> ${asText(userId)}
        or o.approval->'policy'->'delegates' @> jsonb_build_array(jsonb_build_object('delegateId', ${userId}::text))
        or o.approval->'policy'->'escalation'->'roles' @> ${asText(role)}
        or o.approval->'policy'->'escalation'->'users' @> ${asText(userId)}))`;

/** Who has answered a question may follow what became of it. */
const hasAnswered = ({ userId }: Viewer): RawBuilder<SqlBool> =>
  sql`exists (select from approval_answers a where a.orchestration_id = o.id and a.user_id = ${userId})`;

/** The one rule for jobs, over `orchestrations as o`; lists follow it in `job-lists.ts`. */
export const maySeeJob = (viewer: Viewer): RawBuilder<SqlBool> =>
  sql`(o.user_id = ${viewer.userId} or ${seesAllWork(viewer)} or ${takesPart(viewer, sql`o.session_id`)}
    or (o.slack_team_id, o.slack_channel_id) in ${channelsOf(viewer)}
    or ${isAsked(viewer)} or ${hasAnswered(viewer)})`;

/** A job that this person may see; undefined alike when it is not there and when it is not for them. */
export const findVisibleJob = (
  trx: OrganizationTransaction,
  viewer: Viewer,
  id: string,
): Promise<Orchestration | undefined> =>
  trx
    .selectFrom('orchestrations as o')
    .selectAll('o')
    .where('o.id', '=', id)
    .where(maySeeJob(viewer))
    .executeTakeFirst();

/** The answer of a job as far as it may be looked through: not where a personal connection of somebody else is in it. */
export const ownWords = ({ userId }: Viewer): RawBuilder<string> => sql`case
  when o.user_id = ${userId} or not exists (select from tool_calls t left join connections c on c.id = t.connection_id
    where t.orchestration_id = o.id and ${IS_PERSONAL})
  then coalesce(o.result->>'primary_result', '') else '' end`;

/** Which of these jobs this person may see. */
export async function listVisibleIds(
  trx: OrganizationTransaction,
  viewer: Viewer,
  ids: readonly string[],
): Promise<Set<string>> {
  const rows = await trx
    .selectFrom('orchestrations as o')
    .select('o.id')
    // One parameter however many there are, so that it stays one prepared statement.
    .where('o.id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .where(maySeeJob(viewer))
    .execute();
  return new Set(rows.map(({ id }) => id));
}

/** Whether this person may read a conversation; whoever only sees it in their channel does not go on with it. */
export async function isVisibleSession(
  trx: OrganizationTransaction,
  viewer: Viewer,
  id: string,
  use: 'read' | 'go-on',
): Promise<boolean> {
  const isMember = use === 'read' ? sql`(s.slack_team_id, s.slack_channel_id) in ${channelsOf(viewer)}` : sql`false`;
  const { rows } = await sql`select from sessions s where s.id = ${id}
    and (${seesAllWork(viewer)} or ${takesPart(viewer, sql`s.id`)} or ${isMember})`.execute(trx);
  return rows.length > 0;
}

export async function getAccessPolicy(trx: OrganizationTransaction): Promise<AccessPolicy> {
  const row = await trx
    .selectFrom('organizations')
    .select(['admins_see_work', 'admins_see_personal'])
    .executeTakeFirstOrThrow();
  return { adminsSeeWork: row.admins_see_work, adminsSeePersonal: row.admins_see_personal };
}

/** Takes effect with the next look; streams that are open follow within half a minute. */
export const setAccessPolicy = (
  trx: OrganizationTransaction,
  organizationId: string,
  { adminsSeeWork, adminsSeePersonal }: AccessPolicy,
) =>
  trx
    .updateTable('organizations')
    .set({ admins_see_work: adminsSeeWork, admins_see_personal: adminsSeePersonal })
    .where('id', '=', organizationId)
    .execute();

/**
 * Which of these jobs have answers of a personal connection in them. One that has been deleted since may have been
 * personal.
 */
export async function listPersonal(trx: OrganizationTransaction, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await trx
    .selectFrom('tool_calls as t')
    .leftJoin('connections as c', 'c.id', 't.connection_id')
    .select('t.orchestration_id')
    .distinct()
    .where('t.orchestration_id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .where(IS_PERSONAL)
    .execute();
  return new Set(rows.map(({ orchestration_id }) => orchestration_id));
}

/** What events have counted of a person's conversations when they are listed. */
interface MembershipCounts {
  /** They have left one so often. */
  readonly version: number;
  /** They have come into one so often. */
  readonly joins: number;
}

/** What is listed from now on counts only while nobody has left since, and knows of these who came. */
export const findMembershipCounts = async (trx: OrganizationTransaction, userId: string): Promise<MembershipCounts> => {
  const found = trx.selectFrom('slack_memberships').select(['version', 'joins']).where('user_id', '=', userId);
  return (await found.executeTakeFirst()) ?? { version: 0, joins: 0 };
};

/** Keeps what Slack has listed. False where somebody left meanwhile; then nothing is kept. */
export async function setMemberships(
  trx: OrganizationTransaction,
  row: MembershipCounts & { organizationId: string; userId: string; channels: readonly string[] },
): Promise<boolean> {
  const { organizationId, userId, channels, version, joins } = row;
  const { rows } = await sql`
    insert into slack_memberships as m (organization_id, user_id, channels, seen_at, version, listed_joins)
    values (${organizationId}, ${userId}, ${sql.val([...channels])}::text[], now(), ${version}, ${joins})
    on conflict (organization_id, user_id) do update
      set channels = excluded.channels, seen_at = excluded.seen_at, listed_joins = excluded.listed_joins
      where m.version = excluded.version
    returning m.user_id`.execute(trx);
  return rows.length > 0;
}

/**
 * Somebody has left a conversation, and has no right by it any more; or they have come into one, which only makes the list
 * stale: Slack delivers events late and again, so nobody gets a right by one. Nothing happens for whom nobody knows.
 */
export const changeMembership = (
  trx: OrganizationTransaction,
  { teamId, slackUserId, channelId, isMember }: Membership,
) =>
  sql`insert into slack_memberships as m (organization_id, user_id, version, joins)
    select u.organization_id, u.id, ${isMember ? 0 : 1}, ${isMember ? 1 : 0}
    from users u where u.slack_team_id = ${teamId} and u.slack_user_id = ${slackUserId}
    on conflict (organization_id, user_id) do update
      set version = m.version + excluded.version, joins = m.joins + excluded.joins,
        channels = case when ${isMember} then m.channels else array_remove(m.channels, ${channelId}) end`.execute(trx);

/** Whether somebody is in a conversation of Slack now. */
export interface Membership {
  readonly teamId: string;
  readonly slackUserId: string;
  readonly channelId: string;
  readonly isMember: boolean;
}
