import { sql, type Kysely } from 'kysely';
import { FUNCTIONS as FOUNDATION } from './20261121-foundation-functions.ts';
import { FUNCTIONS as KEY_POOL } from './20261122-key-pool-functions.ts';

/**
 * What one organization, or whoever got hold of the application's role, can do to the others: locks are held for one
 * statement, deliveries wait for their next attempt instead of being held, and the role may no longer change what is
 * only ever added to.
 */
const NOBODY = `organization_id = '00000000-0000-0000-0000-000000000000'`;

/** Nothing of ours deletes these: they are evidence, go with their parent, or are the tenant itself. */
const NEVER_DELETED = [
  'organizations',
  'users',
  'audit',
  'events',
  'event_counters',
  'effects',
  'approvals',
  'model_turns',
  'budget_windows',
];
/** Written once. */
const NEVER_CHANGED = ['audit', 'events'];

/** Deliveries that could be tried now, and how many have waited for so long that an operator should know. */
const BACKLOG = [
  `create or replace function organizations_with_backlog(older_than interval) returns setof uuid
    language sql stable security definer set search_path = public, pg_temp as $$
      select distinct organization_id from inbox
      where handed_over_at is null and received_at < now() - older_than and next_attempt_at <= now() $$`,
  `create function overdue_deliveries(older_than interval) returns table (waiting integer, oldest timestamptz)
    language sql stable security definer set search_path = public, pg_temp as $$
      select count(*)::integer, min(received_at) from inbox
      where handed_over_at is null and received_at < now() - older_than $$`,
  `revoke all on function overdue_deliveries(interval) from public`,
  `grant execute on function overdue_deliveries(interval) to nubabel_app`,
  `grant create on schema public to nubabel_directory`,
  `alter function overdue_deliveries(interval) owner to nubabel_directory`,
  `revoke create on schema public from nubabel_directory`,
];

/**
 * As before, but for what is locked: the organization's own turn at the pool, and the one account that is taken, instead
 * of the whole pool for everybody.
 */
