import { sql, type Kysely, type Selectable } from 'kysely';
import type { Database } from '../tables/index.ts';
import type { InboxTable } from '../tables/organizations.ts';
import type { OrganizationTransaction } from '../organization.ts';

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

export const setFailedAttempt = (trx: OrganizationTransaction, id: string, error: string) =>
  trx
    .updateTable('inbox')
    .set((eb) => ({ attempts: eb('attempts', '+', 1), last_error: error.slice(0, 500) }))
    .where('id', '=', id)
    .execute();

/** Deliveries that still wait for Temporal, oldest first; other relays skip the rows that this one holds. */
export const lockBacklog = (
  trx: OrganizationTransaction,
  input: { olderThanMs: number; limit: number },
): Promise<Omit<NewDelivery, 'keys'>[]> =>
  trx
    .selectFrom('inbox')
    .select([
      'organization_id as organizationId',
      'id',
      'source',
      'kind',
      'orchestration_id as orchestrationId',
      'body',
    ])
    .where('handed_over_at', 'is', null)
    .where('received_at', '<', sql<Date>`now() - make_interval(secs => ${input.olderThanMs / 1000})`)
    .orderBy('attempts')
    .orderBy('received_at')
    .limit(input.limit)
    .forUpdate()
    .skipLocked()
    .execute();

/** Organizations with deliveries that wait; asked before any organization is known. */
export async function listOrganizationsWithBacklog(db: Kysely<Database>, olderThanMs: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select organizations_with_backlog(make_interval(secs => ${olderThanMs / 1000})) as id`.execute(db);
  return rows.map(({ id }) => id);
}
