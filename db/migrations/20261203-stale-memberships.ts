import { sql, type Kysely } from 'kysely';

/**
 * An event of Slack grants nothing by itself: that somebody has come into a conversation is counted, and what was listed
 * before the newest of these events is stale. A token says so, because it is looked at before every read.
 */
const FIND_TOKEN = (column: string, selected: string) => [
  `drop function if exists find_token(bytea)`,
  `create function find_token(given bytea)
    returns table (organization_id uuid, user_id uuid, name text, role text, time_zone text,
      slack_team_id text, slack_user_id text, slack_checked_at timestamptz${column})
    language sql stable security definer set search_path = public, pg_temp as $$
      select t.organization_id, t.user_id, u.name, u.role, u.time_zone,
        u.slack_team_id, u.slack_user_id, u.slack_checked_at${selected}
      from api_tokens t join users u on u.organization_id = t.organization_id and u.id = t.user_id
      where t.token_hash = given and t.revoked_at is null and (t.expires_at is null or t.expires_at > now())
        and u.deactivated_at is null $$`,
  `revoke all on function find_token(bytea) from public`,
  `grant execute on function find_token(bytea) to nubabel_app`,
  `grant create on schema public to nubabel_directory`,
  `do $$ begin execute format('grant nubabel_directory to %I', current_user); end $$`,
  `alter function find_token(bytea) owner to nubabel_directory`,
  `revoke create on schema public from nubabel_directory`,
];

const UP = [
  `alter table slack_memberships add column joins integer not null default 0,
    add column listed_joins integer not null default 0`,
  `create policy directory on slack_memberships for select to nubabel_directory using (true)`,
  `grant select on slack_memberships to nubabel_directory`,
  ...FIND_TOKEN(
    ', memberships_stale boolean',
    `, exists (select from slack_memberships m where m.organization_id = u.organization_id and m.user_id = u.id
        and m.joins > m.listed_joins)`,
  ),
];

const DOWN = [
  ...FIND_TOKEN('', ''),
  `revoke select on slack_memberships from nubabel_directory`,
  `drop policy directory on slack_memberships`,
  `alter table slack_memberships drop column joins, drop column listed_joins`,
];

export async function up(db: Kysely<any>): Promise<void> {
  for (const statement of UP) await sql.raw(statement).execute(db);
}

export async function down(db: Kysely<any>): Promise<void> {
  for (const statement of DOWN) await sql.raw(statement).execute(db);
}