const TAKE_MODEL_KEY = `create or replace function take_model_key(mine uuid, asking jsonb, policy jsonb)
  returns table (verdict text, calls integer, rounds integer, "waitMs" integer, lease uuid, pool uuid,
    account text, sealed text)
  language plpgsql as $$
  #variable_conflict use_column
  declare
    shared constant uuid := '00000000-0000-0000-0000-000000000000';
    environment constant text[] := array(select jsonb_array_elements_text(asking->'environment'));
    the_orchestration constant uuid := asking->>'orchestrationId';
    the_turn constant text := asking->>'turnKey';
    -- Leases on shared keys are seen by all, so they name no turn.
    turn_digest constant text := md5(concat_ws('/', mine, asking->>'orchestrationId', asking->>'turnKey'));
    the_usage constant uuid := asking->>'usageId';
    the_execution constant text := asking->>'execution';
    most_in_flight constant integer := policy->>'mostInFlight';
    circuit_failures constant integer := policy->>'circuitFailures';
    at timestamptz; made integer; tried integer; held_by_me integer; others integer; others_wait boolean;
    share integer := 2147483647; seat record; given uuid := gen_random_uuid();
    -- The account that is ours alone until the commit, and those that others had at that moment.
    ours text; taken text[] := '{}';
  begin
    -- An organization chooses for one turn at a time, so a burst of one is no queue for the others.
    perform pg_advisory_xact_lock(hashtextextended('model_keys/' || mine::text, 0));
    at := clock_timestamp();
    insert into model_key_accounts (organization_id, id)
      select shared, e from unnest(environment) e
      where not exists (select from model_key_accounts a where a.organization_id = shared and a.id = e)
      on conflict do nothing;
    -- A turn that asks again has lost the try before: its lease went with its worker.
    delete from model_key_leases l where l.organization_id = mine and (l.expires_at <= at
      or (l.account_id is not null and l.turn = turn_digest));
    select coalesce(sum(u.calls), 0), count(*) filter (where u.id <> the_usage) + 1 into made, tried from usage u
      where u.organization_id = mine and u.orchestration_id = the_orchestration and u.turn_key = the_turn
        and u.execution = the_execution;
    select tried + count(*) into tried from model_key_leases l
      where l.organization_id = mine and l.account_id is null and l.turn = turn_digest
        and l.execution = the_execution and l.id <> the_usage;
    if made >= (policy->>'mostCalls')::integer then
      return query select 'exhausted', made, tried, 0, null::uuid, null::uuid, null::text, null::text;
      return;
    end if;
    select count(*) filter (where l.organization_id = mine and l.account_id is not null),
        coalesce(bool_or(l.organization_id <> mine and l.account_id is null), false),
        count(distinct l.organization_id) filter (where l.organization_id <> mine)
      into held_by_me, others_wait, others from model_key_leases l where l.pool = shared and l.expires_at > at;
    if others_wait then
      select ceil(most_in_flight * count(*) / (others + 1)::numeric) into share from model_key_accounts a
        where a.organization_id = shared and a.id = any(environment) and a.quarantined_at is null
          and coalesce(a.cooldown_until, at) <= at;
    end if;
    -- Who takes an account has its row, and has looked at it once more since: nobody stampedes, and one probe is one.
    loop
      at := clock_timestamp();
      with live as (
        select l.pool, l.account_id, count(*) as held, max(l.taken_at) as newest from model_key_leases l
        where l.account_id is not null and l.expires_at > at group by 1, 2),
      found as (
        select a.*, coalesce(l.held, 0) as held, coalesce(l.newest > a.last_failed_at, false) as probing
        from model_key_accounts a left join live l on l.pool = a.organization_id and l.account_id = a.id
        where ((a.organization_id = mine and (asking->>'opensOwn')::boolean)
          or (a.organization_id = shared and a.id = any(environment))) and a.id <> all(taken)),
      seats as (
        select f.*, bool_or(f.failures = 0 and f.quarantined_at is null and f.held < most_in_flight) over () as any_well
        from found f),
      judged as (
        select s.*, case
          when s.quarantined_at is not null then 'quarantined'
          when s.cooldown_until > at then 'cooling'
          -- After trouble one call finds out; a short trouble of the only key that is left does not close it.
          when s.probing and s.failures >= case when s.any_well then 1 else circuit_failures end then 'probing'
          when s.held >= most_in_flight or (s.organization_id = shared and held_by_me >= share) then 'busy'
          else 'free' end as state
        from seats s)
      select j.*, count(*) over () as seats,
          min(case j.state when 'cooling' then greatest(j.probe_at, case when j.probing then at + interval '1 second' end)
            when 'probing' then at + interval '1 second' end) over () as soonest,
          case j.state when 'free' then 0 when 'busy' then 1
            when 'cooling' then case when j.probe_at <= at and not j.probing then 2 else 3 end
            when 'probing' then 3 else 4 end as rank
        into seat from judged j
        order by case when j.id = ours and j.state = 'free' then -1 else 0 end,
          rank, j.organization_id = shared, j.held, j.last_used_at nulls first, j.id limit 1;
      exit when seat.rank is null or seat.rank not in (0, 2) or seat.id = ours;
      if ours is null then
        perform from model_key_accounts a where a.organization_id = seat.organization_id and a.id = seat.id for update;
      else
        -- While one row is held no other is waited for: two who choose cannot wait for each other.
        perform from model_key_accounts a where a.organization_id = seat.organization_id and a.id = seat.id
          for update skip locked;
        if not found then taken := taken || seat.id; continue; end if;
      end if;
      ours := seat.id;
    end loop;
    if seat.rank = 1 or (taken <> '{}' and (seat.rank is null or seat.rank not in (0, 2))) then
      insert into model_key_leases (organization_id, id, pool, taken_at, expires_at)
        values (mine, shared, shared, at, at + interval '10 seconds')
        on conflict (organization_id, id) do update set expires_at = excluded.expires_at;
      return query select 'busy', made, tried, 0, null::uuid, null::uuid, null::text, null::text;
      return;
    end if;
    if seat.rank is null or seat.rank = 3 or (seat.rank = 4 and seat.seats > 1) then
      if not exists (select from usage u where u.organization_id = mine and u.id = the_usage and u.calls > 0) then
        -- An attempt in vain, remembered for as long as its activity may last.
        insert into model_key_leases (organization_id, id, pool, turn, execution, taken_at, expires_at)
          values (mine, the_usage, mine, turn_digest, the_execution, at, at + interval '1 hour')
          on conflict do nothing;
      end if;
      return query select case seat.rank when 3 then 'cooling' when 4 then 'quarantined' else 'none' end, made, tried,
        greatest(0, ceil(extract(epoch from seat.soonest - at) * 1000))::integer,
        null::uuid, null::uuid, null::text, null::text;
      return;
    end if;
    update usage u set execution = the_execution, calls = u.calls + 1
      where u.organization_id = mine and u.id = the_usage;
    delete from model_key_leases l where l.organization_id = mine and l.id = shared;
    insert into model_key_leases (organization_id, id, pool, account_id, turn, taken_at, expires_at)
      values (mine, given, seat.organization_id, seat.id, turn_digest, at,
        at + make_interval(secs => (policy->>'leaseSeconds')::float));
    update model_key_accounts a set last_used_at = at, total_requests = a.total_requests + 1,
        total_retries = a.total_retries + case when made > 0 then 1 else 0 end
      where a.organization_id = seat.organization_id and a.id = seat.id;
    return query select 'leased', made + 1, tried, 0, given, seat.organization_id, seat.id,
      (select k.sealed from model_keys k where k.organization_id = mine and k.id = seat.key_id);
  end $$`;

