import { sql, type Insertable, type Selectable } from 'kysely';
import type { SessionsTable, MessagesTable } from '../tables/work.ts';
import type { OrganizationTransaction } from '../organization.ts';

type Session = Selectable<SessionsTable>;

export const findSession = (trx: OrganizationTransaction, id: string): Promise<Session | undefined> =>
  trx.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst();

/** A new session as a statement that goes along with another. */
export const sessionInsert = (trx: OrganizationTransaction, row: Insertable<SessionsTable>) =>
  trx.insertInto('sessions').values(row);

/** The session of a Slack thread, made when the thread is new. */
export const upsertSlackSession = (
  trx: OrganizationTransaction,
  row: Insertable<SessionsTable> & { slack_team_id: string; slack_channel_id: string; slack_thread_ts: string },
): Promise<Session> =>
  trx
    .insertInto('sessions')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['organization_id', 'slack_team_id', 'slack_channel_id', 'slack_thread_ts'])
        .doUpdateSet({ updated_at: sql<string>`now()` }),
    )
    .returningAll()
    .executeTakeFirstOrThrow();

/** Marks a session that goes on; false when there is none. */
export async function touchSession(trx: OrganizationTransaction, id: string): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('sessions')
    .set({ updated_at: sql<string>`now()` })
    .where('id', '=', id)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export type Message = Selectable<MessagesTable>;

type NewMessage = Pick<Message, 'organization_id' | 'id' | 'session_id' | 'orchestration_id' | 'role' | 'content'>;

/** A message as a statement that goes along with another. Safe to repeat: an orchestration has one question and one answer. */
export const messageInsert = (trx: OrganizationTransaction, row: NewMessage) =>
  trx
    .insertInto('messages')
    .values(row)
    .onConflict((conflict) => conflict.doNothing());

export const insertMessage = (trx: OrganizationTransaction, row: NewMessage) => messageInsert(trx, row).execute();

/** The newest messages of a session, oldest first; words that were refused are nobody's memory. */
export async function listRecentMessages(
  trx: OrganizationTransaction,
  input: { sessionId: string; limit: number; exceptOrchestrationId?: string },
): Promise<Message[]> {
  const rows = await trx
    .selectFrom('messages')
    .selectAll()
    .where('session_id', '=', input.sessionId)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('orchestrations')
            .select('orchestrations.id')
            .whereRef('orchestrations.id', '=', 'messages.orchestration_id')
            .where('orchestrations.refusal', 'is not', null),
        ),
      ),
    )
    .$if(input.exceptOrchestrationId !== undefined, (query) =>
      query.where('orchestration_id', 'is distinct from', input.exceptOrchestrationId ?? null),
    )
    .orderBy('created_at', 'desc')
    .limit(input.limit)
    .execute();
  return rows.reverse();
}
