import { escapeLiteral } from 'pg';
import { sql, type Kysely, type Selectable } from 'kysely';
import type { Database } from '../tables/index.ts';
import type { InboxTable } from '../tables/organizations.ts';
import { runInOrganization, type OrganizationTransaction } from '../organization.ts';
import { storableText } from '../../contracts/json.ts';

type InboxRow = Selectable<InboxTable>;

export interface NewDelivery {
  readonly organizationId: string;
  readonly id: string;
  readonly source: InboxTable['source'];
  readonly kind: InboxTable['kind'];
  readonly orchestrationId: string;
  readonly body: Record<string, unknown>;
  /** Every name under which the same delivery may come again. */
  readonly keys: readonly string[];
}

/**
 * The delivery that already took one of these keys. A concurrent one that has not committed yet is waited for, by
 * claiming the keys: call `claimKeys` in the same transaction before anything else is written.
 */
export const findDelivery = (trx: OrganizationTransaction, keys: readonly string[]): Promise<InboxRow | undefined> =>
  trx
    .selectFrom('inbox_keys as k')
    .innerJoin('inbox as i', 'i.id', 'k.inbox_id')
    .selectAll('i')
    .where('k.key', 'in', [...keys])
    .limit(1)
    .executeTakeFirst();

export const findInboxRow = (trx: OrganizationTransaction, id: string): Promise<InboxRow | undefined> =>
  trx.selectFrom('inbox').selectAll().where('id', '=', id).executeTakeFirst();

/**
 * Claims the delivery's keys; false when another delivery holds one of them. Keys are taken in one order so that two
 * deliveries with the same pair of keys cannot wait for each other.
 */
export async function claimKeys(
  trx: OrganizationTransaction,
  { organizationId, id, keys }: Pick<NewDelivery, 'organizationId' | 'id' | 'keys'>,
): Promise<boolean> {
  if (keys.length === 0) return true;
  const sorted = [...keys].sort();
  const taken = await trx
    .insertInto('inbox_keys')
    .values(sorted.map((key) => ({ organization_id: organizationId, key, inbox_id: id })))
    .onConflict((conflict) => conflict.doNothing())
    .returning('key')
    .execute();
  return taken.length === keys.length;
}

/** The receipt as a statement that goes along with another. Its orchestration must be in the same transaction. */
export const deliveryInsert = (trx: OrganizationTransaction, given: Omit<NewDelivery, 'keys'>) =>
  trx.insertInto('inbox').values({
    organization_id: given.organizationId,
    id: given.id,
    source: given.source,
    kind: given.kind,
    orchestration_id: given.orchestrationId,
    body: JSON.stringify(given.body),
  });

/** Writes the receipt. */
export const insertDelivery = (trx: OrganizationTransaction, given: Omit<NewDelivery, 'keys'>) =>
  deliveryInsert(trx, given).execute();

/** Keys that a repetition has added belong to the first delivery too. */
export const moveKeys = (trx: OrganizationTransaction, keys: readonly string[], inboxId: string) =>
  trx
    .updateTable('inbox_keys')
    .set({ inbox_id: inboxId })
    .where('key', 'in', [...keys])
    .execute();

/** The workflow has it: the relay need not look at it again. */
export const setDelivered = (trx: OrganizationTransaction, id: string) =>
  trx
    .updateTable('inbox')
    .set({ handed_over_at: sql<string>`now()`, last_error: null })
    .where('id', '=', id)
    .execute();

/**
 * As `setDelivered`, in one round trip and without waiting for the disk. One whose mark is lost is given to Temporal once
 * more, which has it already.
 */
export const markDelivered = (
  db: Kysely<Database>,
  { organizationId, id }: Pick<NewDelivery, 'organizationId' | 'id'>,
): Promise<void> =>
  runInOrganization(
    db,
    organizationId,
    `update inbox set handed_over_at = now(), last_error = null where id = ${escapeLiteral(id)}`,
  );

