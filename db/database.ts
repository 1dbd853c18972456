import {
  Kysely,
  OperatorNode,
  PostgresDialect,
  PostgresQueryCompiler,
  PrimitiveValueListNode,
  type BinaryOperationNode,
  type PostgresPoolClient,
} from 'kysely';
import { Pool, types as pgTypes, type PoolClient } from 'pg';
import { ConnectionsBusyError, FairShare } from './fair-share.ts';
import type { Database } from './tables/index.ts';

/** bigint columns hold counts and nanos below 2^53, dates are plain `YYYY-MM-DD` text. */
const INT8 = 20;
const DATE = 1082;
const types = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (oid === INT8) return Number;
    if (oid === DATE) return (text: string) => text;
    return pgTypes.getTypeParser(oid, format);
  }) as typeof pgTypes.getTypeParser,
};

export interface OpenDatabase {
  readonly db: Kysely<Database>;
  readonly pool: Pool;
  readonly close: () => Promise<void>;
}

/** Whoever waits longer than this for a lock of somebody else is told to come again. */
const LOCK_MS = 4_000;
/** One organization gets at most an eighth of the pool at once, and three of a small one. */
const PARTS = 8;
const MIN_EACH = 3;
/** Connections that no organization may hold, for looking up whose token or workspace it is; small pools have none. */
const KEPT_FREE = 2;

/** The fair share of every open database. */
const shares = new WeakMap<Kysely<Database>, FairShare>();

/**
 * Opens a pool. A lost idle connection is replaced by the next query, so its error is only reported. Whoever gets no
 * connection within `acquireTimeoutMs`, because all are in use or none can be made, fails.
 */
export function openDatabase(
  url: string,
  poolSize: number,
  onIdleError: (error: Error) => void = () => {},
  acquireTimeoutMs = 5_000,
): OpenDatabase {
  const pool = new Pool({
    connectionString: url,
    max: poolSize,
    types,
    connectionTimeoutMillis: acquireTimeoutMs,
    idleTimeoutMillis: 60_000,
    statement_timeout: 30_000,
    lock_timeout: LOCK_MS,
    application_name: 'nubabel',
  });
  pool.on('error', onIdleError);
  pool.on('connect', (client) => {
    // The pool listens to idle connections only: one that is lost between two queries of a transaction would otherwise
    // end the process. Its next query fails and tells.
    client.on('error', () => {});
    prepareStatements(client);
  });
  const handles = { connect: async () => toHandle(await pool.connect()), end: () => pool.end() };
  const db = new Kysely<Database>({ dialect: new Dialect({ pool: handles }) });
  const connections = poolSize > MIN_EACH * KEPT_FREE ? poolSize - KEPT_FREE : poolSize;
  const each = Math.min(poolSize, Math.max(MIN_EACH, Math.ceil(poolSize / PARTS)));
  shares.set(db, new FairShare({ connections, each, waitMs: acquireTimeoutMs }));
  return { db, pool, close: () => db.destroy() };
}

/**
 * Does something with a connection when `organization` may have one more: nobody's burst takes the pool from the others.
 * @throws ConnectionsBusyError
 */
export async function inFairShare<T>(db: Kysely<Database>, organization: string, work: () => Promise<T>): Promise<T> {
  const giveBack = await shares.get(db)?.take(organization);
  try {
    return await work();
  } finally {
    giveBack?.();
  }
}

/** Nothing is in an empty list, and everything is outside of it, which `in ()` would say if Postgres could read it. */
class Compiler extends PostgresQueryCompiler {
  protected override visitBinaryOperation(node: BinaryOperationNode): void {
    const { operator, rightOperand } = node;
    const isEmpty = PrimitiveValueListNode.is(rightOperand) && rightOperand.values.length === 0;
    const name = OperatorNode.is(operator) ? operator.operator : undefined;
    if (isEmpty && (name === 'in' || name === 'not in')) this.append(name === 'in' ? 'false' : 'true');
    else super.visitBinaryOperation(node);
  }
}

class Dialect extends PostgresDialect {
  override createQueryCompiler(): Compiler {
    return new Compiler();
  }
}

/** A handle on a connection that somebody else may have by now. */
class ConnectionReleasedError extends Error {
  override readonly name = 'ConnectionReleasedError';
}

/**
 * A connection for as long as it is held: afterwards the handle is good for nothing, whoever kept it. One that comes back
 * in the middle of a transaction is closed, so that nobody else gets into it.
 */
function toHandle(client: PoolClient): PostgresPoolClient {
  let released = false;
  const query = async (text: string, values: readonly unknown[]): Promise<unknown> => {
    if (released) throw new ConnectionReleasedError('This connection was given back; its transaction is over.');
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

/**
 * Lets Postgres parse and plan each statement once per connection: a request makes some hundred small ones, and planning
 * them was a third of the database's work.
 */
function prepareStatements(client: PoolClient): void {
  const query = client.query.bind(client) as (...given: unknown[]) => unknown;
  const preparing = (text: unknown, values?: unknown, ...rest: unknown[]) =>
    typeof text === 'string' && Array.isArray(values) && values.length > 0
      ? query({ name: nameOf(text), text, values }, ...rest)
      : query(text, values, ...rest);
  client.query = preparing as typeof client.query;
}

/**
 * Connection trouble, a server that shuts down, starts or is full (SQLSTATE classes 08, 53 and 57P), or no free
 * connection in time: asking again later can help. The words are those of pg, which gives these errors no code.
 */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  return (
    /^(08|53|57P)/.test(code) ||
    /^E(CONNREFUSED|CONNRESET|PIPE|TIMEDOUT)$/.test(code) ||
    /timeout exceeded when trying to connect|Connection terminated|connection error and is not queryable/.test(
      error.message,
    )
  );
}

/** SQLSTATE of a lock that did not come free in time, and of a statement that took too long. */
const BUSY = new Set(['55P03', '57014']);

/**
 * The same transaction may go through when it is done again: the database was away or busy, or it lost to another one.
 */
export const isPassing = (error: unknown): boolean =>
  isDatabaseAway(error) ||
  error instanceof ConnectionsBusyError ||
  (error instanceof Error && (codeOf(error).startsWith('40') || BUSY.has(codeOf(error))));

const codeOf = (error: Error): string => ('code' in error ? String(error.code) : '');
