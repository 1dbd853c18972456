import { sql, type Kysely } from 'kysely';

/**
 * Lists go from the newest on, and the next page begins where the last one ended: of all work, of one person, of one
 * conversation, of one state, of one channel. And what a connection has made, newest first. Each takes the place of an index that it begins like.
 */
const UP = [
  `create index orchestrations_newest on orchestrations (organization_id, created_at desc, id desc)`,
  `create index orchestrations_of_user on orchestrations (organization_id, user_id, created_at desc, id desc)`,
  `create index orchestrations_in_session on orchestrations (organization_id, session_id, created_at desc, id desc)`,
  `create index orchestrations_in_status on orchestrations (organization_id, status, created_at desc, id desc)`,
  `create index orchestrations_in_channel on orchestrations
    (organization_id, slack_team_id, slack_channel_id, created_at desc, id desc) where slack_channel_id is not null`,
  `create index effects_made on effects (organization_id, connection_id, sequence desc) where resource is not null`,
  `drop index orchestrations_organization_id_created_at_idx`,
  `drop index orchestrations_organization_id_session_id_created_at_idx`,
  `drop index orchestrations_organization_id_user_id_idx`,
];

const DOWN = [
  `create index on orchestrations (organization_id, created_at desc)`,
  `create index on orchestrations (organization_id, session_id, created_at)`,
  `create index on orchestrations (organization_id, user_id)`,
  `drop index effects_made`,
  ...['in_channel', 'in_status', 'in_session', 'of_user', 'newest'].map((name) => `drop index orchestrations_${name}`),
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of UP) await sql.raw(statement).execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const statement of DOWN) await sql.raw(statement).execute(db);
}
