import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

/** T1, T3 and T4 of the threat list, asked of Postgres' own catalogue, so that a new table cannot forget them. */
let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase(1);
});
afterAll(() => database?.drop());

const names = async (query: string): Promise<string[]> =>
  (await database.look<{ name: string }>(query)).map(({ name }) => name).sort();

/** Unique keys that span organizations, each with the reason. */
const GLOBAL_KEYS: Readonly<Record<string, string>> = {
  organizations_pkey: 'the organization itself; its id is random',
  api_tokens_token_hash_key: 'the SHA-256 of a long random token says who speaks before the organization is known',
  slack_workspaces_team_id_key: 'a workspace maps to exactly one organization; only an installation may insert one',
};

/** Functions that run with more rights than their caller. */
const DEFINERS: Readonly<Record<string, string>> = {
  find_token: 'nubabel_directory',
  find_slack_workspace: 'nubabel_directory',
  organizations_with_backlog: 'nubabel_directory',
  organizations_with_orphans: 'nubabel_directory',
  organizations_with_open_envelopes: 'nubabel_directory',
  organizations_with_notices: 'nubabel_directory',
  find_oauth_state: 'nubabel_directory',
  organizations_with_secrets: 'nubabel_directory',
  overdue_deliveries: 'nubabel_directory',
  maintain_event_partitions: 'postgres',
};

/** Each answers the names of what breaks a rule; none may. */
const RULES = {
  'is under enabled and forced row-level security with a policy for the application': `
    select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace
    and c.relkind in ('r', 'p') and not c.relispartition and c.relname !~ '^kysely_' and not (
      c.relrowsecurity and c.relforcerowsecurity and exists (select from pg_policies p where p.tablename = c.relname
        and p.policyname = 'tenant' and p.cmd = 'ALL' and p.roles = '{nubabel_app}'
        and p.qual ~ 'nubabel_organization' and p.with_check ~ 'nubabel_organization'))`,
  'belongs to one organization by a column that is never null': `
    select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace
    and c.relkind in ('r', 'p') and not c.relispartition and c.relname !~ '^kysely_' and c.relname <> 'organizations'
    and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'organization_id'
      and a.attnotnull and a.atttypid = 'uuid'::regtype)`,
  'has no unique key that would tell one organization what another one has': `
    select i.relname as name from pg_index x join pg_class i on i.oid = x.indexrelid
    join pg_class c on c.oid = x.indrelid where c.relnamespace = 'public'::regnamespace and x.indisunique
    and c.relname !~ '^kysely_' and i.relname not in (${Object.keys(GLOBAL_KEYS)
      .map((key) => `'${key}'`)
      .join(', ')})
    and not exists (select from pg_attribute a
      where a.attrelid = c.oid and a.attname = 'organization_id' and a.attnum = any(x.indkey))`,
  'points only at rows of its own organization': `
    select k.conrelid::regclass::text || '.' || k.conname as name from pg_constraint k where k.contype = 'f'
    and k.connamespace = 'public'::regnamespace and k.conparentid = 0 and not exists (
      select from unnest(k.conkey, k.confkey) as pair (own, theirs)
      join pg_attribute o on o.attrelid = k.conrelid and o.attnum = pair.own
      join pg_attribute t on t.attrelid = k.confrelid and t.attnum = pair.theirs
      where o.attname = 'organization_id'
        and t.attname = case when k.confrelid = 'organizations'::regclass then 'id' else 'organization_id' end)`,
  'has an index behind every foreign key': `
    select k.conrelid::regclass::text || '.' || k.conname as name from pg_constraint k
    where k.contype = 'f' and k.connamespace = 'public'::regnamespace and k.conparentid = 0 and not exists (
      select from pg_index x where x.indrelid = k.conrelid and x.indpred is null
      and (select array_agg(n order by n) from unnest((x.indkey::int2[])[0:cardinality(k.conkey) - 1]) n)
        = (select array_agg(n order by n) from unnest(k.conkey) n))`,
} as const;

