import { sql, type Kysely, type Transaction } from 'kysely';
import type { Database } from './tables/index.ts';

/** A transaction that can see one organization's rows; every query of tenant data takes one. */
export type OrganizationTransaction = Transaction<Database>;

/**
 * The only door to tenant rows: a transaction in which `organizationId` is set for row-level security. The setting
 * ends with the transaction, so it cannot leak to the next user of the pooled connection.
 */
export function withOrganization<T>(
  db: Kysely<Database>,
  organizationId: string,
  work: (trx: OrganizationTransaction) => Promise<T>,
): Promise<T> {
  return db.transaction().execute(async (trx) => {
    await sql`select set_config('nubabel.organization_id', ${organizationId}, true)`.execute(trx);
    return work(trx);
  });
}
