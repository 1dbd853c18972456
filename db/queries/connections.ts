import { sql, type Insertable, type Selectable, type Updateable } from 'kysely';
import type { OrganizationTransaction } from '../organization.ts';
import type { ConnectionsTable } from '../tables/tools.ts';

export type Connection = Selectable<ConnectionsTable>;

/** Answers false when the organization, or the person, has a connection with this slug already. */
export async function insertConnection(
  trx: OrganizationTransaction,
  row: Insertable<ConnectionsTable>,
): Promise<boolean> {
  const inserted = await trx
    .insertInto('connections')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return inserted.numInsertedOrUpdatedRows === 1n;
}

export const findConnection = (trx: OrganizationTransaction, id: string): Promise<Connection | undefined> =>
  trx.selectFrom('connections').selectAll().where('id', '=', id).executeTakeFirst();

/** @throws when it is not there. */
export const getConnection = (trx: OrganizationTransaction, id: string): Promise<Connection> =>
  trx.selectFrom('connections').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

/** All of the organization, personal ones too, in the order they were made. */
export const listConnections = (trx: OrganizationTransaction): Promise<Connection[]> =>
  trx.selectFrom('connections').selectAll().orderBy('created_at').orderBy('id').execute();

/** Held until the end of the transaction. */
export const lockConnection = (trx: OrganizationTransaction, id: string): Promise<Connection | undefined> =>
  trx.selectFrom('connections').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();

/** Answers whether it was there. */
export async function updateConnection(
  trx: OrganizationTransaction,
  { id, set }: { readonly id: string; readonly set: Updateable<ConnectionsTable> },
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('connections')
    .set({ ...set, updated_at: sql`now()` })
    .where('id', '=', id)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Its tools and open grants go with it. Answers whether it was there. */
export const deleteConnection = async (trx: OrganizationTransaction, id: string): Promise<boolean> =>
  (await trx.deleteFrom('connections').where('id', '=', id).executeTakeFirst()).numDeletedRows === 1n;

/** What a failed call means for the next: so many in a row, and nobody calls for a while. */
interface CallFailed {
  /** Without any secret; people read it. */
  readonly error: string;
  readonly maxFailures: number;
  readonly restSeconds: number;
}

/** Counts a failure. After the rest one more failure is enough to rest again. Answers until when nothing is called. */
export async function recordCallFailed(
  trx: OrganizationTransaction,
  id: string,
  { error, maxFailures, restSeconds }: CallFailed,
): Promise<Date | null> {
  const noted = await trx
    .updateTable('connections')
    .set({
      failures: sql`failures + 1`,
      health: sql`case health when 'reconnect' then health else 'failing' end`,
      last_error: error,
      checked_at: sql`now()`,
      broken_until: sql`case when failures + 1 >= ${maxFailures}
        then now() + make_interval(secs => ${restSeconds}) else broken_until end`,
    })
    .where('id', '=', id)
    .returning('broken_until')
    .executeTakeFirst();
  return noted?.broken_until ?? null;
}

/** Forgets what went wrong. Writes only when something did, so that a healthy connection costs no write for each call. */
export async function recordCallWorked(trx: OrganizationTransaction, id: string): Promise<void> {
  await trx
    .updateTable('connections')
    .set({ failures: 0, health: 'healthy', last_error: null, checked_at: sql`now()`, broken_until: null })
    .where('id', '=', id)
    .where((eb) => eb.or([eb('failures', '>', 0), eb('health', '<>', 'healthy'), eb('broken_until', 'is not', null)]))
    .execute();
}

/** The grant is over: a person has to renew it. */
export async function setNeedsReconnect(trx: OrganizationTransaction, id: string, message: string): Promise<void> {
  await trx
    .updateTable('connections')
    .set({ health: 'reconnect', last_error: message, checked_at: sql`now()` })
    .where('id', '=', id)
    .execute();
}

/** Grants that somebody has gone to give are of no use once the credentials are others. */
export const dropPendingGrants = (trx: OrganizationTransaction, connectionId: string) =>
  trx.deleteFrom('oauth_states').where('connection_id', '=', connectionId).execute();
