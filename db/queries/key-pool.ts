import { sql, type Insertable, type Kysely, type Selectable } from 'kysely';
import { callInOrganization, type OrganizationTransaction } from '../organization.ts';
import type { Database } from '../tables/index.ts';
import type { ModelKeyAccountsTable, ModelKeysTable } from '../tables/key-pool.ts';

/** Stands in `organization_id` for keys that belong to no organization. */
export const SHARED_POOL = '00000000-0000-0000-0000-000000000000';

/** How the pool treats its keys; the same in every worker. */
export interface PoolPolicy {
  /** Calls of one turn in all. */
  readonly mostCalls: number;
  /** Calls under way with one key. */
  readonly mostInFlight: number;
  /** Rests of a key that names none itself, by its failures in a row. */
  readonly stepsSeconds: readonly number[];
  readonly longestWaitSeconds: number;
  /** Failures in a row that open the circuit, and for how long. */
  readonly circuitFailures: number;
  readonly circuitSeconds: number;
  /** After that a lease that nobody gave back is void. */
  readonly leaseSeconds: number;
}

interface KeyRequest {
  readonly orchestrationId: string;
  readonly turnKey: string;
  readonly usageId: string;
  /** One execution of an activity with all its attempts: tries are counted over it. */
  readonly execution: string;
  /** Accounts from the environment whose keys this process holds. */
  readonly environment: readonly string[];
  /** This process can open the organization's own keys. */
  readonly opensOwn: boolean;
}

/**
 * `leased`: call with it, and give it back. `busy`: every healthy key has all the calls it may have, or more than a
 * fair share of them is ours. `cooling`: nobody can answer before `waitMs`. `quarantined`: all were rejected.
 * `exhausted`: the turn has made its calls. `none`: there is no key.
 */
type KeyVerdict = 'leased' | 'busy' | 'cooling' | 'quarantined' | 'exhausted' | 'none';

export interface KeyLease {
  readonly verdict: KeyVerdict;
  /** Calls of the turn, this one included. */
  readonly calls: number;
  /** Attempts of the turn that called, or found every key cooling; this one included. */
  readonly rounds: number;
  readonly waitMs: number;
  readonly lease: string;
  /** The owner of the account. */
  readonly pool: string;
  readonly account: string;
  readonly sealed: string | null;
}

/** Chooses a key and takes a lease on it, or says why not; counts the call as sent. One statement. */
export async function leaseKey(
  db: Kysely<Database>,
  organizationId: string,
  request: KeyRequest,
  policy: PoolPolicy,
): Promise<KeyLease> {
  const [lease] = await callInOrganization(
    db,
    organizationId,
    (id) => sql<KeyLease>`take_model_key(${id}, ${JSON.stringify(request)}::jsonb, ${JSON.stringify(policy)}::jsonb)`,
  );
  if (!lease) throw new Error('The pool gave no answer.');
  return lease;
}

/** `limited`: 429, 529 or an overloaded frame. `failed`: a fault of the provider. `nothing`: it says nothing of the key. */
export type KeyOutcome = 'answered' | 'limited' | 'failed' | 'rejected' | 'nothing';

/** An account that is now another than it was, for the log. */
export interface KeySwitch {
  readonly account: string;
  readonly from: string;
  readonly to: string;
  readonly until: Date | null;
}

/** Gives a lease back with what came of it. An organization's own key that switches is in its audit. Safe to repeat. */
export async function returnKey(
  db: Kysely<Database>,
  organizationId: string,
  returned: { readonly lease: string; readonly outcome: KeyOutcome; readonly waitSeconds?: number },
  policy: PoolPolicy,
): Promise<KeySwitch | undefined> {
  const { lease, ...outcome } = returned;
  const [switched] = await callInOrganization(
    db,
    organizationId,
    (id) =>
      sql<KeySwitch>`return_model_key(${id}, ${lease}, ${JSON.stringify(outcome)}::jsonb, ${JSON.stringify(policy)}::jsonb)`,
  );
  return switched;
}

/** Forgets a released reservation that no call was ever made for: the ledger is about calls. */
export const deleteUncalled = (trx: OrganizationTransaction, usageId: string) =>
  trx.deleteFrom('usage').where('id', '=', usageId).where('calls', '=', 0).where('state', '=', 'released').execute();

export interface KeyAccount extends Selectable<ModelKeyAccountsTable> {
  readonly name: string | null;
  readonly last_four: string | null;
  /** Calls under way with it. */
  readonly in_flight: number;
}

/** The shared accounts of these ids and the organization's own, its own first. */
export const listAccounts = (trx: OrganizationTransaction, shared: readonly string[]): Promise<KeyAccount[]> =>
  trx
    .selectFrom('model_key_accounts as a')
    .leftJoin('model_keys as k', (join) =>
      join.onRef('k.organization_id', '=', 'a.organization_id').onRef('k.id', '=', 'a.key_id'),
    )
    .selectAll('a')
    .select((eb) => [
      'k.name',
      'k.last_four',
      eb
        .selectFrom('model_key_leases as l')
        .select(sql<number>`count(*)`.as('calls'))
        .whereRef('l.pool', '=', 'a.organization_id')
        .whereRef('l.account_id', '=', 'a.id')
        .where('l.expires_at', '>', sql<Date>`now()`)
        .$asScalar()
        .$notNull()
        .as('in_flight'),
    ])
    .where((eb) => eb.or([eb('a.key_id', 'is not', null), eb('a.id', 'in', [...shared, ''])]))
    .orderBy(sql`a.key_id is null`)
    .orderBy('k.created_at')
    .orderBy('a.id')
    .execute();

/** Answers false when the organization has this key already. */
export async function insertKey(trx: OrganizationTransaction, row: Insertable<ModelKeysTable>): Promise<boolean> {
  const inserted = await trx
    .insertInto('model_keys')
    .values(row)
    .onConflict((conflict) => conflict.columns(['organization_id', 'fingerprint']).doNothing())
    .executeTakeFirst();
  if (inserted.numInsertedOrUpdatedRows !== 1n) return false;
  const { organization_id, id } = row;
  await trx.insertInto('model_key_accounts').values({ organization_id, id, key_id: id }).execute();
  return true;
}

/** Its account goes with it. Answers whether it was there. */
export const deleteKey = async (trx: OrganizationTransaction, id: string): Promise<boolean> =>
  (await trx.deleteFrom('model_keys').where('id', '=', id).executeTakeFirst()).numDeletedRows === 1n;

/** Forgets what went wrong with an account; its figures stay. Answers whether it was there. */
export async function resetAccount(
  trx: OrganizationTransaction,
  key: { readonly owner: string; readonly id: string },
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('model_key_accounts')
    .set({ failures: 0, cooldown_until: null, probe_at: null, quarantined_at: null })
    .where('organization_id', '=', key.owner)
    .where('id', '=', key.id)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}
