import { sql, type Kysely } from 'kysely';
import type { Database } from '../tables/index.ts';

/** Makes the event partitions of the coming days and drops those older than `keepHours`. */
export const maintainEventPartitions = (db: Kysely<Database>, keepHours: number) =>
  sql`select maintain_event_partitions(make_interval(hours => ${keepHours}))`.execute(db);

/** Organizations with reservations that nobody settled in time. */
export async function listOrganizationsWithOrphans(db: Kysely<Database>): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select organizations_with_orphans() as id`.execute(db);
  return rows.map(({ id }) => id);
}

/** Organizations in which money is set aside for some plan. */
export async function listOrganizationsWithOpenEnvelopes(db: Kysely<Database>): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select organizations_with_open_envelopes() as id`.execute(db);
  return rows.map(({ id }) => id);
}

/** Wakes the event readers of every process for each of these organizations; outside any transaction. */
export const notifyEvents = (db: Kysely<Database>, channel: string, organizationIds: readonly string[]) =>
  sql`select pg_notify(${channel}, id) from unnest(${sql.val([...organizationIds])}::text[]) as id`.execute(db);
