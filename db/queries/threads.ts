import { sql, type RawBuilder } from 'kysely';
import { FINAL_STATUSES, OPEN_STATUSES } from '../../contracts/orchestration.ts';
import type { OrganizationTransaction } from '../organization.ts';
import type { Orchestration } from './orchestrations.ts';
import type { User } from './organizations.ts';

interface ThreadPlace {
  readonly teamId: string;
  readonly channelId: string;
  readonly threadTs: string;
  readonly slackUserId: string;
  /** The message may be answering a question: one that waits comes first. */
  readonly isAnswer: boolean;
  /** Where nothing has happened in the thread, the newest work of the channel counts. */
  readonly isForChannel: boolean;
  /** The only work that counts, where a button names one. */
  readonly pressedJob?: string | undefined;
}

/** The work that a message in a thread is about, as far as entries need it. */
export interface ThreadJob extends Pick<
  Orchestration,
  'id' | 'status' | 'user_id' | 'session_id' | 'language' | 'approval' | 'edited_message'
> {
  /** The thread began with words to us, so what its asker writes there is meant for us. */
  readonly is_ours: boolean;
  /** Its answer ends with a question. */
  readonly asks_back: boolean;
  readonly thread_ts: string;
}
export type ThreadPerson = Pick<
  User,
  'id' | 'name' | 'role' | 'time_zone' | 'slack_standing' | 'slack_checked_at' | 'deactivated_at'
>;

/**
 * Who speaks, and the orchestration that they speak of: what is at work before what has ended, their own before others',
 * and of those the newest. What others say meanwhile, and what was refused, hides no question. In one round trip.
 */
export async function findThreadContext(
  trx: OrganizationTransaction,
  { teamId, channelId, threadTs, slackUserId, isAnswer, isForChannel, pressedJob }: ThreadPlace,
): Promise<{ person: ThreadPerson | undefined; job: ThreadJob | undefined }> {
  const finals = sql.join([...FINAL_STATUSES]);
  const { rows } = await sql<
    Omit<ThreadJob, 'id'> & { job: string | null; person: string | null } & Omit<ThreadPerson, 'id'>
  >`
    select u.id as person, u.name, u.role, u.time_zone, u.slack_standing, u.slack_checked_at, u.deactivated_at,
      o.id as job, o.status, o.user_id, o.session_id, o.language, o.approval, o.edited_message,
      o.slack_thread_ts as thread_ts,
      coalesce(right(rtrim(o.result->>'primary_result'), 1) in ('?', '？'), false) as asks_back,
      exists (select from orchestrations r where r.slack_channel_id = ${channelId}
        and r.slack_thread_ts = ${threadTs} and coalesce(r.slack_message_ts, r.slack_thread_ts) = ${threadTs}) as is_ours
    from (select 1) once
    left join users u on u.slack_team_id = ${teamId} and u.slack_user_id = ${slackUserId}
    left join lateral (
      select * from (${candidates({ teamId, channelId, threadTs, isForChannel, pressedJob })}) candidates
      order by slack_thread_ts = ${threadTs} desc, (${isAnswer} and status = 'awaiting_approval') desc,
        status not in (${finals}) desc, coalesce(user_id = u.id, false) desc, created_at desc
      limit 1) o on true`.execute(trx);
  const row = rows[0];
  if (!row) return { person: undefined, job: undefined };
  const { person, name, role, time_zone, slack_standing, slack_checked_at, deactivated_at, job, ...rest } = row;
  return {
    person:
      person === null
        ? undefined
        : { id: person, name, role, time_zone, slack_standing, slack_checked_at, deactivated_at },
    job: job === null ? undefined : { id: job, ...rest },
  };
}

/** Of a channel so many of the newest are looked at, beside all that goes on; a direct message has one asker. */
const NEWEST_OF_CHANNEL = 50;

/** The work that a message may be about: of its thread, or of its channel, or the one that is named. */
function candidates({
  teamId,
  channelId,
  threadTs,
  isForChannel,
  pressedJob,
}: Omit<ThreadPlace, 'slackUserId' | 'isAnswer'>): RawBuilder<unknown> {
  const here = sql`select * from orchestrations where slack_channel_id = ${channelId} and slack_thread_ts is not null`;
  if (pressedJob) return sql`${here} and id = ${pressedJob}`;
  const inThread = sql`${here} and slack_thread_ts = ${threadTs}`;
  if (!isForChannel) return inThread;
  const ofChannel = sql`${here} and slack_team_id = ${teamId}`;
  return sql`${inThread}
    union all (${ofChannel} and slack_thread_ts <> ${threadTs} and status in (${sql.join(OPEN_STATUSES)}))
    union all (${ofChannel} and slack_thread_ts <> ${threadTs} and status not in (${sql.join(OPEN_STATUSES)})
      order by created_at desc limit ${sql.lit(NEWEST_OF_CHANNEL)})`;
}

