import type { LoggedTransaction } from './connection-log.ts';
import { openPostgresProxy, type PostgresProxy } from './postgres-proxy.ts';
import { outlineOf } from './statement-outline.ts';

export type MeteredProcess = 'api' | 'worker';

/** A transaction of a process, as people read it. */
export interface Transaction {
  readonly process: MeteredProcess;
  readonly beganAt: number;
  readonly roundTrips: number;
  /** Outlines of its statements, without what begins and ends it. */
  readonly statements: readonly string[];
  /** Whether it tells events with its commit: those who follow the work may be told of two changes at once. */
  readonly tellsEvents: boolean;
  /**
   * `request`: it is about the organization that asks. `wake-up`: it tells those who follow events, of which several may
   * be told at once. `background`: nobody's request, as the rounds of the relay.
   */
  readonly about: 'request' | 'wake-up' | 'background';
}

/** Everything that the API and the worker ask of Postgres. */
export interface StatementMeter {
  readonly urls: Readonly<Record<MeteredProcess, string>>;
  /** How many transactions have ended so far; a place to look from. */
  mark(): number;
  since(mark: number): readonly Transaction[];
  isBusy(): boolean;
  close(): Promise<void>;
}

/** What begins and ends a transaction, and sets whose it is: every one has it, so it counts as the transaction. */
const FRAME = /^\s*(begin|commit|rollback)\b|^\s*select set_config\('nubabel\.organization_id'/i;

const TELL = 'select append_events()';

/**
 * Stands between both processes and Postgres. `marks` are what tells a request's transactions from the background's: the
 * organization's id, the hash of the caller's token, the Slack workspace.
 */
export async function openStatementMeter(url: string, marks: readonly (string | Buffer)[]): Promise<StatementMeter> {
  const all: Transaction[] = [];
  const open = (process: MeteredProcess): Promise<PostgresProxy> =>
    openPostgresProxy(url, (logged) => void all.push(toTransaction(process, logged, marks)));
  const [api, worker] = await Promise.all([open('api'), open('worker')]);
  return {
    urls: { api: api.url, worker: worker.url },
    mark: () => all.length,
    since: (mark) => all.slice(mark),
    isBusy: () => api.isBusy() || worker.isBusy(),
    close: async () => void (await Promise.all([api.close(), worker.close()])),
  };
}

function toTransaction(
  process: MeteredProcess,
  { beganAt, roundTrips, statements, said }: LoggedTransaction,
  marks: readonly (string | Buffer)[],
): Transaction {
  const outlines = statements.filter((statement) => !FRAME.test(statement)).map(outlineOf);
  const isWakeUp = outlines.some((outline) => outline.includes('pg_notify()'));
  const about = isWakeUp ? 'wake-up' : marks.some((mark) => said.includes(mark)) ? 'request' : 'background';
  const asked = outlines.filter((outline) => outline !== TELL);
  return { process, beganAt, roundTrips, statements: asked, tellsEvents: asked.length < outlines.length, about };
}
