import { Kysely, PostgresDialect } from 'kysely';
import { Pool, types as pgTypes, type PoolClient } from 'pg';
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
    application_name: 'nubabel',
  });
  pool.on('error', onIdleError);
  pool.on('connect', (client) => {
    // The pool listens to idle connections only: one that is lost between two queries of a transaction would otherwise
    // end the process. Its next query fails and tells.
    client.on('error', () => {});
    prepareStatements(client);
  });
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  return { db, pool, close: () => db.destroy() };
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

/** The same transaction may go through when it is done again: the database was away, or it lost to another one. */
export const isPassing = (error: unknown): boolean =>
  isDatabaseAway(error) || (error instanceof Error && codeOf(error).startsWith('40'));

const codeOf = (error: Error): string => ('code' in error ? String(error.code) : '');
