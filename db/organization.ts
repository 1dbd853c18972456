import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import type { Database } from './tables/index.ts';

/** A transaction that can see one organization's rows; every query of tenant data takes one. */
export type OrganizationTransaction = Transaction<Database>;

/** What a function needs that opens its own transactions. */
export interface DatabaseDeps {
  readonly db: Kysely<Database>;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether an id can be one of ours; any other is answered as a missing one is. */
export const isUuid = (text: string): boolean => UUID.test(text);

/**
 * The only door to tenant rows: a transaction in which `organizationId` is set for row-level security. The setting
 * ends with the transaction, so it cannot leak to the next user of the pooled connection. It begins and is set in one
 * round trip, which is why kysely's own `transaction()` is not used.
 * @throws when the id is no UUID.
 */
export function withOrganization<T>(
  db: Kysely<Database>,
  organizationId: string,
  work: (trx: OrganizationTransaction) => Promise<T>,
): Promise<T> {
  if (!isUuid(organizationId)) return Promise.reject(new Error('An organization id has to be a UUID.'));
  return inTransaction(db, setOrganization(`'${organizationId}'`), work);
}

/**
 * As `withOrganization`, and nobody else changes the orchestration until the transaction ends: its row is locked in the
 * same round trip, as `lockOrchestration` does.
 */
export function withLockedOrchestration<T>(
  db: Kysely<Database>,
  { organizationId, orchestrationId }: { readonly organizationId: string; readonly orchestrationId: string },
  work: (trx: OrganizationTransaction) => Promise<T>,
): Promise<T> {
  if (!isUuid(organizationId) || !isUuid(orchestrationId))
    return Promise.reject(new Error('The ids of an organization and of an orchestration have to be UUIDs.'));
  const lock = `select 1 from orchestrations where id = '${orchestrationId}' for no key update`;
  return inTransaction(db, `${setOrganization(`'${organizationId}'`)}; ${lock}`, work);
}

const SLACK_ID = /^[A-Z0-9]{1,40}$/i;

/**
 * As `withOrganization`, for the organization that has a Slack workspace. In a transaction of a workspace that nobody has
 * no tenant row can be looked at.
 */
export function withSlackWorkspace<T>(
  db: Kysely<Database>,
  teamId: string,
  work: (trx: OrganizationTransaction) => Promise<T>,
): Promise<T> {
  const found = SLACK_ID.test(teamId)
    ? `(select organization_id::text from find_slack_workspace('${teamId}'))`
    : 'null';
  return inTransaction(db, setOrganization(`coalesce(${found}, '')`), work);
}

/** `id` is SQL of ours: it goes with the beginning in one round trip, which cannot carry parameters. */
const setOrganization = (id: string): string => `select set_config('nubabel.organization_id', ${id}, true)`;

const inTransaction = <T>(
  db: Kysely<Database>,
  first: string,
  work: (trx: OrganizationTransaction) => Promise<T>,
): Promise<T> =>
  db.connection().execute(async (connection) => {
    const trx = connection as OrganizationTransaction;
    try {
      await sql.raw(`begin; ${first}`).execute(trx);
      const result = await work(trx);
      await sql.raw('commit').execute(trx);
      return result;
    } catch (error) {
      await rollBack(trx);
      throw error;
    }
  });

/**
 * One call of a function that looks at tenant rows itself, in one round trip: the statement is its own transaction, so
 * the setting ends with it and no lock outlives it. Its commit is not waited for: only for what may be forgotten in a
 * crash of Postgres.
 */
export async function callInOrganization<Row>(
  db: Kysely<Database>,
  organizationId: string,
  call: (organization: RawBuilder<string>) => RawBuilder<Row>,
): Promise<Row[]> {
  const { rows } = await sql<Row>`
    select f.* from (select set_config('nubabel.organization_id', ${organizationId}::uuid::text, true)::uuid as id,
      set_config('synchronous_commit', 'off', true)) s, lateral ${call(sql<string>`s.id`)} f`.execute(db);
  return rows;
}

/** A connection that cannot roll back must not serve anybody else: it is ended, and the pool drops it. */
async function rollBack(trx: OrganizationTransaction): Promise<void> {
  await sql
    .raw('rollback')
    .execute(trx)
    .catch(() => sql.raw('select pg_terminate_backend(pg_backend_pid())').execute(trx))
    .catch(() => undefined);
}
