import { statementsIn } from './statement-outline.ts';
import { textsOf, type WireMessage } from './postgres-wire.ts';

/** What was asked of Postgres between two moments at which a connection had no transaction open. */
export interface LoggedTransaction {
  /** Milliseconds since 1970, with fractions. */
  readonly beganAt: number;
  readonly statements: readonly string[];
  /** How often Postgres was asked and its answer waited for. */
  readonly roundTrips: number;
  /** Everything that was said in it: what it is about can be found there. */
  readonly said: Buffer;
}

interface Open {
  readonly beganAt: number;
  readonly statements: string[];
  readonly said: Buffer[];
  roundTrips: number;
}

/** What a connection's messages come to. */
export interface ConnectionLog {
  fromClient(message: WireMessage): void;
  fromServer(message: WireMessage): void;
  /** Something was asked and not all of it answered, or a transaction is open. */
  isBusy(): boolean;
}

/** The frontend's messages that carry what a statement is about. */
const TELLING = new Set(['Q', 'P', 'B']);
const COMPLETED = new Set(['C', 'I', 's']);

/**
 * Counts what one connection asks: each statement that Postgres has completed, and each of its answers that ends a round
 * trip. `onEnd` is told of every transaction; a statement outside of one is a transaction of its own.
 */
export function createConnectionLog(onEnd: (transaction: LoggedTransaction) => void): ConnectionLog {
  const prepared = new Map<string, string>();
  const portals = new Map<string, string>();
  /** Asked and not answered yet, in order; what is answered together stands in one list. */
  const awaited: string[][] = [];
  let asked: string[] = [];
  let open: Open | undefined;

  const begin = (): Open =>
    (open ??= { beganAt: performance.timeOrigin + performance.now(), statements: [], said: [], roundTrips: 0 });

  return {
    isBusy: () => open !== undefined || awaited.length > 0,
    fromClient({ type, body }) {
      if (TELLING.has(type)) begin().said.push(Buffer.from(body));
      if (type === 'Q') asked.push(...statementsIn(textsOf(body, 1)[0] ?? ''));
      if (type === 'S' || type === 'Q') {
        awaited.push(asked);
        asked = [];
      }
      if (type === 'P') {
        const [name = '', text = ''] = textsOf(body, 2);
        prepared.set(name, text);
      }
      if (type === 'B') {
        const [portal = '', name = ''] = textsOf(body, 2);
        portals.set(portal, prepared.get(name) ?? `execute ${name}`);
      }
      if (type === 'E') asked.push(portals.get(textsOf(body, 1)[0] ?? '') ?? 'execute');
    },
    fromServer({ type, body }) {
      if (COMPLETED.has(type) && open) open.statements.push(awaited[0]?.shift() ?? '?');
      // What follows a mistake is not done.
      if (type === 'E' && open) open.statements.push(`${awaited[0]?.[0] ?? '?'} (failed)`);
      if (type !== 'Z') return;
      awaited.shift();
      if (!open) return;
      // What was asked meanwhile is waited for together.
      if (awaited.length === 0) open.roundTrips++;
      if (String.fromCharCode(body[0] ?? 0) !== 'I') return;
      const { said, ...rest } = open;
      open = undefined;
      onEnd({ ...rest, said: Buffer.concat(said) });
    },
  };
}
