import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Kysely, PostgresDialect } from 'kysely';
import { Pool } from 'pg';
import { migrateToLatest, migrateToNothing, prepareDatabase } from '../../db/prepare.ts';
import { migrations } from '../../db/migrations/index.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let owner: Kysely<unknown>;
beforeAll(async () => {
  database = await openTestDatabase();
  owner = new Kysely<unknown>({
    dialect: new PostgresDialect({ pool: new Pool({ connectionString: database.adminUrl, max: 2 }) }),
  });
});
afterAll(async () => {
  await owner?.destroy();
  await database?.drop();
});

/** Everything that the migrations made: tables, columns, indexes, policies, grants, functions. */
const shape = async () => ({
  columns: await database.look(
    `select table_name, column_name, data_type, is_nullable, column_default from information_schema.columns
     where table_schema = 'public' and table_name !~ '^events_[0-9]' and table_name !~ '^kysely' order by 1, 2`,
  ),
  indexes: await database.look(
    `select indexdef from pg_indexes where schemaname = 'public' and tablename !~ '^events_[0-9]'
     and tablename !~ '^kysely' order by 1`,
  ),
  policies: await database.look(
    `select tablename, policyname, roles::text, cmd, qual, with_check from pg_policies order by 1, 2`,
  ),
  grants: await database.look(
    `select table_name, grantee, privilege_type from information_schema.role_table_grants
     where table_schema = 'public' and grantee like 'nubabel%' and table_name !~ '^kysely' order by 1, 2, 3`,
  ),
  functions: await database.look(
    `select p.proname, p.prosecdef, p.proacl::text, r.rolname as owner from pg_proc p join pg_roles r on r.oid = p.proowner
     where p.pronamespace = 'public'::regnamespace order by 1`,
  ),
});

it('goes up, down to nothing, and up to the same shape again', async () => {
  const before = await shape();
  expect(before.columns.length).toBeGreaterThan(100);
  await migrateToNothing(owner);
  const nothing = await shape();
  expect(nothing).toEqual({ columns: [], indexes: [], policies: [], grants: [], functions: [] });
  expect(await migrateToLatest(owner)).toEqual(Object.keys(migrations));
  expect(await shape()).toEqual(before);
});

const secret = () => 'not needed: the admin has a password';

it('does nothing when there is nothing to do', async () => {
  const { applied, appUrl } = await prepareDatabase({ adminUrl: database.adminUrl, secret });
  expect(applied).toEqual([]);
  expect(appUrl).toBe(database.appUrl);
});

it('lets two starts at once migrate the same empty database', async () => {
  await migrateToNothing(owner);
  const both = await Promise.all([1, 2].map(() => prepareDatabase({ adminUrl: database.adminUrl, secret })));
  expect(both.flatMap(({ applied }) => applied).sort()).toEqual(Object.keys(migrations).sort());
  expect(new Set(both.map(({ appUrl }) => appUrl))).toEqual(new Set([database.appUrl]));
});

it('takes the application’s own address as it is, and refuses it on an empty database', async () => {
  await expect(prepareDatabase({ adminUrl: database.appUrl, secret })).resolves.toEqual({
    appUrl: database.appUrl,
    applied: [],
  });
  await migrateToNothing(owner);
  await expect(prepareDatabase({ adminUrl: database.appUrl, secret })).rejects.toThrow('may not create them');
  await migrateToLatest(owner);
});
