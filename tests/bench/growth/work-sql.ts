/**
 * SQL that writes finished requests with all that belongs to them, from the temporary table `job`. Ids come from numbers,
 * so that rows of different tables find each other without a look; they lie as scattered as random ones.
 */

/** An id of the organization, by what it is of and its number; as SQL. It looks like a random one, which doors ask for. */
export const idOf = (organization: string, kind: string, nth: string): string =>
  `overlay(overlay(md5('${organization}/${kind}/' || (${nth})) placing '4' from 13) placing '8' from 17)::uuid`;

export const PEOPLE = 200;
const CHANNELS = 300;
/** Over so many days they are spread, evenly; the newest was just now. */
export const DAYS = 60;

/** Requests share a conversation by threes; every second conversation is a thread of Slack, in which others ask too. */
export function jobs(organization: string, { from, to, total }: { from: number; to: number; total: number }): string {
  const person = (nth: string) => idOf(organization, 'person', nth);
  return `create temporary table job on commit drop as select i, i / 3 as s, i % 3 as part, i / 3 % 2 = 0 as slack,
      ${idOf(organization, 'job', 'i')} as id, ${idOf(organization, 'session', 'i / 3')} as session,
      ${person(`i / 3 % ${PEOPLE}`)} as host,
      case when i / 3 % 2 = 0 and i % 3 = 2 then ${person(`i % ${PEOPLE}`)} else ${person(`i / 3 % ${PEOPLE}`)} end as person,
      case i % 100 when 7 then 'failed' when 17 then 'failed' when 27 then 'cancelled' when 37 then 'partial'
        when 47 then 'expired' else 'completed' end as status,
      case when i % 20 = 0 then 'ko' else 'en' end as language,
      (array['brand','engineering','finance','growth','marketing','ops','product','support'])[1 + i % 8] as agent,
      -- One agent has worked at the very beginning only, so whoever looks for it looks through everything.
      case when i < ${Math.ceil(total / 100)} then 'general'
        else (array['ops','brand','support','product'])[1 + i % 4 ] end as other,
      (array['local','model','cache','request'])[1 + i % 4] as decided_by,
      now() - interval '${DAYS} days' * ((${total} - i)::float8 / ${total}) as at
    from generate_series(${from}, ${to - 1}) as i`;
}

const channelOf = (s: string) => `'C' || (${s} % ${CHANNELS})`;
const threadOf = (s: string) => `(1700000000 + ${s}) || '.000100'`;

