import { sql, type Kysely } from 'kysely';

/** What admins correct, and what the model decided before. */
const TABLES: Readonly<Record<string, string>> = {
  routing_overrides: `create table routing_overrides (
    organization_id uuid not null references organizations(id) on delete cascade,
    id uuid not null,
    text text not null,
    text_hash text not null,
    language text not null,
    agents jsonb not null,
    orchestration_id uuid,
    user_id uuid,
    created_at timestamptz not null default now(),
    primary key (organization_id, id),
    unique (organization_id, text_hash),
    foreign key (organization_id, orchestration_id) references orchestrations (organization_id, id)
      on delete set null (orchestration_id),
    foreign key (organization_id, user_id) references users (organization_id, id) on delete set null (user_id)
  )`,
  routing_versions: `create table routing_versions (
    organization_id uuid primary key references organizations(id) on delete cascade,
    version integer not null default 1
  )`,
  routing_cache: `create table routing_cache (
    organization_id uuid not null references organizations(id) on delete cascade,
    text_hash text not null,
    demo boolean not null,
    language text not null,
    analysis jsonb not null,
    hits integer not null default 0,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    primary key (organization_id, text_hash, demo)
  )`,
};

const INDEXES = [
  `create index on routing_overrides (organization_id, created_at)`,
  `create index on routing_overrides (organization_id, orchestration_id)`,
  `create index on routing_overrides (organization_id, user_id)`,
  `create index on routing_cache (organization_id, expires_at)`,
];

export async function up(db: Kysely<any>): Promise<void> {
  for (const [table, statement] of Object.entries(TABLES)) {
    await sql.raw(statement).execute(db);
    await enforceTenancy(db, table);
  }
  for (const statement of INDEXES) await sql.raw(statement).execute(db);
}

export async function down(db: Kysely<any>): Promise<void> {
  for (const table of Object.keys(TABLES).reverse()) await sql.raw(`drop table ${table}`).execute(db);
}

async function enforceTenancy(db: Kysely<any>, table: string): Promise<void> {
  const rule = `organization_id = (select nubabel_organization())`;
  await sql.raw(`alter table ${table} enable row level security`).execute(db);
  await sql.raw(`alter table ${table} force row level security`).execute(db);
  await sql.raw(`create policy tenant on ${table} to nubabel_app using (${rule}) with check (${rule})`).execute(db);
  await sql.raw(`grant select, insert, update, delete on ${table} to nubabel_app`).execute(db);
}
