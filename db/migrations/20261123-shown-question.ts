import { sql, type Kysely } from 'kysely';

/** Which question a Slack message shows, so that a word in its thread answers that one and no other. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table slack_posts add column shown_hash text`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`alter table slack_posts drop column shown_hash`.execute(db);
}
