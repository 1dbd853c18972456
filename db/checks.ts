import { sql, type Kysely } from 'kysely';
import type { Database } from './tables/index.ts';
import { migrations } from './migrations/index.ts';

/** Tables that carry no organization's content and are not under row-level security. */
const OUTSIDE = ['kysely_migration', 'kysely_migration_lock'];

/** A database on which row-level security would not protect anybody. */
export class UnsafeDatabaseError extends Error {
  override readonly name = 'UnsafeDatabaseError';
}

/**
 * Refuses a connection on which tenancy would silently be off: a role that bypasses row-level security or owns (or may
 * become the owner of) a table, or a table without forced row-level security.
 * @throws UnsafeDatabaseError with every reason.
 */
export async function assertTenancyHolds(db: Kysely<Database>): Promise<void> {
  const reasons = [...(await roleProblems(db)), ...(await tableProblems(db))];
  if (reasons.length > 0)
    throw new UnsafeDatabaseError(
      `This database connection is not safe for many organizations:\n  ${reasons.join('\n  ')}\n` +
        'Connect as a role that owns nothing: `node db/main.ts migrate` makes one and prints its address.',
    );
}

async function roleProblems(db: Kysely<Database>): Promise<string[]> {
  const { rows } = await sql<{ name: string; super: boolean; bypass: boolean; owns: number }>`
    select r.rolname as name, r.rolsuper as super, r.rolbypassrls as bypass,
      (select count(*)::int from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'public' and c.relkind in ('r', 'p', 'v', 'm')
          and pg_has_role(r.oid, c.relowner, 'member')) as owns
    from pg_roles r where r.rolname = current_user`.execute(db);
  const role = rows[0];
  if (!role) return ['the current role is unknown'];
  return [
    ...(role.super ? [`role ${role.name} is a superuser`] : []),
    ...(role.bypass ? [`role ${role.name} may bypass row-level security`] : []),
    ...(role.owns > 0 ? [`role ${role.name} owns, or may act as the owner of, ${role.owns} table(s)`] : []),
  ];
}

async function tableProblems(db: Kysely<Database>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition
      and not (c.relrowsecurity and c.relforcerowsecurity)
      and c.relname <> all(${OUTSIDE})`.execute(db);
  return rows.map(({ name }) => `table ${name} has no forced row-level security`);
}

/** @throws when Postgres does not answer. */
export const pingDatabase = async (db: Kysely<Database>): Promise<void> => void (await sql`select 1`.execute(db));

/** Names of the migrations that this release has and the database has not. */
export async function listMissingMigrations(db: Kysely<Database>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
  return Object.keys(migrations).filter((name) => !rows.some((row) => row.name === name));
}
