import { sql, type Kysely } from 'kysely';
import { FUNCTIONS } from './20261122-key-pool-functions.ts';

/**
 * The key pool. An account is a key as the pool knows it: its state and its figures, never the key itself. Those of an
 * organization are tenant rows like any other. Those from the environment belong to nobody, so they stand under the id
 * of no organization; `shared` lets every organization read and write their state, which holds nothing of anybody. A
 * lease says who calls with which key just now; on the shared keys all see how many there are, for a fair share needs it.
 */
const SHARED = `'00000000-0000-0000-0000-000000000000'`;

const TABLES = [
  `create table model_keys (
    organization_id uuid not null references organizations(id) on delete cascade,
    id uuid not null,
    name text not null,
    last_four text not null,
    fingerprint text not null,
    sealed text not null,
    user_id uuid,
    created_at timestamptz not null default now(),
    primary key (organization_id, id),
    unique (organization_id, fingerprint)
  )`,
  `create table model_key_accounts (
    organization_id uuid not null,
    id text not null,
    key_id uuid,
    failures integer not null default 0,
    cooldown_until timestamptz,
    probe_at timestamptz,
    last_failed_at timestamptz,
    quarantined_at timestamptz,
    last_used_at timestamptz,
    total_requests bigint not null default 0,
    total_retries bigint not null default 0,
    total_429_errors bigint not null default 0,
    primary key (organization_id, id),
    foreign key (organization_id, key_id) references model_keys (organization_id, id) on delete cascade,
    check ((key_id is null) = (organization_id = ${SHARED}))
  )`,
  `create table model_key_leases (
    organization_id uuid not null references organizations(id) on delete cascade,
    id uuid not null,
    pool uuid not null,
    account_id text,
    orchestration_id uuid,
    turn_key text,
    execution text,
    taken_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (organization_id, id)
  )`,
];

export async function up(db: Kysely<any>): Promise<void> {
  for (const statement of TABLES) await sql.raw(statement).execute(db);
  await sql`create index on model_key_accounts (organization_id, key_id)`.execute(db);
  await sql`create index on model_key_leases (pool, account_id)`.execute(db);
  const rule = `organization_id = (select nubabel_organization())`;
  for (const table of ['model_keys', 'model_key_accounts', 'model_key_leases']) {
    await sql.raw(`alter table ${table} enable row level security`).execute(db);
    await sql.raw(`alter table ${table} force row level security`).execute(db);
    await sql.raw(`create policy tenant on ${table} to nubabel_app using (${rule}) with check (${rule})`).execute(db);
    await sql.raw(`grant select, insert, update, delete on ${table} to nubabel_app`).execute(db);
  }
  const nobody = `organization_id = ${SHARED}`;
  await sql
    .raw(`create policy shared on model_key_accounts to nubabel_app using (${nobody}) with check (${nobody})`)
    .execute(db);
  await sql
    .raw(`create policy shared on model_key_leases for select to nubabel_app using (pool = ${SHARED})`)
    .execute(db);
  // How many calls a reservation has served, and for which execution of an activity: so tries survive a crash.
  await sql`alter table usage add column calls smallint not null default 0, add column execution text`.execute(db);
  for (const statement of FUNCTIONS) await sql.raw(statement).execute(db);
}

export async function down(db: Kysely<any>): Promise<void> {
  await sql`drop function return_model_key(uuid, uuid, jsonb, jsonb)`.execute(db);
  await sql`drop function take_model_key(uuid, jsonb, jsonb)`.execute(db);
  await sql`alter table usage drop column calls, drop column execution`.execute(db);
  for (const table of ['model_key_leases', 'model_key_accounts', 'model_keys'])
    await sql.raw(`drop table ${table}`).execute(db);
}