/** The newest of a thread that has changed something outside, taken back or not; their own before others'. */
export const findChangedInThread = (
  trx: OrganizationTransaction,
  { channelId, threadTs, userId }: { channelId: string; threadTs: string; userId: string },
): Promise<(Pick<Orchestration, 'id' | 'language'> & { readonly asks: boolean }) | undefined> =>
  trx
    .selectFrom('orchestrations as o')
    .select(['o.id', 'o.language'])
    // Whether taking it back waits for an answer.
    .select(({ exists, selectFrom }) =>
      exists(
        selectFrom('effects as a')
          .select('a.key')
          .whereRef('a.orchestration_id', '=', 'o.id')
          .where('a.undo_state', '=', 'ASK'),
      )
        .$castTo<boolean>()
        .as('asks'),
    )
    .where('o.slack_channel_id', '=', channelId)
    .where('o.slack_thread_ts', '=', threadTs)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('effects as e')
          .select('e.key')
          .whereRef('e.orchestration_id', '=', 'o.id')
          .where('e.state', '=', 'DONE'),
      ),
    )
    .orderBy((eb) => eb.fn.coalesce(eb('o.user_id', '=', userId), eb.lit(false)), 'desc')
    .orderBy('o.created_at', 'desc')
    .limit(1)
    .executeTakeFirst();

/** Work of a person that goes on, and questions that wait for them, the newest first. */
export const listOpenWork = (
  trx: OrganizationTransaction,
  { userId, limit }: { userId: string; limit: number },
): Promise<Pick<Orchestration, 'id' | 'status' | 'step' | 'progress' | 'message' | 'message_deleted_at'>[]> =>
  trx
    .selectFrom('orchestrations')
    .select(['id', 'status', 'step', 'progress', 'message', 'message_deleted_at'])
    .where('user_id', '=', userId)
    .where('status', 'in', [...OPEN_STATUSES])
    .orderBy('created_at', 'desc')
    .limit(limit)
    .execute();

/** Words of other people have come to the work: what it does from now on may come from them. */
export const setQuotesOthers = (trx: OrganizationTransaction, id: string) =>
  trx.updateTable('orchestrations').set({ quotes_others: true }).where('id', '=', id).execute();

/** The messages that asked for work in the thread of this one before it, oldest first. */
export async function findEarlierRequests(
  trx: OrganizationTransaction,
  { slack_channel_id: channelId, slack_thread_ts: threadTs, slack_message_ts: ts }: Orchestration,
): Promise<string[]> {
  const rows = await trx
    .selectFrom('orchestrations')
    .select('slack_message_ts as ts')
    .where('slack_channel_id', '=', channelId)
    .where('slack_thread_ts', '=', threadTs)
    .where('slack_message_ts', '<', ts)
    .orderBy('slack_message_ts')
    .execute();
  return rows.flatMap((row) => row.ts ?? []);
}

/** Other people's words have been put below a request; whoever reads the conversation later reads them too. */
export async function setRequestWords(trx: OrganizationTransaction, id: string, message: string): Promise<void> {
  await trx.updateTable('orchestrations').set({ message, quotes_others: true }).where('id', '=', id).execute();
  await trx
    .updateTable('messages')
    .set({ content: message })
    .where('orchestration_id', '=', id)
    .where('role', '=', 'user')
    .execute();
}

/** Where the work is shown and answered from now on. */
export const setThread = (
  trx: OrganizationTransaction,
  id: string,
  { channelId, threadTs }: { readonly channelId: string; readonly threadTs: string },
) =>
  trx
    .updateTable('orchestrations')
    .set({ slack_channel_id: channelId, slack_thread_ts: threadTs })
    .where('id', '=', id)
    .execute();

/** The work that a message has asked for, oldest first. */
export const listAskedBy = (
  trx: OrganizationTransaction,
  { channelId, ts }: { readonly channelId: string; readonly ts: string },
): Promise<Orchestration[]> =>
  trx
    .selectFrom('orchestrations')
    .selectAll()
    .where('slack_channel_id', '=', channelId)
    .where('slack_message_ts', '=', ts)
    .orderBy('created_at')
    .execute();

/** Keeps what a person has made of their request, until they want it used. */
export const setEdited = (trx: OrganizationTransaction, id: string, text: string | null) =>
  trx.updateTable('orchestrations').set({ edited_message: text }).where('id', '=', id).execute();

/**
 * Takes the words of a deleted request away from whoever reads the job or the conversation. Work that runs still needs
 * them: they go with its end.
 */
export async function forgetRequestWords(
  trx: OrganizationTransaction,
  { id, session_id: sessionId, status, message }: Orchestration,
  instead: string,
): Promise<void> {
  const isOver = (FINAL_STATUSES as readonly string[]).includes(status);
  await trx
    .updateTable('orchestrations')
    .set({ message_deleted_at: sql<string>`now()`, edited_message: null, ...(isOver && { message: instead }) })
    .where('id', '=', id)
    .execute();
  await trx
    .updateTable('messages')
    .set({ content: instead })
    .where('orchestration_id', '=', id)
    .where('role', '=', 'user')
    .execute();
  await trx
    .updateTable('sessions')
    .set({ title: instead })
    .where('id', '=', sessionId)
    .where('title', '=', sql<string>`left(trim(${message}), length(title))`)
    .execute();
}
