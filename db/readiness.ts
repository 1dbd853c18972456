import { sql, type Kysely } from 'kysely';
import { migrations } from './migrations/index.ts';
import type { Database } from './tables/index.ts';

/** @throws when Postgres does not answer. */
export const pingDatabase = async (db: Kysely<Database>): Promise<void> => void (await sql`select 1`.execute(db));

/** Names of the migrations that this release has and the database has not. */
export async function listMissingMigrations(db: Kysely<Database>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
  return Object.keys(migrations).filter((name) => !rows.some((row) => row.name === name));
}
