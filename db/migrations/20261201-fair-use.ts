import { sql, type Kysely } from 'kysely';
import { FUNCTIONS as FOUNDATION } from './20261121-foundation-functions.ts';
import { FUNCTIONS as KEY_POOL } from './20261122-key-pool-functions.ts';
import { APPEND_EVENTS, KEEP_PARTITIONS, TAKE_MODEL_KEY } from './20261201-fair-use-functions.ts';

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
