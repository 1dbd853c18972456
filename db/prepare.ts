import { createHmac } from 'node:crypto';
import { Kysely, Migrator, PostgresDialect, sql } from 'kysely';
import { Client, Pool } from 'pg';
import { migrations } from './migrations/index.ts';

interface Prepared {
  /** The address the product connects with: a role that owns nothing. */
  readonly appUrl: string;
  /** Names of the migrations that ran now. */
  readonly applied: string[];
}

interface Preparing {
  readonly adminUrl: string;
  /** Random and kept: where the admin has no password, the application's follows from it. */
  readonly secret: () => string;
}

const APP_ROLE = 'nubabel_app';

/**
 * Brings a database to today's shape and gives the application its own role on it. `adminUrl` may also be the
 * application's own address: then nothing is changed and the shape is only checked.
 * @throws when migrations are missing and the role may not run them, or when a migration fails.
 */
export async function prepareDatabase({ adminUrl, secret }: Preparing): Promise<Prepared> {
  const pool = new Pool({ connectionString: adminUrl, max: 2 });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    if (!(await mayMigrate(db))) return { appUrl: await checkedAppUrl(db, adminUrl), applied: [] };
    const applied = await migrateToLatest(db);
    // Readiness compares what has run with what should have.
    await sql.raw(`grant select on kysely_migration to ${APP_ROLE}`).execute(db);
    return { appUrl: await giveAppRoleAPassword(db, { adminUrl, secret }), applied };
  } finally {
    await db.destroy();
  }
}

/** Runs what has not run yet; two at once wait for each other on the migrator's lock. */
export async function migrateToLatest(db: Kysely<unknown>): Promise<string[]> {
  const { error, results = [] } = await migratorOf(db).migrateToLatest();
  if (error) throw new Error('A migration failed; the database is as it was before it.', { cause: error });
  return results.map((result) => result.migrationName);
}

/** Takes back every migration; for tests of the way down and for operators. */
export async function migrateToNothing(db: Kysely<unknown>): Promise<void> {
  const migrator = migratorOf(db);
  for (;;) {
    const { error, results = [] } = await migrator.migrateDown();
    if (error) throw new Error('A migration could not be taken back.', { cause: error });
    if (results.length === 0) return;
  }
}

const migratorOf = (db: Kysely<unknown>) =>
  new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });

async function mayMigrate(db: Kysely<unknown>): Promise<boolean> {
  const { rows } = await sql<{ may: boolean }>`
    select (r.rolsuper or (r.rolcreaterole and has_schema_privilege('public', 'create'))) as may
    from pg_roles r where r.rolname = current_user`.execute(db);
  return rows[0]?.may ?? false;
}

async function checkedAppUrl(db: Kysely<unknown>, url: string): Promise<string> {
  const { rows } = await sql<{
    ready: boolean;
  }>`select to_regclass('public.orchestrations') is not null as ready`.execute(db);
  if (rows[0]?.ready) return url;
  throw new Error(
    'The database has no Nubabel tables and the role of DATABASE_URL may not create them. ' +
      'Give a role that may (superuser, or CREATEROLE with CREATE on the schema public) once, and it does the rest.',
  );
}

/**
 * The password follows from the admin's, so every start finds the same one without keeping a file, and two starts at once
 * cannot lock each other out. An admin without one, who comes in by a socket or a certificate, needs a secret that is kept.
 */
async function giveAppRoleAPassword(db: Kysely<unknown>, { adminUrl, secret }: Preparing): Promise<string> {
  const url = new URL(adminUrl);
  const password = createHmac('sha256', url.password || secret())
    .update(`${APP_ROLE}@${url.host}`)
    .digest('hex');
  url.username = APP_ROLE;
  url.password = password;
  // Where nobody is asked for a password every one would do, also one from before there was a secret.
  if (!new URL(adminUrl).password || !(await canConnect(url.toString()))) {
    await sql
      .raw(`alter role ${APP_ROLE} login password '${password}'`)
      .execute(db)
      .catch(async (error: unknown) => {
        // Two starts at once change the same catalogue row; the other one has done the work.
        if (!(await canConnect(url.toString()))) throw error;
      });
  }
  return url.toString();
}

async function canConnect(connectionString: string): Promise<boolean> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
