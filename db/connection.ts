import {
  PostgresDialect,
  sql,
  Transaction,
  type DatabaseConnection,
  type KyselyPlugin,
  type PostgresPoolClient,
  type QueryExecutor,
} from 'kysely';
import { escapeLiteral, type PoolClient } from 'pg';
import { toJsonb } from '../contracts/json.ts';
import type { Database } from './tables/index.ts';

/** A handle on a connection that somebody else may have by now. */
class ConnectionReleasedError extends Error {
  override readonly name = 'ConnectionReleasedError';
}

/**
 * A connection for as long as it is held: afterwards the handle is good for nothing, whoever kept it. One that comes back
 * in the middle of a transaction is closed, so that nobody else gets into it.
 */
export function toHandle(client: PoolClient): PostgresPoolClient {
  let released = false;
  const joinWrites = writesOf(client);
  const query = async (text: string, values: readonly unknown[]): Promise<unknown> => {
    if (released) throw new ConnectionReleasedError('This connection was given back; its transaction is over.');
    joinWrites();
    const answered: unknown = await client.query(text, [...values]);
    if (COMMIT.test(text)) assertCommitted(answered);
    return answered;
  };
  return {
    query: query as PostgresPoolClient['query'],
    release: () => {
      released = true;
      client.release(client.getTransactionStatus() !== IDLE);
    },
  };
}

/** Has all that is said until nothing is left to do without waiting go to Postgres in one write. */
function writesOf({ connection: { stream } }: PoolClient): () => void {
  let isHeld = false;
  return () => {
    if (isHeld) return;
    isHeld = true;
    stream.cork();
    process.nextTick(() => {
      isHeld = false;
      stream.uncork();
    });
  };
}

/**
 * An executor that sends each statement at once, in the order in which they are made, and not when the one before has been
 * answered, as kysely's own does on one connection. Postgres runs them one after the other all the same: a statement sees
 * what those before it have done, and none runs after one of its transaction has failed.
 */
export const sendingAtOnce = (executor: QueryExecutor, connection: DatabaseConnection): QueryExecutor =>
  executor.withConnectionProvider({ provideConnection: (consumer) => consumer(connection) });

/** What Postgres calls a connection without a transaction. */
const IDLE = 'I';
const COMMIT = /(^|; )commit$/;

/** Postgres answers the commit of a transaction in which a statement had failed with a rollback, and no error. */
function assertCommitted(answered: unknown): void {
  const last: unknown = Array.isArray(answered) ? answered.at(-1) : answered;
  const { command } = last as { readonly command?: unknown };
  if (command !== 'COMMIT') throw new Error('Nothing was written: a statement of the transaction had failed.');
}

/** Names by text, the same in every connection; kysely makes one text per shape of query, so there are some hundred. */
const statementNames = new Map<string, string>();

function nameOf(text: string): string {
  const name = statementNames.get(text) ?? `q${statementNames.size}`;
  statementNames.set(text, name);
  return name;
}

/** Several statements in one text cannot be prepared, and what a session is told needs no plan. */
const PREPARED = /^[\s(]*(with|select|insert|update|delete)\b[^;]*$/i;

/**
 * Lets Postgres parse and plan each statement once per connection: a request makes some hundred small ones, and planning
 * them was a third of the database's work.
 */
export function prepareStatements(client: PoolClient): void {
  const query = client.query.bind(client) as (...given: unknown[]) => unknown;
  const preparing = (text: unknown, values?: unknown, ...rest: unknown[]) =>
    typeof text === 'string' && Array.isArray(values) && (values.length > 0 || PREPARED.test(text))
      ? query({ name: nameOf(text), text, values }, ...rest)
      : query(text, values, ...rest);
  client.query = preparing as typeof client.query;
}

/** A transaction that can see one organization's rows; every query of tenant data takes one. */
export type OrganizationTransaction = Transaction<Database>;

/**
 * For what nobody waits for before the transaction ends: the next statement is sent behind it, or the commit. The
 * transaction fails when it does, with its error.
 */
export function notAwaited(trx: OrganizationTransaction, statement: Promise<unknown>): void {
  stateOf(trx).notAwaited.push(statement);
  statement.catch(() => undefined);
}

/** Somebody uses a transaction that has ended. */
class TransactionOverError extends Error {
  override readonly name = 'TransactionOverError';
}

interface TransactionState {
  /** What is told with the commit. */
  readonly events: object[];
  readonly notAwaited: Promise<unknown>[];
}

const states = new WeakMap<OrganizationTransaction, TransactionState>();

function stateOf(trx: OrganizationTransaction): TransactionState {
  const state = states.get(trx);
  if (!state) throw new Error('Only a transaction of `withOrganization` can do that.');
  return state;
}

interface OpenTransaction extends TransactionState {
  readonly trx: OrganizationTransaction;
  /** The last statement: every later one is refused. */
  readonly end: (statement: string) => Promise<unknown>;
}

/** A transaction asks its executor for everything, and these for nothing. */
const DIALECT = new PostgresDialect({ pool: () => Promise.reject(new Error('A transaction opens no connection.')) });
const PROPS = { config: { dialect: DIALECT }, dialect: DIALECT, driver: DIALECT.createDriver() };

/** A transaction whose statements go to an executor; whoever opens it begins and ends it. */
export function openTransaction(executor: QueryExecutor): OpenTransaction {
  let over = false;
  const refuseWhenOver: KyselyPlugin = {
    transformQuery: ({ node }) => {
      if (over) throw new TransactionOverError('The transaction is over; this query was not run.');
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  };
  const ending = { getExecutor: () => executor };
  const trx = new Transaction<Database>({ ...PROPS, executor: executor.withPlugin(refuseWhenOver) });
  const state = { events: [], notAwaited: [] };
  states.set(trx, state);
  const end = (statement: string) => {
    over = true;
    return sql.raw(statement).execute(ending);
  };
  return { trx, ...state, end };
}

/**
 * Has an event written by the statement that commits. The organization's counter of events is the one row that all of
 * its work shares: so it is locked last, for one statement, whatever the transaction does after this call.
 */
export function tellAtCommit(trx: OrganizationTransaction, event: object): void {
  stateOf(trx).events.push(event);
}

/** In one round trip with the commit, which is why it cannot carry parameters. */
export const tell = (events: readonly object[]): string =>
  events.length > 0 ? `select append_events(${escapeLiteral(toJsonb(events))}); ` : '';
