import { sql, type Kysely } from 'kysely';

/** Why a human would have been asked about a call, where a setting of then made that needless. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(`alter table tool_calls add column waived_reasons jsonb`).execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql.raw(`alter table tool_calls drop column waived_reasons`).execute(db);
}
