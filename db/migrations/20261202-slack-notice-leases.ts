import { sql, type Kysely } from 'kysely';

/** Until when a process tells people of it: whoever dies on the way leaves it to the next one after that. */
const UP = [
  `alter table budget_windows add column notice_claimed_until timestamptz`,
  `alter table slack_posts add column lost_claimed_until timestamptz`,
];

const DOWN = [
  `alter table slack_posts drop column lost_claimed_until`,
  `alter table budget_windows drop column notice_claimed_until`,
];

export async function up(db: Kysely<any>): Promise<void> {
  for (const statement of UP) await sql.raw(statement).execute(db);
}

export async function down(db: Kysely<any>): Promise<void> {
  for (const statement of DOWN) await sql.raw(statement).execute(db);
}
