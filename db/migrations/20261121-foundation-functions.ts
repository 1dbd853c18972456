/**
 * Lookups before the organization is known. They run as `nubabel_directory`, answer one narrow question each, and are
 * the only definer functions there are; the partition keeper runs as the owner because only the owner may create one.
 */
export const FUNCTIONS = [
  `create function find_token(given bytea)
    returns table (organization_id uuid, user_id uuid, name text, role text, time_zone text)
    language sql stable security definer set search_path = public, pg_temp as $$
      select t.organization_id, t.user_id, u.name, u.role, u.time_zone
      from api_tokens t join users u on u.organization_id = t.organization_id and u.id = t.user_id
      where t.token_hash = given and t.revoked_at is null and (t.expires_at is null or t.expires_at > now()) $$`,
  `create function find_slack_workspace(given text)
    returns table (organization_id uuid, team_id text, bot_user_id text)
    language sql stable security definer set search_path = public, pg_temp as $$
      select w.organization_id, w.team_id, w.bot_user_id from slack_workspaces w where w.team_id = given $$`,
  `create function organizations_with_backlog(older_than interval) returns setof uuid
    language sql stable security definer set search_path = public, pg_temp as $$
      select distinct organization_id from inbox where handed_over_at is null and received_at < now() - older_than $$`,
  `create function organizations_with_orphans() returns setof uuid
    language sql stable security definer set search_path = public, pg_temp as $$
      select distinct organization_id from usage where state = 'reserved' and expires_at < now() $$`,
  ...[
    'find_token(bytea)',
    'find_slack_workspace(text)',
    'organizations_with_backlog(interval)',
    'organizations_with_orphans()',
  ].flatMap((name) => [
    `revoke all on function ${name} from public`,
    `grant execute on function ${name} to nubabel_app`,
  ]),
  `grant create on schema public to nubabel_directory`,
  `do $$ begin execute format('grant nubabel_directory to %I', current_user); end $$`,
  ...[
    'find_token(bytea)',
    'find_slack_workspace(text)',
    'organizations_with_backlog(interval)',
    'organizations_with_orphans()',
  ].map((name) => `alter function ${name} owner to nubabel_directory`),
  `revoke create on schema public from nubabel_directory`,
  `create function maintain_event_partitions(keep interval) returns void
    language plpgsql security definer set search_path = public, pg_temp set timezone = 'UTC' as $$
    declare day date; part record;
    begin
      perform pg_advisory_xact_lock(hashtext('maintain_event_partitions'));
      for day in select generate_series(current_date - 1, current_date + 3, interval '1 day')::date loop
        if to_regclass(format('events_%s', to_char(day, 'YYYYMMDD'))) is null then
          begin
            execute format('create table events_%s partition of events for values from (%L) to (%L)',
              to_char(day, 'YYYYMMDD'), day::timestamptz, (day + 1)::timestamptz);
          exception when check_violation then
            raise warning 'events of % are in the default partition', day;
          end;
        end if;
      end loop;
      for part in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'events'::regclass and c.relname ~ '^events_[0-9]{8}$'
          and to_date(substr(c.relname, 8), 'YYYYMMDD') + 1 < now() - keep loop
        execute format('drop table %I', part.relname);
      end loop;
    end $$`,
  `revoke all on function maintain_event_partitions(interval) from public`,
  `grant execute on function maintain_event_partitions(interval) to nubabel_app`,
];
