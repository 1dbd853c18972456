import { sql, type Kysely } from 'kysely';

/**
 * Of an organization's events a later one is never of an earlier time, whatever the clock does, and the counter knows the
 * time of the newest. So whoever has seen an event knows the partitions in which the next ones can be.
 */
const APPEND_EVENTS = `create or replace function append_events(given jsonb) returns void language plpgsql as $$
  declare
    mine constant uuid := nubabel_organization();
    many constant integer := jsonb_array_length(given);
    newest bigint; at timestamptz;
  begin
    -- The row is locked before the clock is read, so the order of times is the order of numbers.
    insert into event_counters (organization_id, last_id, last_at) values (mine, many, clock_timestamp())
      on conflict (organization_id) do update
        set last_id = event_counters.last_id + many, last_at = greatest(event_counters.last_at, clock_timestamp())
      returning last_id, last_at into newest, at;
    insert into events (organization_id, id, type, orchestration_id, session_id, user_id, data, created_at)
      select mine, newest - many + e.place, e.event->>'type', (e.event->>'orchestrationId')::uuid,
        (e.event->>'sessionId')::uuid, (e.event->>'userId')::uuid, e.event->'data', at
      from jsonb_array_elements(given) with ordinality as e (event, place);
  end $$`;

const BEFORE = `create or replace function append_events(given jsonb) returns void language plpgsql as $$
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

const TABLES = ['events', 'event_counters'];

const UP = [
  `alter table event_counters add column last_at timestamptz not null default now()`,
  // The owner is no organization, and has to see all of them for once.
  ...TABLES.map((table) => `alter table ${table} no force row level security`),
  `update event_counters c set last_at = e.newest
    from (select organization_id, max(created_at) as newest from events group by 1) e
    where e.organization_id = c.organization_id and e.newest > c.last_at`,
  ...TABLES.map((table) => `alter table ${table} force row level security`),
  APPEND_EVENTS,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of UP) await sql.raw(statement).execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql.raw(BEFORE).execute(db);
  await sql`alter table event_counters drop column last_at`.execute(db);
}