/** One statement for each table. */
export const work = (organization: string): readonly string[] => [
  `insert into sessions (organization_id, id, user_id, source, title, slack_team_id, slack_channel_id, slack_thread_ts,
      created_at, updated_at)
    select '${organization}', session, min(host::text)::uuid, case when bool_or(slack) then 'slack' else 'rest' end,
      'A conversation ' || s, case when bool_or(slack) then 'TBENCH' end,
      case when bool_or(slack) then ${channelOf('s')} end, case when bool_or(slack) then ${threadOf('s')} end,
      min(at), max(at)
    from job group by s, session on conflict do nothing`,
  `insert into orchestrations (organization_id, id, session_id, user_id, source, message, language, category, status,
      progress, step, version, local_route, analysis, route, result, slack_team_id, slack_channel_id, slack_thread_ts,
      slack_message_ts, created_at, started_at, finished_at)
    select '${organization}', id, session, person, case when slack then 'slack' else 'rest' end,
      'Draft the announcement number ' || i || ' for the quarter, with figures and a list of what is open', language,
      'quick', status, 100, 'Done', 9, jsonb_build_object('agents', '[]'::jsonb, 'textHash', md5('words ' || i),
        'confidence', 0.4, 'abstained', true, 'reason', 'Nothing in it is clear', 'alternatives', '[]'::jsonb),
      jsonb_build_object('intent', 'content', 'confidence', 0.8, 'entities', '{}'::jsonb, 'language', language),
      jsonb_build_object('agents', jsonb_build_array(jsonb_build_object('agent', agent, 'relevance', 0.9),
          jsonb_build_object('agent', other, 'relevance', 0.5)), 'mode', 'parallel', 'category', 'quick',
        'decidedBy', decided_by, 'confidence', 0.8, 'alternatives', '[]'::jsonb, 'reason', 'It is about ' || agent),
      jsonb_build_object('primary_result', 'Announcement ' || i || ': ' || repeat(md5(i::text) || ' ', 14),
        'supporting_insights', '[]'::jsonb, 'confidence_score', 0.8, 'aggregation_method', 'weighted_merge',
        'agents_used', jsonb_build_array(agent, other), 'execution_time_ms', 900, 'primary_agent', agent,
        'models_used', '["claude"]'::jsonb, 'missing_agents', '[]'::jsonb),
      case when slack then 'TBENCH' end, case when slack then ${channelOf('s')} end,
      case when slack then ${threadOf('s')} end, case when slack then (1700000000 + i) || '.000200' end,
      at, at, at + interval '1 second'
    from job`,
  `insert into messages (organization_id, id, session_id, orchestration_id, role, content, created_at)
    select '${organization}', gen_random_uuid(), session, id, role,
      case role when 'user' then 'Draft the announcement number ' || i else repeat(md5(i::text) || ' ', 14) end,
      case role when 'user' then at else at + interval '1 second' end
    from job, unnest(array['user', 'assistant']) as role`,
  `insert into steps (organization_id, orchestration_id, id, agent, position, relevance, status, model, confidence,
      turn_key, cost_nanos, started_at, finished_at)
    select '${organization}', id, a.agent, a.agent, a.nth, 0.5, 'done', 'claude', 0.8, 'agent:' || a.agent, 3000000,
      at, at + interval '1 second'
    from job, lateral (values (0, job.agent), (1, other)) as a (nth, agent)
      where a.nth = 0 or job.agent <> other`,
  `insert into usage (organization_id, id, orchestration_id, user_id, turn_key, agent, model, state, reserved_nanos,
      cost_nanos, input_tokens, output_tokens, reserved_on, created_at, settled_at, expires_at, calls)
    select '${organization}', gen_random_uuid(), id, person, coalesce('agent:' || a.agent, 'analysis'), a.agent, a.model,
      'settled', 9000000, 3000000, 900, 300, (at at time zone 'utc')::date, at, at + interval '1 second',
      at + interval '1 hour', 1
    from job, lateral (values (null, 'fast-model'), (job.agent, 'balanced-model'), (other, 'balanced-model')) as a (agent, model)`,
  `insert into model_turns (organization_id, orchestration_id, turn_key, model, content, stop_reason, cost_nanos, created_at)
    select '${organization}', id, a.key, 'balanced-model', repeat(md5(a.key || i) || ' ', 8), 'end_turn', 3000000, at
    from job, lateral (values ('analysis'), ('agent:' || job.agent), ('agent:' || other)) as a (key) on conflict do nothing`,
  `insert into inbox (organization_id, id, source, kind, orchestration_id, body, received_at, handed_over_at, next_attempt_at)
    select '${organization}', ${idOf(organization, 'inbox', 'i')}, case when slack then 'slack' else 'rest' end, 'request',
      id, jsonb_build_object('fingerprint', md5(i::text), 'analyze', true), at, at, at from job`,
  `insert into inbox_keys (organization_id, key, inbox_id, created_at)
    select '${organization}', 'rest:' || i, ${idOf(organization, 'inbox', 'i')}, at from job`,
  `insert into slack_posts (organization_id, orchestration_id, ts, attempted, version, updated_at)
    select '${organization}', id, (1700000000 + i) || '.000300', true, 9, at from job where slack`,
  `insert into tool_calls (organization_id, orchestration_id, id, step_id, turn_key, tool, connection_id, arguments,
      arguments_hash, risk, status, result, started_at, finished_at, created_at)
    select '${organization}', id, 'agent:' || agent || '/0', agent, 'agent:' || agent, 'notion__createTask',
      ${idOf(organization, 'connection', 'i % 3')}, '{"title": "A task"}', md5(i::text), 'write', 'done',
      jsonb_build_object('text', repeat(md5(i::text), 6)), at, at, at from job where i % 5 = 0`,
  `insert into effects (organization_id, key, orchestration_id, step_id, call_id, tool, connection_id, arguments,
      arguments_hash, state, resource, settled_by, undoable, claimed_at, sent_at, settled_at)
    select '${organization}', md5('effect ' || i), id, agent, 'agent:' || agent || '/0', 'notion__createTask',
      ${idOf(organization, 'connection', 'i % 3')}, '{"title": "A task"}', md5(i::text), 'DONE',
      jsonb_build_object('id', md5(i::text)), 'response', true, at, at, at from job where i % 10 = 0`,
  `insert into approvals (organization_id, orchestration_id, id, kind, document, asked_at, decided_at)
    select '${organization}', id, '1', 'tool', jsonb_build_object('id', '1', 'kind', 'tool', 'decision',
      jsonb_build_object('verdict', 'approve', 'by', ${idOf(organization, 'person', `i / 20 % ${PEOPLE}`)}, 'via', 'rest')),
      at, at from job where i % 20 = 0`,
  `insert into audit (organization_id, id, at, user_id, action, subject, outcome)
    select '${organization}', gen_random_uuid(), at, person, 'approval.decide', id::text, 'done' from job where i % 20 = 0`,
  `insert into events (organization_id, id, type, orchestration_id, session_id, user_id, data, created_at)
    select '${organization}', i * 8::bigint + n, 'orchestration_progress', id, session, person,
      '{"status": "running", "progress": 40, "step": "An agent works"}', at
    from job, generate_series(1, 8) as n where at >= (current_date - 1)::timestamptz order by i, n`,
];

/** What is kept beside the work so that nobody has to gather it from there; written from the work, as migrations do. */
export const kept = (organization: string): readonly string[] => [
  `insert into session_guests select distinct o.organization_id, o.session_id, o.user_id, s.user_id from orchestrations o
    join sessions s on s.organization_id = o.organization_id and s.id = o.session_id
    where o.organization_id = '${organization}' and o.user_id is distinct from s.user_id`,
  `insert into approval_answers select distinct organization_id, (document->'decision'->>'by')::uuid, orchestration_id
    from approvals where organization_id = '${organization}'`,
  `insert into usage_days select organization_id, reserved_on, user_id, agent, model, count(*), sum(input_tokens),
      sum(output_tokens), sum(cache_write_tokens), sum(cache_read_tokens), sum(cost_nanos)
    from usage where organization_id = '${organization}' group by 1, 2, 3, 4, 5`,
  `insert into event_counters (organization_id, last_id, last_at)
    select '${organization}', coalesce(max(id), 0), coalesce(max(created_at), now()) from events
    where organization_id = '${organization}'
    on conflict (organization_id) do update set last_id = excluded.last_id, last_at = excluded.last_at`,
];