describe('every table', () => {
  it.each(Object.entries(RULES))('%s', async (_, rule) => {
    expect(await names(rule)).toEqual([]);
  });

  it('is among those that were looked at', async () => {
    const [count] = await database.look<{ count: number }>(
      `select count(*)::int as count from pg_class c where c.relnamespace = 'public'::regnamespace
       and c.relkind in ('r', 'p') and not c.relispartition and c.relname !~ '^kysely_'`,
    );
    expect(count?.count).toBeGreaterThanOrEqual(21);
  });

  it('would be named if it forgot any of this', async () => {
    await database.look(`create table planted (id uuid primary key, organization_id uuid, other uuid,
      foreign key (other) references organizations (id))`);
    try {
      for (const rule of Object.values(RULES)) expect(await names(rule)).toEqual([expect.stringMatching(/^planted/)]);
    } finally {
      await database.look('drop table planted');
    }
  });
});

describe('nothing goes around row-level security', () => {
  it('no view shows rows with its owner’s rights, and nothing is materialised', async () => {
    const views = await names(
      `select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace and (c.relkind = 'm'
       or (c.relkind = 'v' and not coalesce(c.reloptions, '{}') @> array['security_invoker=true']))`,
    );
    expect(views).toEqual([]);
  });

  it('the functions with more rights than their caller are the known ones, with their search path pinned', async () => {
    const rows = await database.look<{ name: string; owner: string; pinned: boolean; open: boolean }>(
      `select p.proname as name, r.rolname as owner,
         exists (select from unnest(p.proconfig) c where c = 'search_path=public, pg_temp') as pinned,
         has_function_privilege('public', p.oid, 'execute') as open
       from pg_proc p join pg_roles r on r.oid = p.proowner
       where p.prosecdef and p.pronamespace = 'public'::regnamespace`,
    );
    expect(Object.fromEntries(rows.map(({ name, owner }) => [name, owner]))).toEqual(DEFINERS);
    expect(rows.filter(({ pinned, open }) => !pinned || open)).toEqual([]);
  });

  it('the roles of the product can neither log in as owners nor switch the rules off', async () => {
    const roles = await database.look(
      `select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication from pg_roles
       where rolname like 'nubabel%' order by rolname`,
    );
    const harmless = {
      rolsuper: false,
      rolbypassrls: false,
      rolcreaterole: false,
      rolcreatedb: false,
      rolreplication: false,
    };
    expect(roles).toEqual([
      { rolname: 'nubabel_app', ...harmless },
      { rolname: 'nubabel_directory', ...harmless },
    ]);
    const memberships = await names(
      `select r.rolname as name from pg_auth_members m join pg_roles r on r.oid = m.roleid
       join pg_roles a on a.oid = m.member where a.rolname in ('nubabel_app', 'nubabel_directory')`,
    );
    expect(memberships).toEqual([]);
  });

  it('a partition cannot be read past its table’s policy', async () => {
    const open = await names(
      `select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relispartition
       and c.relkind = 'r' and (has_table_privilege('nubabel_app', c.oid, 'select, insert, update, delete, truncate')
       or has_table_privilege('nubabel_directory', c.oid, 'select'))`,
    );
    expect(open).toEqual([]);
    await expect(database.pool.query('select * from events_default')).rejects.toThrow('permission denied');
  });

  it('the directory reads the twelve tables of its lookups and nothing else', async () => {
    const grants = await names(
      `select distinct table_name as name from information_schema.role_table_grants where grantee = 'nubabel_directory'`,
    );
    expect(grants).toEqual([
      'api_tokens',
      'budget_windows',
      'connections',
      'envelopes',
      'inbox',
      'model_keys',
      'oauth_states',
      'slack_memberships',
      'slack_posts',
      'slack_workspaces',
      'usage',
      'users',
    ]);
    const writes = await names(
      `select distinct privilege_type as name from information_schema.role_table_grants where grantee = 'nubabel_directory'`,
    );
    expect(writes).toEqual(['SELECT']);
  });

  it('the application may not truncate, which no policy would stop', async () => {
    const grants = await names(
      `select distinct privilege_type as name from information_schema.role_table_grants
       where grantee = 'nubabel_app' and table_schema = 'public'`,
    );
    expect(grants).toEqual(['DELETE', 'INSERT', 'SELECT', 'UPDATE']);
  });
});
