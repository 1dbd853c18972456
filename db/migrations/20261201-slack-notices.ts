import { sql, type Kysely } from 'kysely';

const TABLES = ['budget_windows', 'slack_posts'];

/** Which organizations have something to tell people directly in Slack; what was warned of before is told to nobody. */
const UP = [
  `update budget_windows set notified_share = alerted_share`,
  `create index budget_windows_untold on budget_windows (organization_id) where alerted_share > notified_share`,
  `create index slack_posts_lost on slack_posts (organization_id) where lost is not null`,
  ...TABLES.flatMap((table) => [
    `create policy directory on ${table} for select to nubabel_directory using (true)`,
    `grant select on ${table} to nubabel_directory`,
  ]),
  `create function organizations_with_notices() returns setof uuid
    language sql stable security definer set search_path = public, pg_temp as $$
      select organization_id from budget_windows where alerted_share > notified_share
        and starts_on = date_trunc(period, now() at time zone 'utc')::date
      union select organization_id from slack_posts where lost is not null $$`,
  `revoke all on function organizations_with_notices() from public`,
  `grant execute on function organizations_with_notices() to nubabel_app`,
  `grant create on schema public to nubabel_directory`,
  `do $$ begin execute format('grant nubabel_directory to %I', current_user); end $$`,
  `alter function organizations_with_notices() owner to nubabel_directory`,
  `revoke create on schema public from nubabel_directory`,
];

const DOWN = [
  `drop function if exists organizations_with_notices()`,
  ...TABLES.flatMap((table) => [
    `revoke select on ${table} from nubabel_directory`,
    `drop policy directory on ${table}`,
  ]),
  `drop index slack_posts_lost`,
  `drop index budget_windows_untold`,
];

export async function up(db: Kysely<any>): Promise<void> {
  for (const statement of UP) await sql.raw(statement).execute(db);
}

export async function down(db: Kysely<any>): Promise<void> {
  for (const statement of DOWN) await sql.raw(statement).execute(db);
}
