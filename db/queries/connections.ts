import { sql, type Insertable, type Selectable, type Updateable, type Kysely } from 'kysely';
import type { OrganizationTransaction } from '../organization.ts';
import type { ConnectionsTable, OauthStatesTable } from '../tables/tools.ts';
import type { Database } from '../tables/index.ts';

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

/**
 * Takes the lease to renew a connection's grant, where nobody has it or whoever had it was not heard of for so long.
 * Answers the row as it is under the lease; undefined while another has it. Times are the database's.
 */
export const takeRenewalLease = (
  trx: OrganizationTransaction,
  { id, holder, leaseMs }: { readonly id: string; readonly holder: string; readonly leaseMs: number },
): Promise<Connection | undefined> =>
  trx
    .updateTable('connections')
    .set({ renewal_holder: holder, renewal_until: untilIn(leaseMs) })
    .where('id', '=', id)
    .where((eb) => eb.or([eb('renewal_until', 'is', null), eb('renewal_until', '<=', sql<Date>`now()`)]))
    .returningAll()
    .executeTakeFirst();

/** The holder is still at it. */
export const extendRenewalLease = (
  trx: OrganizationTransaction,
  { id, holder, leaseMs }: { readonly id: string; readonly holder: string; readonly leaseMs: number },
) =>
  trx
    .updateTable('connections')
    .set({ renewal_until: untilIn(leaseMs) })
    .where('id', '=', id)
    .where('renewal_holder', '=', holder)
    .execute();

export const dropRenewalLease = (trx: OrganizationTransaction, id: string, holder: string) =>
  trx
    .updateTable('connections')
    .set({ renewal_holder: null, renewal_until: null })
    .where('id', '=', id)
    .where('renewal_holder', '=', holder)
    .execute();

const untilIn = (ms: number) => sql<string>`now() + make_interval(secs => ${ms / 1_000})`;

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

/** Grants that somebody has gone to give, and renewals under way, are of no use once the credentials are others. */
export async function dropPendingGrants(trx: OrganizationTransaction, connectionId: string): Promise<void> {
  await trx.deleteFrom('oauth_states').where('connection_id', '=', connectionId).execute();
  await trx
    .updateTable('connections')
    .set({ auth_version: sql`auth_version + 1`, renewal_holder: null, renewal_until: null })
    .where('id', '=', connectionId)
    .execute();
}

export type OauthState = Selectable<OauthStatesTable>;

/** Stands in `sealed` once the state was used; the row stays until its end, so that a second use is known as one. */
const USED = '';

/** Those of the same organization whose time is over go at the same time. */
export async function insertOauthState(trx: OrganizationTransaction, row: Insertable<OauthStatesTable>): Promise<void> {
  await trx
    .deleteFrom('oauth_states')
    .where('expires_at', '<', sql<Date>`now()`)
    .execute();
  await trx.insertInto('oauth_states').values(row).execute();
}

/** Whose grant comes back; asked before the organization is known. Undefined for what we never gave, or too long ago. */
export async function findStateOrganization(db: Kysely<Database>, stateHash: Buffer): Promise<string | undefined> {
  const { rows } = await sql<{ organization_id: string }>`
    select organization_id from find_oauth_state(${stateHash})`.execute(db);
  return rows[0]?.organization_id;
}

/** A state as it comes back; `used`: not for the first time. */
type ConsumedState = { readonly row: OauthState; readonly used: boolean };

/** Consumes a state for good: of two who come with the same one, one gets it. */
export async function consumeOauthState(
  trx: OrganizationTransaction,
  stateHash: Buffer,
): Promise<ConsumedState | undefined> {
  const row = await trx
    .selectFrom('oauth_states')
    .selectAll()
    .where('state_hash', '=', stateHash)
    .where('expires_at', '>', sql<Date>`now()`)
    .forUpdate()
    .executeTakeFirst();
  if (!row) return undefined;
  if (row.sealed === USED) return { row, used: true };
  await trx.updateTable('oauth_states').set({ sealed: USED }).where('state_hash', '=', stateHash).execute();
  return { row, used: false };
}
