import { sql, type Kysely } from 'kysely';

/**
 * Money that is set aside for a whole plan, what people were warned of in a window, how tiers give way under pressure,
 * and an index for what calls have cost so far.
 */
const UP = [
  `create table envelopes (
    organization_id uuid not null,
    orchestration_id uuid not null,
    user_id uuid,
    wanted_nanos bigint not null check (wanted_nanos >= 0),
    used_nanos bigint not null default 0 check (used_nanos >= 0),
    remaining_nanos bigint not null generated always as
      (case when closed_at is null then greatest(wanted_nanos - used_nanos, 0) else 0 end) stored,
    reserved_on date not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    closed_at timestamptz,
    primary key (organization_id, orchestration_id),
    foreign key (organization_id, orchestration_id) references orchestrations (organization_id, id) on delete cascade
  )`,
  `create index on envelopes (organization_id) where closed_at is null`,
  `create table budget_policies (
    organization_id uuid primary key references organizations(id) on delete cascade,
    step_down boolean not null,
    balanced_from double precision not null check (balanced_from between 0 and 1),
    fast_from double precision not null check (fast_from between balanced_from and 1),
    updated_at timestamptz not null default now()
  )`,
  `alter table usage add column envelope_nanos bigint not null default 0
    check (envelope_nanos between 0 and reserved_nanos)`,
  `alter table usage add column stepped_down_from text`,
  `create index usage_past_costs on usage (organization_id, agent, model, settled_at desc) where state = 'settled'`,
  `alter table budget_windows add column alerted_share double precision not null default 0`,
  ...['envelopes', 'budget_policies'].flatMap((table) => [
    `alter table ${table} enable row level security`,
    `alter table ${table} force row level security`,
    `create policy tenant on ${table} to nubabel_app using (organization_id = (select nubabel_organization()))
      with check (organization_id = (select nubabel_organization()))`,
    `grant select, insert, update, delete on ${table} to nubabel_app`,
  ]),
  `create policy directory on envelopes for select to nubabel_directory using (true)`,
  `grant select on envelopes to nubabel_directory`,
  `create function organizations_with_open_envelopes() returns setof uuid
    language sql stable security definer set search_path = public, pg_temp as $$
      select distinct organization_id from envelopes where closed_at is null $$`,
  `revoke all on function organizations_with_open_envelopes() from public`,
  `grant execute on function organizations_with_open_envelopes() to nubabel_app`,
  `grant create on schema public to nubabel_directory`,
  `do $$ begin execute format('grant nubabel_directory to %I', current_user); end $$`,
  `alter function organizations_with_open_envelopes() owner to nubabel_directory`,
  `revoke create on schema public from nubabel_directory`,
];

const DOWN = [
  `drop function if exists organizations_with_open_envelopes()`,
  `alter table budget_windows drop column alerted_share`,
  `drop index usage_past_costs`,
  `alter table usage drop column stepped_down_from`,
  `alter table usage drop column envelope_nanos`,
  `drop table budget_policies`,
  `drop table envelopes`,
];

export async function up(db: Kysely<any>): Promise<void> {
  for (const statement of UP) await sql.raw(statement).execute(db);
}

export async function down(db: Kysely<any>): Promise<void> {
  for (const statement of DOWN) await sql.raw(statement).execute(db);
}
