/**
 * Part of `20261122-key-pool`, frozen with it. One call is one statement and one transaction, so no lock is ever held
 * across a round trip; they run with the rights of the caller, under row-level security.
 */
export const FUNCTIONS = [
  `create function take_model_key(mine uuid, asking jsonb, policy jsonb)
    returns table (verdict text, calls integer, rounds integer, "waitMs" integer, lease uuid, pool uuid,
      account text, sealed text)
    language plpgsql as $$
    #variable_conflict use_column
    declare
      shared constant uuid := '00000000-0000-0000-0000-000000000000';
      environment constant text[] := array(select jsonb_array_elements_text(asking->'environment'));
      the_orchestration constant uuid := asking->>'orchestrationId';
      the_turn constant text := asking->>'turnKey';
      the_usage constant uuid := asking->>'usageId';
      the_execution constant text := asking->>'execution';
      most_in_flight constant integer := policy->>'mostInFlight';
      circuit_failures constant integer := policy->>'circuitFailures';
      at timestamptz; made integer; tried integer; held_by_me integer; others integer; others_wait boolean;
      share integer := 2147483647; seat record; given uuid := gen_random_uuid();
    begin
      -- Who chooses sees what everybody before has chosen: nobody stampedes, and one probe is one.
      perform pg_advisory_xact_lock(hashtext('model_keys'));
      at := clock_timestamp();
      insert into model_key_accounts (organization_id, id)
        select shared, e from unnest(environment) e
        where not exists (select from model_key_accounts a where a.organization_id = shared and a.id = e)
        on conflict do nothing;
      -- A turn that asks again has lost the try before: its lease went with its worker.
      delete from model_key_leases l where l.organization_id = mine and (l.expires_at <= at
        or (l.account_id is not null and l.orchestration_id = the_orchestration and l.turn_key = the_turn));
      select coalesce(sum(u.calls), 0), count(*) filter (where u.id <> the_usage) + 1 into made, tried from usage u
        where u.organization_id = mine and u.orchestration_id = the_orchestration and u.turn_key = the_turn
          and u.execution = the_execution;
      select tried + count(*) into tried from model_key_leases l
        where l.organization_id = mine and l.account_id is null and l.execution = the_execution
          and l.orchestration_id = the_orchestration and l.turn_key = the_turn and l.id <> the_usage;
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
      with seats as (
        select a.*,
          (select count(*) from model_key_leases l where l.pool = a.organization_id and l.account_id = a.id
            and l.expires_at > at) as held,
          exists (select from model_key_leases l where l.pool = a.organization_id and l.account_id = a.id
            and l.expires_at > at and l.taken_at > a.last_failed_at) as probing
        from model_key_accounts a
        where (a.organization_id = mine and (asking->>'opensOwn')::boolean)
          or (a.organization_id = shared and a.id = any(environment))),
      judged as (
        select s.*, case
          when s.quarantined_at is not null then 'quarantined'
          when s.cooldown_until > at then 'cooling'
          when s.failures >= circuit_failures and s.probing then 'probing'
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
        order by rank, j.organization_id = shared, j.held, j.last_used_at nulls first, j.id limit 1;
      if seat.rank = 1 then
        insert into model_key_leases (organization_id, id, pool, taken_at, expires_at)
          values (mine, shared, shared, at, at + interval '10 seconds')
          on conflict (organization_id, id) do update set expires_at = excluded.expires_at;
        return query select 'busy', made, tried, 0, null::uuid, null::uuid, null::text, null::text;
        return;
      end if;
      if seat.rank is null or seat.rank = 3 or (seat.rank = 4 and seat.seats > 1) then
        if not exists (select from usage u where u.organization_id = mine and u.id = the_usage and u.calls > 0) then
          -- An attempt in vain, remembered for as long as its activity may last.
          insert into model_key_leases
              (organization_id, id, pool, orchestration_id, turn_key, execution, taken_at, expires_at)
            values (mine, the_usage, mine, the_orchestration, the_turn, the_execution, at, at + interval '1 hour')
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
      insert into model_key_leases
          (organization_id, id, pool, account_id, orchestration_id, turn_key, taken_at, expires_at)
        values (mine, given, seat.organization_id, seat.id, the_orchestration, the_turn, at,
          at + make_interval(secs => (policy->>'leaseSeconds')::float));
      update model_key_accounts a set last_used_at = at, total_requests = a.total_requests + 1,
          total_retries = a.total_retries + case when made > 0 then 1 else 0 end
        where a.organization_id = seat.organization_id and a.id = seat.id;
      return query select 'leased', made + 1, tried, 0, given, seat.organization_id, seat.id,
        (select k.sealed from model_keys k where k.organization_id = mine and k.id = seat.key_id);
    end $$`,
  `create function return_model_key(mine uuid, given uuid, told jsonb, policy jsonb)
    returns table (account text, "from" text, "to" text, until timestamptz)
    language plpgsql as $$
    #variable_conflict use_column
    declare
      outcome constant text := told->>'outcome';
      asked_seconds constant float := told->>'waitSeconds';
      at constant timestamptz := clock_timestamp();
      l record; a record; is_news boolean; seconds float;
    begin
      delete from model_key_leases where organization_id = mine and id = given returning * into l;
      if not found or outcome = 'nothing' then return; end if;
      select * into a from model_key_accounts x where x.organization_id = l.pool and x.id = l.account_id for update;
      if not found or (outcome = 'answered' and a.failures = 0) then return; end if;
      "from" := case when a.quarantined_at is not null then 'quarantined' when a.cooldown_until is not null then 'cooldown'
        else 'active' end;
      -- What began before the last failure tells of the same trouble, whether it went well or not.
      is_news := a.last_failed_at is null or l.taken_at > a.last_failed_at;
      if outcome = 'answered' then
        if not is_news then return; end if;
        a.failures := 0; a.cooldown_until := null; a.probe_at := null; a.quarantined_at := null;
      elsif outcome = 'rejected' then
        a.failures := a.failures + 1; a.last_failed_at := at; a.quarantined_at := coalesce(a.quarantined_at, at);
      else
        if outcome = 'limited' then a.total_429_errors := a.total_429_errors + 1; end if;
        if is_news then a.failures := a.failures + 1; a.last_failed_at := at; end if;
        -- A fault of the provider is nobody's limit: it rests no key before it has come several times in a row.
        seconds := coalesce(asked_seconds, case when is_news and outcome = 'limited' then
          (policy->'stepsSeconds'->>(least(a.failures, jsonb_array_length(policy->'stepsSeconds')) - 1))::float end, 0);
        a.probe_at := greatest(a.probe_at,
          at + make_interval(secs => least(seconds, (policy->>'longestWaitSeconds')::float)));
        if a.failures >= (policy->>'circuitFailures')::integer then seconds := (policy->>'circuitSeconds')::float; end if;
        if seconds > 0 then
          a.cooldown_until := greatest(a.cooldown_until,
            at + make_interval(secs => least(seconds, (policy->>'circuitSeconds')::float)));
        end if;
      end if;
      update model_key_accounts x set failures = a.failures, cooldown_until = a.cooldown_until, probe_at = a.probe_at,
          last_failed_at = a.last_failed_at, quarantined_at = a.quarantined_at, total_429_errors = a.total_429_errors
        where x.organization_id = l.pool and x.id = l.account_id;
      "to" := case when a.quarantined_at is not null then 'quarantined' when a.cooldown_until is not null then 'cooldown'
        else 'active' end;
      if not is_news or ("from" = "to" and "to" <> 'cooldown') then return; end if;
      account := a.id;
      until := case when "to" = 'cooldown' then a.cooldown_until end;
      if l.pool = mine then
        insert into audit (organization_id, id, action, subject, outcome, details) values (mine, gen_random_uuid(),
          'key.' || "to", a.id, 'done', jsonb_build_object('from', "from", 'failures', a.failures, 'until', until));
      end if;
      return next;
    end $$`,
  ...['take_model_key(uuid, jsonb, jsonb)', 'return_model_key(uuid, uuid, jsonb, jsonb)'].flatMap((name) => [
    `revoke all on function ${name} from public`,
    `grant execute on function ${name} to nubabel_app`,
  ]),
];
