import { sql, type Insertable, type Kysely, type Selectable } from 'kysely';
import type { OrganizationTransaction } from '../organization.ts';
import type { Database } from '../tables/index.ts';
import type { OauthStatesTable } from '../tables/tools.ts';

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
