import {
  Kysely,
  OperatorNode,
  PostgresDialect,
  PostgresQueryCompiler,
  PrimitiveValueListNode,
  type BinaryOperationNode,
} from 'kysely';
import { Pool, types as pgTypes } from 'pg';
import { prepareStatements, toHandle } from './connection.ts';
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
    // Statements may be sent before those ahead of them are answered: see `connection.ts`.
    pipeline: true,
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
