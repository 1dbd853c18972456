import { sql, type Kysely } from 'kysely';

/**
 * Which message of Slack asked for a piece of work, whether it quotes other people, and what has become of it since:
 * edited, deleted, or shown where we may write no more.
 */
const UP = [
  `alter table orchestrations add column slack_message_ts text`,
  `alter table orchestrations add column quotes_others boolean not null default false`,
  `alter table orchestrations add column edited_message text`,
  `alter table orchestrations add column message_deleted_at timestamptz`,
  `alter table slack_posts add column lost text check (lost in ('archived', 'removed', 'deleted'))`,
  `alter table budget_windows add column notified_share double precision not null default 0`,
  `create index orchestrations_slack_message on orchestrations (organization_id, slack_channel_id, slack_message_ts)
    where slack_message_ts is not null`,
];

const DOWN = [
  `drop index orchestrations_slack_message`,
  `alter table budget_windows drop column notified_share`,
  `alter table slack_posts drop column lost`,
  `alter table orchestrations drop column message_deleted_at`,
  `alter table orchestrations drop column edited_message`,
  `alter table orchestrations drop column quotes_others`,
  `alter table orchestrations drop column slack_message_ts`,
];

export async function up(db: Kysely<any>): Promise<void> {
  for (const statement of UP) await sql.raw(statement).execute(db);
}

export async function down(db: Kysely<any>): Promise<void> {
  for (const statement of DOWN) await sql.raw(statement).execute(db);
}