/** `waitMs`: no relay tries it again before that. */
export const setFailedAttempt = (trx: OrganizationTransaction, id: string, failed: { error: string; waitMs: number }) =>
  trx
    .updateTable('inbox')
    .set((eb) => ({
      attempts: eb('attempts', '+', 1),
      last_error: storableText(failed.error).slice(0, 500),
      next_attempt_at: inMs(failed.waitMs),
    }))
    .where('id', '=', id)
    .where('handed_over_at', 'is', null)
    .execute();

const inMs = (ms: number) => sql<string>`now() + make_interval(secs => ${ms / 1_000})`;

export interface LeasedDelivery extends Omit<NewDelivery, 'keys'> {
  /** Attempts of relays so far. */
  readonly attempts: number;
}

/**
 * Takes deliveries that wait for Temporal, oldest first, for `leaseMs`: until then no other relay tries them, and no row
 * is locked. What was said to a job waits until everything before it has been delivered.
 */
export async function leaseBacklog(
  trx: OrganizationTransaction,
  input: { olderThanMs: number; leaseMs: number; limit: number },
): Promise<LeasedDelivery[]> {
  const { rows } = await sql<LeasedDelivery & { receivedAt: Date }>`
    update inbox set next_attempt_at = ${inMs(input.leaseMs)}
    where id in (
      select i.id from inbox i
      where i.handed_over_at is null and i.next_attempt_at <= now()
        and i.received_at < now() - make_interval(secs => ${input.olderThanMs / 1_000})
        and not ${hasEarlier('i')}
      order by i.received_at limit ${input.limit} for update skip locked)
    returning organization_id as "organizationId", id, source, kind, orchestration_id as "orchestrationId", body,
      attempts, received_at as "receivedAt"`.execute(trx);
  return rows.sort((a, b) => a.receivedAt.getTime() - b.receivedAt.getTime());
}

/** Whether something of the same job came before it and waits still. */
const hasEarlier = (row: string) => sql<boolean>`exists (
  select from inbox earlier where earlier.orchestration_id = ${sql.ref(`${row}.orchestration_id`)}
    and earlier.handed_over_at is null
    and (earlier.received_at, earlier.id) < (${sql.ref(`${row}.received_at`)}, ${sql.ref(`${row}.id`)}))`;

/** Whether a delivery may go now: nothing of the same job waits before it. */
export async function isNextInLine(trx: OrganizationTransaction, id: string): Promise<boolean> {
  const row = await trx
    .selectFrom('inbox as i')
    .select(hasEarlier('i').as('waits'))
    .where('i.id', '=', id)
    .executeTakeFirst();
  return row?.waits === false;
}

/** Any relay may take these now: leased ones are given back untried, others need not wait any longer. */
export const dueNow = (trx: OrganizationTransaction, ids: readonly string[]) =>
  trx
    .updateTable('inbox')
    .set({ next_attempt_at: sql<string>`now()` })
    .where('id', 'in', [...ids])
    .where('handed_over_at', 'is', null)
    .returning(['id', 'orchestration_id'])
    .execute();

/** Organizations with deliveries that could be tried; asked before any organization is known. */
export async function listOrganizationsWithBacklog(db: Kysely<Database>, olderThanMs: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select organizations_with_backlog(make_interval(secs => ${olderThanMs / 1000})) as id`.execute(db);
  return rows.map(({ id }) => id);
}

/** How many deliveries of all organizations have waited longer than that, and since when the first of them. */
export async function countOverdue(
  db: Kysely<Database>,
  olderThanMs: number,
): Promise<{ readonly waiting: number; readonly oldest: Date | null }> {
  const { rows } = await sql<{ waiting: number; oldest: Date | null }>`
    select * from overdue_deliveries(make_interval(secs => ${olderThanMs / 1000}))`.execute(db);
  return rows[0] ?? { waiting: 0, oldest: null };
}

/** The organization's deliveries that wait, the oldest first. */
export const listBacklog = (trx: OrganizationTransaction, limit: number): Promise<InboxRow[]> =>
  trx.selectFrom('inbox').selectAll().where('handed_over_at', 'is', null).orderBy('received_at').limit(limit).execute();
