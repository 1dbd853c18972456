import { PostgresDialect, sql, Transaction, type KyselyPlugin, type QueryExecutor } from 'kysely';
import { escapeLiteral } from 'pg';
import { toJsonb } from '../contracts/json.ts';
import type { Database } from './tables/index.ts';

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
