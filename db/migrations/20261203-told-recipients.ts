import { sql, type Kysely } from 'kysely';

/**
 * What each person has been told of a budget, so that what one cannot get holds up nobody else, and when a question without a
 * place is tried again.
 */
const UP = [
  `create table budget_notices (
    organization_id uuid not null,
    scope text not null,
    user_id uuid not null,
    period text not null,
    starts_on date not null,
    share double precision not null,
    recipient_id uuid not null,
    state text not null default 'waiting' check (state in ('waiting', 'told', 'refused')),
    failures integer not null default 0,
    may_be_there boolean not null default false,
    tried_at timestamptz,
    next_at timestamptz not null default now(),
    problem text,
    primary key (organization_id, scope, user_id, period, starts_on, share, recipient_id),
    foreign key (organization_id, scope, user_id, period, starts_on)
      references budget_windows (organization_id, scope, user_id, period, starts_on) on delete cascade,
    foreign key (organization_id, recipient_id) references users (organization_id, id) on delete cascade
  )`,
  `create index budget_notices_recipient on budget_notices (organization_id, recipient_id)`,
  `alter table budget_notices enable row level security`,
  `alter table budget_notices force row level security`,
  `create policy tenant on budget_notices to nubabel_app using (organization_id = (select nubabel_organization()))
    with check (organization_id = (select nubabel_organization()))`,
  `grant select, insert, update, delete on budget_notices to nubabel_app`,
  `alter table slack_posts add column lost_failures integer not null default 0,
    add column lost_next_at timestamptz, add column lost_problem text`,
];

const DOWN = [
  `alter table slack_posts drop column lost_failures, drop column lost_next_at, drop column lost_problem`,
  `drop table budget_notices`,
];

export async function up(db: Kysely<any>): Promise<void> {
  for (const statement of UP) await sql.raw(statement).execute(db);
}

export async function down(db: Kysely<any>): Promise<void> {
  for (const statement of DOWN) await sql.raw(statement).execute(db);
}
