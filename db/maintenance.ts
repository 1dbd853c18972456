import { sql, type Kysely } from 'kysely';
import type { Database } from './tables/index.ts';

/** Makes the event partitions of the coming days and drops those older than `keepHours`. */
export const maintainEventPartitions = (db: Kysely<Database>, keepHours: number) =>
  sql`select maintain_event_partitions(make_interval(hours => ${keepHours}))`.execute(db);

/** Organizations of which a function of the database says that something is to be done there. */
const listBy =
  (name: string) =>
  async (db: Kysely<Database>): Promise<string[]> =>
    (await sql<{ id: string }>`select ${sql.id(name)}() as id`.execute(db)).rows.map(({ id }) => id);

/** Organizations with reservations that nobody settled in time. */
export const listOrganizationsWithOrphans = listBy('organizations_with_orphans');

/** Organizations in which money is set aside for some plan. */
export const listOrganizationsWithOpenEnvelopes = listBy('organizations_with_open_envelopes');

/** Organizations in which people have to be told something directly in Slack. */
export const listOrganizationsWithNotices = listBy('organizations_with_notices');

type Table = keyof Database;

/** How long the rows of a table are kept, and why. `since` is the column from which days are counted. */
type Retention =
  | { readonly rule: 'keep'; readonly reason: string }
  | { readonly rule: 'with-parent'; readonly parent: Table; readonly reason: string }
  | { readonly rule: 'after'; readonly days: number; readonly since: string; readonly reason: string };

const keep = (reason: string): Retention => ({ rule: 'keep', reason });
const withParent = (parent: Table, reason: string): Retention => ({ rule: 'with-parent', parent, reason });
const after = (days: number, since: string, reason: string): Retention => ({ rule: 'after', days, since, reason });

/** Events can be replayed for an hour; the rest is for people who look back. */
export const EVENT_DAYS = 2;

/**
 * One rule for each table; a table without one fails its test. `keep`: as long as the organization is there, and no
 * faster than it grows itself. `with-parent`: deleted with the row that it belongs to, by its foreign key. `after`: to be
 * deleted that many days after `since`; today this happens for events, the routing cache, OAuth states and leases.
 */
export const RETENTION: Readonly<Record<Table, Retention>> = {
  organizations: keep('The tenant itself; everything else goes with it.'),
  users: keep('People are named in the audit for as long as the organization is there.'),
  api_tokens: after(90, 'revoked_at', 'Taken back or expired, it only explains entries of the audit.'),
  slack_workspaces: keep('One row for each installation.'),
  slack_memberships: withParent('users', 'One row for each person, overwritten; believed for minutes only.'),
  audit: after(730, 'at', 'Two years answer the usual questions of an auditor.'),
  inbox: after(30, 'received_at', 'Long after any sender repeats a delivery.'),
  inbox_keys: withParent('inbox', 'A key is of use as long as its delivery can come again.'),

  sessions: after(365, 'updated_at', 'A year without a message: nobody goes on with it.'),
  session_guests: withParent('sessions', 'Who takes part in the conversation.'),
  orchestrations: withParent('sessions', 'A job is part of its conversation.'),
  messages: withParent('sessions', 'Part of the conversation.'),
  model_turns: withParent('orchestrations', 'Lets a retried activity return the paid answer, and explains the job.'),
  slack_posts: withParent('orchestrations', 'Names the message that shows the job.'),
  slack_buckets: keep('One row for each kind of call to Slack, overwritten.'),
  event_counters: keep('One row for each organization, overwritten.'),
  events: after(EVENT_DAYS, 'created_at', 'What happened is in the jobs; events only tell it live.'),

  steps: withParent('orchestrations', 'Part of the job.'),
  plans: withParent('orchestrations', 'Part of the job.'),
  plan_edits: withParent('orchestrations', 'Part of the job.'),
  approvals: withParent('orchestrations', 'Part of the job; the audit keeps who decided.'),
  approval_answers: withParent('orchestrations', 'Who may follow what became of their answer.'),
  approval_policies: keep('One row for each organization.'),
  steering: withParent('orchestrations', 'Part of the job.'),
  healing: withParent('orchestrations', 'Part of the job.'),

  usage: withParent('orchestrations', 'Explains what a job has cost; the sums stay in usage_days and budget_windows.'),
  usage_days: keep('A few sums for each day: what people look back at when the jobs are gone.'),
  budget_limits: keep('Settings of people and organizations.'),
  budget_windows: keep('A few sums for each day and month: the accounts of the organization.'),
  budget_notices: withParent('budget_windows', 'Who has heard of the warnings of the window.'),
  budget_policies: keep('One row for each organization.'),
  envelopes: withParent('orchestrations', 'What was set aside for the job.'),

  model_keys: keep('Until an admin removes the key.'),
  model_key_accounts: keep('One row for each key.'),
  model_key_leases: after(1, 'expires_at', 'An expired lease is removed by the next one.'),

  routing_overrides: keep('What the organization has taught the router, until somebody removes it.'),
  routing_versions: keep('One row for each organization, overwritten.'),
  routing_cache: after(1, 'expires_at', 'A kept decision is of use for a week; the next one removes it.'),

  connections: keep('Until an admin removes the connection.'),
  connection_tools: withParent('connections', 'The tools of the connection.'),
  oauth_states: after(1, 'expires_at', 'Expired, nobody can come back with it; the next one removes it.'),
  tool_calls: withParent('orchestrations', 'Part of the job.'),
  effects: withParent('orchestrations', 'What the job has changed outside, and how to take it back.'),
  skills: keep('Until somebody removes the skill.'),
};
