import { sql, type Insertable, type Selectable } from 'kysely';
import type { SessionsTable } from '../tables/work.ts';
import type { OrganizationTransaction } from '../organization.ts';

type Session = Selectable<SessionsTable>;

export const findSession = (trx: OrganizationTransaction, id: string): Promise<Session | undefined> =>
  trx.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst();

export const insertSession = (trx: OrganizationTransaction, row: Insertable<SessionsTable>) =>
  trx.insertInto('sessions').values(row).execute();

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
