import { sql, type Kysely, type RawBuilder } from 'kysely';
import { notAwaited, openTransaction, sendingAtOnce, tell, type OrganizationTransaction } from './connection.ts';
import { inFairShare } from './database.ts';
import type { Database } from './tables/index.ts';

export { notAwaited, type OrganizationTransaction };

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
  return inTransaction(db, organizationId, setOrganization(`'${organizationId}'`), work);
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
  return withOrganization(db, organizationId, (trx) => {
    notAwaited(trx, sql`select from orchestrations where id = ${orchestrationId} for no key update`.execute(trx));
    return work(trx);
  });
}

/** As `withOrganization`, for work of a single statement: its transaction takes one round trip. */
export async function inOneTrip<T>(
  db: Kysely<Database>,
  organizationId: string,
  work: (trx: OrganizationTransaction) => Promise<T>,
): Promise<T> {
  const { asked } = await withOrganization(db, organizationId, (trx) => {
    const asked = work(trx);
    notAwaited(trx, asked);
    return Promise.resolve({ asked });
  });
  return asked;
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
  return inTransaction(db, teamId, setOrganization(`coalesce(${found}, '')`), work);
}

/** `id` is SQL of ours: it goes with the beginning in one round trip, which cannot carry parameters. */
const setOrganization = (id: string): string => `select set_config('nubabel.organization_id', ${id}, true)`;

/**
 * `sharer` is whose part of the pool the transaction uses. What `work` is given is good for that long only: a query that
 * comes after the end would run in whatever transaction is next on the connection, so it is refused. The beginning goes
 * with the first statement, in one write.
 */
const inTransaction = <T>(
  db: Kysely<Database>,
  sharer: string,
  first: string,
  work: (trx: OrganizationTransaction) => Promise<T>,
): Promise<T> =>
  inFairShare(db, sharer, () =>
    db.getExecutor().provideConnection(async (connection) => {
      const open = openTransaction(sendingAtOnce(db.getExecutor(), connection));
      notAwaited(open.trx, sql.raw(`begin; ${first}`).execute(open.trx));
      try {
        const result = await work(open.trx);
        await Promise.all([...open.notAwaited, open.end(`${tell(open.events)}commit`)]);
        return result;
      } catch (error) {
        // A connection that cannot roll back must not serve anybody else: the pool closes what is not idle.
        await open.end('rollback').catch(() => undefined);
        // What came after a failed statement fails because of it.
        const [earlier] = (await Promise.allSettled(open.notAwaited)).filter(({ status }) => status === 'rejected');
        throw earlier?.status === 'rejected' ? earlier.reason : error;
      }
    }),
  );

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
  const statement = sql<Row>`
    select f.* from (select set_config('nubabel.organization_id', ${organizationId}::uuid::text, true)::uuid as id,
      set_config('synchronous_commit', 'off', true)) s, lateral ${call(sql<string>`s.id`)} f`;
  return inFairShare(db, organizationId, async () => (await statement.execute(db)).rows);
}

/**
 * One statement in a transaction of its own, in one round trip, whose commit is not waited for: for what may be forgotten
 * in a crash of Postgres. `statement` is SQL of ours, and cannot carry parameters.
 */
export function runInOrganization(db: Kysely<Database>, organizationId: string, statement: string): Promise<void> {
  if (!isUuid(organizationId)) return Promise.reject(new Error('An organization id has to be a UUID.'));
  const set = `${setOrganization(`'${organizationId}'`)}; set local synchronous_commit = off`;
  return inFairShare(db, organizationId, () =>
    // A connection that is left in the middle of its transaction is closed.
    db.connection().execute(async (connection) => {
      await sql.raw(`begin; ${set}; ${statement}; commit`).execute(connection);
    }),
  );
}