/**
 * Numbers and writes the events of a transaction in its last statement. The counter's row stays locked until the commit,
 * which comes in the same round trip.
 */
const APPEND_EVENTS = `create function append_events(given jsonb) returns void language plpgsql as $$
  declare
    mine constant uuid := nubabel_organization();
    many constant integer := jsonb_array_length(given);
    newest bigint;
  begin
    insert into event_counters (organization_id, last_id) values (mine, many)
      on conflict (organization_id) do update set last_id = event_counters.last_id + many
      returning last_id into newest;
    insert into events (organization_id, id, type, orchestration_id, session_id, user_id, data, created_at)
      select mine, newest - many + e.place, e.event->>'type', (e.event->>'orchestrationId')::uuid,
        (e.event->>'sessionId')::uuid, (e.event->>'userId')::uuid, e.event->'data', clock_timestamp()
      from jsonb_array_elements(given) with ordinality as e (event, place);
  end $$`;

/** As before, but nobody can have it drop what people may still read. */
const KEEP_PARTITIONS = `create or replace function maintain_event_partitions(keep interval) returns void
  language plpgsql security definer set search_path = public, pg_temp set timezone = 'UTC' as $$
  declare day date; part record;
  begin
    if keep is null or now() - keep > now() - interval '1 day' then
      raise exception 'events are kept for a day at least' using errcode = 'invalid_parameter_value';
    end if;
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
  end $$`;

const UP = [
  `alter table inbox add column next_attempt_at timestamptz not null default now()`,
  ...BACKLOG,
  APPEND_EVENTS,
  `revoke all on function append_events(jsonb) from public`,
  `grant execute on function append_events(jsonb) to nubabel_app`,
  KEEP_PARTITIONS,
  TAKE_MODEL_KEY,
  `drop policy shared on model_key_accounts`,
  `create policy shared_seen on model_key_accounts for select to nubabel_app using (${NOBODY})`,
  `create policy shared_added on model_key_accounts for insert to nubabel_app with check (${NOBODY})`,
  `create policy shared_used on model_key_accounts for update to nubabel_app using (${NOBODY}) with check (${NOBODY})`,
  ...NEVER_DELETED.map((table) => `revoke delete on ${table} from nubabel_app`),
  ...NEVER_CHANGED.map((table) => `revoke update on ${table} from nubabel_app`),
];

/** The functions as they were made before, told by their names. */
const before = (functions: readonly string[], name: string): string[] =>
  functions
    .filter((statement) => statement.startsWith(`create function ${name}(`))
    .map((statement) => statement.replace('create function', 'create or replace function'));

const DOWN = [
  ...NEVER_CHANGED.map((table) => `grant update on ${table} to nubabel_app`),
  ...NEVER_DELETED.map((table) => `grant delete on ${table} to nubabel_app`),
  ...['shared_seen', 'shared_added', 'shared_used'].map((name) => `drop policy ${name} on model_key_accounts`),
  `create policy shared on model_key_accounts to nubabel_app using (${NOBODY}) with check (${NOBODY})`,
  ...before(KEY_POOL, 'take_model_key'),
  ...before(FOUNDATION, 'maintain_event_partitions'),
  ...before(FOUNDATION, 'organizations_with_backlog'),
  `drop function append_events(jsonb)`,
  `drop function overdue_deliveries(interval)`,
  `alter table inbox drop column next_attempt_at`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of UP) await sql.raw(statement).execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const statement of DOWN) await sql.raw(statement).execute(db);
}
