import { sql, type Kysely, type KyselyPlugin, type RawBuilder, type Transaction } from 'kysely';
import { escapeLiteral } from 'pg';
import { toJsonb } from '../contracts/json.ts';
import { inFairShare } from './database.ts';
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
  if (!isUuid(organizationId) || !isUuid(orchestrationId))
    return Promise.reject(new Error('The ids of an organization and of an orchestration have to be UUIDs.'));
  const lock = `select 1 from orchestrations where id = '${orchestrationId}' for no key update`;
  return inTransaction(db, organizationId, `${setOrganization(`'${organizationId}'`)}; ${lock}`, work);
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
 * comes after the end would run in whatever transaction is next on the connection, so it is refused.
 */
const inTransaction = <T>(
  db: Kysely<Database>,
  sharer: string,
  first: string,
  work: (trx: OrganizationTransaction) => Promise<T>,
): Promise<T> =>
  inFairShare(db, sharer, () =>
    db.connection().execute(async (connection) => {
      const open = openTransaction(connection);
      try {
        await sql.raw(`begin; ${first}`).execute(connection);
        const result = await work(open.trx);
        open.seal();
        await sql.raw(`${tell(open.events)}commit`).execute(connection);
        return result;
      } catch (error) {
        open.seal();
        await rollBack(connection);
        throw error;
      }
    }),
  );

/** Somebody uses a transaction that has ended. */
class TransactionOverError extends Error {
  override readonly name = 'TransactionOverError';
}

interface OpenTransaction {
  readonly trx: OrganizationTransaction;
  /** What is told with the commit. */
  readonly events: object[];
  readonly seal: () => void;
}

const eventsOf = new WeakMap<OrganizationTransaction, object[]>();

function openTransaction(connection: Kysely<Database>): OpenTransaction {
  let over = false;
  const refuseWhenOver: KyselyPlugin = {
    transformQuery: ({ node }) => {
      if (over) throw new TransactionOverError('The transaction is over; this query was not run.');
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  };
  const trx = connection.withPlugin(refuseWhenOver) as OrganizationTransaction;
  const events: object[] = [];
  eventsOf.set(trx, events);
  return { trx, events, seal: () => void (over = true) };
}

/**
 * Has an event written by the statement that commits. The organization's counter of events is the one row that all of
 * its work shares: so it is locked last, for one statement, whatever the transaction does after this call.
 */
export function tellAtCommit(trx: OrganizationTransaction, event: object): void {
  const events = eventsOf.get(trx);
  if (!events) throw new Error('Events are told in a transaction of `withOrganization` only.');
  events.push(event);
}

/** In one round trip with the commit, which is why it cannot carry parameters. */
const tell = (events: readonly object[]): string =>
  events.length > 0 ? `select append_events(${escapeLiteral(toJsonb(events))}); ` : '';

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

/** A connection that cannot roll back must not serve anybody else: the pool closes what is not idle. */
async function rollBack(connection: Kysely<Database>): Promise<void> {
  await sql
    .raw('rollback')
    .execute(connection)
    .catch(() => undefined);
}
