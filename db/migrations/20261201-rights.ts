import { sql, type Kysely } from 'kysely';

/**
 * Who may see and do what: what Slack says of a person and when it was asked, and whether admins see work and personal
 * results that are not their own. Whoever is deactivated has no token any more.
 */
const FIND_TOKEN = (columns: string, selected: string, and: string) => [
  `drop function if exists find_token(bytea)`,
  `create function find_token(given bytea)
    returns table (organization_id uuid, user_id uuid, name text, role text, time_zone text${columns})
    language sql stable security definer set search_path = public, pg_temp as $$
      select t.organization_id, t.user_id, u.name, u.role, u.time_zone${selected}
      from api_tokens t join users u on u.organization_id = t.organization_id and u.id = t.user_id
      where t.token_hash = given and t.revoked_at is null and (t.expires_at is null or t.expires_at > now())${and} $$`,
  `revoke all on function find_token(bytea) from public`,
  `grant execute on function find_token(bytea) to nubabel_app`,
  `grant create on schema public to nubabel_directory`,
  `do $$ begin execute format('grant nubabel_directory to %I', current_user); end $$`,
  `alter function find_token(bytea) owner to nubabel_directory`,
  `revoke create on schema public from nubabel_directory`,
];

async function run(db: Kysely<any>, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

export const up = (db: Kysely<any>): Promise<void> =>
  run(db, [
    `alter table users add column slack_standing text
       check (slack_standing in ('member', 'guest', 'outside', 'deactivated', 'bot')),
       add column slack_checked_at timestamptz, add column deactivated_at timestamptz`,
    `alter table organizations add column admins_see_work boolean not null default true,
       add column admins_see_personal boolean not null default false`,
    ...FIND_TOKEN(
      ', slack_team_id text, slack_user_id text, slack_checked_at timestamptz',
      ', u.slack_team_id, u.slack_user_id, u.slack_checked_at',
      ' and u.deactivated_at is null',
    ),
  ]);

export const down = (db: Kysely<any>): Promise<void> =>
  run(db, [
    ...FIND_TOKEN('', '', ''),
    `alter table users drop column slack_standing, drop column slack_checked_at, drop column deactivated_at`,
    `alter table organizations drop column admins_see_work, drop column admins_see_personal`,
  ]);
