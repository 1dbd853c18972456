import { sql, type Kysely } from 'kysely';

/** Which conversations of Slack a person is a member of, as Slack has said it last. */
const UP = [
  `create table slack_memberships (
    organization_id uuid not null,
    user_id uuid not null,
    channels text[] not null default '{}',
    seen_at timestamptz,
    version integer not null default 0,
    primary key (organization_id, user_id),
    foreign key (organization_id, user_id) references users (organization_id, id) on delete cascade
  )`,
  `alter table slack_memberships enable row level security`,
  `alter table slack_memberships force row level security`,
  `create policy tenant on slack_memberships to nubabel_app using (organization_id = (select nubabel_organization()))
    with check (organization_id = (select nubabel_organization()))`,
  `grant select, insert, update, delete on slack_memberships to nubabel_app`,
];

export async function up(db: Kysely<any>): Promise<void> {
  for (const statement of UP) await sql.raw(statement).execute(db);
}

export async function down(db: Kysely<any>): Promise<void> {
  await sql.raw(`drop table slack_memberships`).execute(db);
}
