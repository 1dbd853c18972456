import { sql, type Kysely } from 'kysely';

/** Work is handed to coding agents only where an admin of the organization has allowed it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table organizations add column delegation boolean not null default false`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`alter table organizations drop column delegation`.execute(db);
}
