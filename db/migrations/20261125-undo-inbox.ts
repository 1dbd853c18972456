import { sql, type Kysely } from 'kysely';

/** A wish to take back what a job has changed waits in the inbox like a request does. */
const allow = async (db: Kysely<unknown>, kinds: string): Promise<void> => {
  await sql`alter table inbox drop constraint inbox_kind_check`.execute(db);
  await sql`alter table inbox add constraint inbox_kind_check check (kind in (${sql.raw(kinds)}))`.execute(db);
};

export const up = (db: Kysely<unknown>): Promise<void> => allow(db, `'request', 'decision', 'steering', 'undo'`);

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`delete from inbox where kind = 'undo'`.execute(db);
  await allow(db, `'request', 'decision', 'steering'`);
}
