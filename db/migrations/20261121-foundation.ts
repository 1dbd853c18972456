import { sql, type Kysely } from 'kysely';
import { FUNCTIONS } from './20261121-foundation-functions.ts';
import { INDEXES, TABLES } from './20261121-foundation-tables.ts';

/**
 * The first shape of the memory. Every table with an `organization_id` is under forced row-level security from its
 * first day; the application connects as `nubabel_app`, which owns nothing. `nubabel_directory` owns the few lookups
 * that must happen before the organization is known, and can do nothing else.
 */
const TENANT_TABLES = [
  'users',
  'api_tokens',
  'slack_workspaces',
  'sessions',
  'orchestrations',
  'orchestration_agents',
  'messages',
  'inbox',
  'inbox_keys',
  'model_turns',
  'usage',
  'budget_limits',
  'budget_windows',
  'slack_posts',
  'slack_buckets',
  'event_counters',
  'events',
  'audit',
];

const DIRECTORY_TABLES = ['api_tokens', 'users', 'slack_workspaces', 'inbox', 'usage'];

export async function up(db: Kysely<any>): Promise<void> {
  await createRoles(db);
  await sql`
    create function nubabel_organization() returns uuid language plpgsql stable as $$
    declare given text := current_setting('nubabel.organization_id', true);
    begin
      if given is null or given = '' then
        raise exception 'no organization is set for this transaction' using errcode = 'insufficient_privilege';
      end if;
      return given::uuid;
    end $$`.execute(db);
  for (const statement of TABLES) await sql.raw(statement).execute(db);
  for (const statement of INDEXES) await sql.raw(statement).execute(db);
  await enforceTenancy(db);
  for (const statement of FUNCTIONS) await sql.raw(statement).execute(db);
  await sql`select maintain_event_partitions(interval '2 days')`.execute(db);
}

export async function down(db: Kysely<any>): Promise<void> {
  await sql`drop function if exists maintain_event_partitions(interval)`.execute(db);
  for (const name of [
    'find_token(bytea)',
    'find_slack_workspace(text)',
    'organizations_with_backlog(interval)',
    'organizations_with_orphans()',
  ])
    await sql.raw(`drop function if exists ${name}`).execute(db);
  for (const table of [...TENANT_TABLES].reverse()) await sql.raw(`drop table if exists ${table} cascade`).execute(db);
  await sql`drop table if exists organizations cascade`.execute(db);
  await sql`drop function if exists nubabel_organization()`.execute(db);
}

/** Roles belong to the whole server, so another database may have made them already. */
async function createRoles(db: Kysely<any>): Promise<void> {
  for (const role of ['nubabel_app', 'nubabel_directory'])
    await sql
      .raw(
        `do $$ begin
          if not exists (select from pg_roles where rolname = '${role}') then create role ${role} nologin; end if;
        exception when duplicate_object or unique_violation then null; end $$`,
      )
      .execute(db);
  await sql`grant usage on schema public to nubabel_app, nubabel_directory`.execute(db);
}

async function enforceTenancy(db: Kysely<any>): Promise<void> {
  for (const table of ['organizations', ...TENANT_TABLES]) {
    const column = table === 'organizations' ? 'id' : 'organization_id';
    const rule = `${column} = (select nubabel_organization())`;
    await sql.raw(`alter table ${table} enable row level security`).execute(db);
    await sql.raw(`alter table ${table} force row level security`).execute(db);
    await sql.raw(`create policy tenant on ${table} to nubabel_app using (${rule}) with check (${rule})`).execute(db);
    await sql.raw(`grant select, insert, update, delete on ${table} to nubabel_app`).execute(db);
  }
  for (const table of DIRECTORY_TABLES) {
    await sql.raw(`create policy directory on ${table} for select to nubabel_directory using (true)`).execute(db);
    await sql.raw(`grant select on ${table} to nubabel_directory`).execute(db);
  }
}
