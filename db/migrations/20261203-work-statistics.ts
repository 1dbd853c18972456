import { sql, type Kysely } from 'kysely';

/**
 * Row-level security names the organization by a function, so Postgres plans without knowing which one asks, and takes it
 * for one of average size among thousands: it would rather read all that "little" than look a few things up. With one
 * distinct value to go by it plans for the largest organization there is, which is right for that one and harms no other.
 * Tells in all tables that grow with the work; it counts from the next `analyze` on.
 */
const TABLES = [
  'users',
  'sessions',
  'session_guests',
  'orchestrations',
  'messages',
  'steps',
  'model_turns',
  'usage',
  'usage_days',
  'budget_windows',
  'envelopes',
  'approvals',
  'approval_answers',
  'plans',
  'plan_edits',
  'steering',
  'healing',
  'tool_calls',
  'effects',
  'slack_posts',
  'inbox',
  'inbox_keys',
  'audit',
];

export async function up(db: Kysely<any>): Promise<void> {
  for (const table of TABLES) {
    await sql.raw(`alter table ${table} alter column organization_id set (n_distinct = 1)`).execute(db);
    await sql.raw(`analyze ${table}`).execute(db);
  }
}

export async function down(db: Kysely<any>): Promise<void> {
  for (const table of TABLES)
    await sql.raw(`alter table ${table} alter column organization_id reset (n_distinct)`).execute(db);
}
