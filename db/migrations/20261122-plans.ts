import { sql, type Kysely } from 'kysely';

/** Plans, their steps, and what people say while they run. The agents of an orchestration become its steps. */
const STEPS = [
  `alter table orchestration_agents rename to steps`,
  `alter table steps add column id text`,
  `update steps set id = agent`,
  `alter table steps alter column id set not null`,
  `alter table steps drop constraint orchestration_agents_pkey`,
  `alter table steps add primary key (organization_id, orchestration_id, id)`,
  `alter table steps alter column agent drop not null`,
  `alter table steps
    add column kind text not null default 'agent' check (kind in ('agent', 'task', 'tool', 'approval')),
    add column title text not null default '',
    add column instruction text not null default '',
    add column category text,
    add column tool text,
    add column needs jsonb not null default '[]',
    add column condition text,
    add column risk text not null default 'read' check (risk in ('read', 'write', 'production')),
    add column phase smallint not null default 1,
    add column revision smallint not null default 0,
    add column estimate jsonb,
    add column turn_key text`,
  `update steps set turn_key = 'agent:' || agent`,
  `alter table steps drop constraint orchestration_agents_status_check`,
  `alter table steps add constraint steps_status_check
    check (status in ('pending', 'running', 'waiting', 'done', 'failed', 'skipped'))`,
];

const UNDO_STEPS = [
  `delete from steps where agent is null or id <> agent`,
  `alter table steps drop constraint steps_status_check`,
  `update steps set status = 'pending' where status = 'waiting'`,
  `alter table steps add constraint orchestration_agents_status_check
    check (status in ('pending', 'running', 'done', 'failed', 'skipped'))`,
  `alter table steps drop constraint steps_pkey`,
  `alter table steps drop column id, drop column kind, drop column title, drop column instruction, drop column category,
    drop column tool, drop column needs, drop column condition, drop column risk, drop column phase,
    drop column revision, drop column estimate, drop column turn_key`,
  `alter table steps alter column agent set not null`,
  `alter table steps add primary key (organization_id, orchestration_id, agent)`,
  `alter table steps rename constraint steps_pkey to orchestration_agents_pkey`,
  `alter table steps rename to orchestration_agents`,
];

const OF_ORCHESTRATION = `foreign key (organization_id, orchestration_id)
      references orchestrations (organization_id, id) on delete cascade`;

const TABLES: Readonly<Record<string, string>> = {
  plans: `create table plans (
    organization_id uuid not null,
    orchestration_id uuid not null,
    revision smallint not null,
    source text not null check (source in ('planner', 'edited', 'replanned')),
    state text not null check (state in ('rejected', 'adopted')),
    hash text,
    document jsonb,
    draft text,
    problems jsonb not null default '[]',
    created_at timestamptz not null default now(),
    primary key (organization_id, orchestration_id, revision),
    ${OF_ORCHESTRATION}
  )`,
  plan_edits: `create table plan_edits (
    organization_id uuid not null,
    id uuid not null,
    orchestration_id uuid not null,
    user_id uuid not null,
    edits jsonb not null,
    created_at timestamptz not null default now(),
    primary key (organization_id, id),
    ${OF_ORCHESTRATION}
  )`,
  approvals: `create table approvals (
    organization_id uuid not null,
    orchestration_id uuid not null,
    id text not null,
    kind text not null,
    document jsonb not null,
    asked_at timestamptz not null default now(),
    decided_at timestamptz,
    primary key (organization_id, orchestration_id, id),
    ${OF_ORCHESTRATION}
  )`,
  approval_policies: `create table approval_policies (
    organization_id uuid primary key references organizations(id) on delete cascade,
    document jsonb not null,
    version integer not null default 1,
    updated_at timestamptz not null default now()
  )`,
  steering: `create table steering (
    organization_id uuid not null,
    id uuid not null,
    orchestration_id uuid not null,
    user_id uuid,
    via text not null,
    mode text not null check (mode in ('steer', 'stop', 'replan')),
    message text not null,
    status text not null default 'pending' check (status in ('pending', 'delivered', 'dropped')),
    step_id text,
    created_at timestamptz not null default now(),
    delivered_at timestamptz,
    primary key (organization_id, id),
    ${OF_ORCHESTRATION}
  )`,
  healing: `create table healing (
    organization_id uuid not null,
    orchestration_id uuid not null,
    step_id text not null,
    attempt smallint not null,
    root_cause text not null,
    action text not null,
    detail text,
    agent text,
    decided_by text not null check (decided_by in ('rule', 'model')),
    status text not null default 'running' check (status in ('running', 'succeeded', 'failed')),
    cost_nanos bigint not null default 0,
    created_at timestamptz not null default now(),
    primary key (organization_id, orchestration_id, step_id, attempt),
    ${OF_ORCHESTRATION}
  )`,
};

const INDEXES = [
  `create index on plan_edits (organization_id, orchestration_id)`,
  `create index on steering (organization_id, orchestration_id, created_at)`,
  `create index on approvals (organization_id, asked_at) where decided_at is null`,
  `create index on orchestrations (organization_id, finished_at) where finished_at is null`,
];

export async function up(db: Kysely<any>): Promise<void> {
  for (const statement of STEPS) await sql.raw(statement).execute(db);
  for (const [table, statement] of Object.entries(TABLES)) {
    await sql.raw(statement).execute(db);
    await enforceTenancy(db, table);
  }
  for (const statement of INDEXES) await sql.raw(statement).execute(db);
  await sql`alter table orchestrations add column plan_decision jsonb, add column receipt jsonb,
    add column cancel_asked_at timestamptz`.execute(db);
  await sql`alter table inbox drop constraint inbox_kind_check`.execute(db);
  await sql`alter table inbox add constraint inbox_kind_check check (kind in ('request', 'decision', 'steering'))`.execute(
    db,
  );
}

export async function down(db: Kysely<any>): Promise<void> {
  await sql`delete from inbox where kind = 'steering'`.execute(db);
  await sql`alter table inbox drop constraint inbox_kind_check`.execute(db);
  await sql`alter table inbox add constraint inbox_kind_check check (kind in ('request', 'decision'))`.execute(db);
  await sql`alter table orchestrations drop column plan_decision, drop column receipt,
    drop column cancel_asked_at`.execute(db);
  await sql`drop index if exists orchestrations_organization_id_finished_at_idx`.execute(db);
  for (const table of Object.keys(TABLES).reverse()) await sql.raw(`drop table ${table}`).execute(db);
  for (const statement of UNDO_STEPS) await sql.raw(statement).execute(db);
}

async function enforceTenancy(db: Kysely<any>, table: string): Promise<void> {
  const rule = `organization_id = (select nubabel_organization())`;
  await sql.raw(`alter table ${table} enable row level security`).execute(db);
  await sql.raw(`alter table ${table} force row level security`).execute(db);
  await sql.raw(`create policy tenant on ${table} to nubabel_app using (${rule}) with check (${rule})`).execute(db);
  await sql.raw(`grant select, insert, update, delete on ${table} to nubabel_app`).execute(db);
}
