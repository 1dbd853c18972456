import type { Kysely } from 'kysely';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { findToolState, listPinnedTools, listToolsOf } from '../../db/queries/connection-tools.ts';
import { findConnection, listConnections, type Connection } from '../../db/queries/connections.ts';
import type { Database } from '../../db/tables/index.ts';
import { ToolCallError } from './mcp-connection.ts';
import type { Provider } from '../../adapters/mcp/servers/define.ts';
import { SessionOverError } from '../../adapters/mcp/host/call-error.ts';
import type { Credentials } from '../connections/credentials-port.ts';
import type { Egress } from '../../adapters/mcp/host/egress.ts';
import { toOffer, type Stock } from './offers.ts';
import { createOutcomes, type Outcomes } from './outcomes.ts';
import type { AuthorizedProviderClient } from '../../adapters/mcp/host/authorized-provider-client.ts';
import { lookBefore, readBackWith, resourceIn, undoWith } from './provider-reads.ts';
import { refreshTools } from './refresh-tools.ts';
import { createSessions, type Session, type Sessions } from '../../adapters/mcp/host/sessions.ts';
import { lookAt, nothingMissing, oneMissing } from './test-connection.ts';
import { sendingUntil } from './sending-until.ts';
import type { OnConnection, ToolHost } from './tool-host.ts';
import { unlessStopped } from './unless-stopped.ts';

export interface ToolHostDeps {
  readonly db: Kysely<Database>;
  readonly egress: Egress;
  readonly credentials: Credentials;
  readonly providers: readonly Provider[];
  /** Of the console, without a slash at the end. */
  readonly publicUrl: string;
  /** Faults that nobody waits for: a list that could not be refreshed in the background, a note that was not taken. */
  readonly onError: (error: unknown, on: OnConnection) => void;
  /** How long a session is kept that nobody uses, ms; a minute unless told. */
  readonly idleMs?: number;
}

/** A list of tools is believed for so long, ms. */
const LIST_TTL_MS = 5 * 60_000;
const LIST_TIMEOUT_MS = 60_000;
const MAX_LISTINGS = 3;

export function createToolHost(deps: ToolHostDeps): ToolHost {
  const { db, providers, publicUrl, onError } = deps;
  const outcomes = createOutcomes(db, onError);
  const sessions: Sessions = createSessions({ ...deps, onToolsChanged: (on) => void inBackground(on) });
  const desk: Desk = { db, outcomes, sessions };

  /** The next call waits for a fresh list all the same; this only lets people see the change sooner. */
  const inBackground = async (on: OnConnection): Promise<void> => {
    await sessions.expireList(on);
    await refresh(desk, on, AbortSignal.timeout(LIST_TIMEOUT_MS)).catch((error: unknown) => onError(error, on));
  };
  const offerIn: ToolHost['offerIn'] = async (trx, whom, category) =>
    toOffer(await stockIn(trx), whom, category, { providers, publicUrl, now: new Date() });
  return {
    offerIn,
    offer: (whom, category) => withOrganization(db, whom.organizationId, (trx) => offerIn(trx, whom, category)),
    find: async (whom, name, { alsoResting = false } = {}) => {
      const stock = await withOrganization(db, whom.organizationId, (trx) => stockIn(trx, name));
      const terms = { providers, publicUrl, now: new Date(), alsoResting };
      const { tools } = toOffer(stock, whom, undefined, terms);
      return tools.find((tool) => tool.name === name);
    },
    call: (on, remoteName, args, options) =>
      reach(desk, on, options.signal, async (connection, session) => {
        await refuseUnlessActive(desk, on, connection, { session, remoteName, signal: options.signal });
        return sendingUntil(options.sendUntil, () => session.mcp.call(remoteName, args, options));
      }),
    before: (on, remoteName, args, options) =>
      atDesk(desk, on, options.signal, (ours) => lookBefore(ours, remoteName, args, options)),
    readBack: (on, remoteName, asked, options) =>
      atDesk(desk, on, options.signal, (ours) => readBackWith(ours, remoteName, asked, options)),
    undo: (on, remoteName, done, options) =>
      atDesk(desk, on, options.signal, (ours) => undoWith(ours, remoteName, done, options)),
    resource: (...asked) => resourceIn(providers, ...asked),
    refresh: (on, signal) => refresh(desk, on, signal),
    test: (on, signal) => test(desk, providers, on, signal),
    forget: async (on) => sessions.forget(on),
    close: () => sessions.close(),
  };
}

interface Desk {
  readonly db: Kysely<Database>;
  readonly outcomes: Outcomes;
  readonly sessions: Sessions;
}

/** Most organizations have no connection: then one look is all. */
async function stockIn(trx: OrganizationTransaction, name?: string): Promise<Stock> {
  const connections = await listConnections(trx);
  return { connections, tools: connections.length > 0 ? await listPinnedTools(trx, name) : [] };
}

async function rowOf(db: Kysely<Database>, on: OnConnection): Promise<Connection> {
  const connection = await withOrganization(db, on.organizationId, (trx) => findConnection(trx, on.connectionId));
  if (!connection) throw new ToolCallError('refused', 'The connection is no longer there.');
  return connection;
}

/** Does something over a connection that is in order, and notes how it went. */
async function reach<T>(
  { db, outcomes, sessions }: Desk,
  on: OnConnection,
  signal: AbortSignal,
  work: (connection: Connection, session: Session) => Promise<T>,
): Promise<T> {
  const connection = await rowOf(db, on);
  if (!connection.enabled) throw new ToolCallError('refused', `${connection.name} is switched off.`);
  outcomes.refuseWhileBroken(connection);
  return outcomes.noting(on, connection, () =>
    sessions.use(on, connection, signal, (session) => work(connection, session)),
  );
}

/** What only servers of ours can do, straight at the provider; others are not even asked. */
async function atDesk<T>(
  desk: Desk,
  on: OnConnection,
  signal: AbortSignal,
  work: (ours: AuthorizedProviderClient | undefined) => Promise<T>,
): Promise<T> {
  const { kind } = await rowOf(desk.db, on);
  if (kind === 'remote') return work(undefined);
  return reach(desk, on, signal, (_connection, session) => work(session.desk));
}

/** Lists again over a new session, after news and after five minutes: what has changed is not called any more. */
async function refuseUnlessActive(
  desk: Desk,
  on: OnConnection,
  connection: Connection,
  asked: { readonly session: Session; readonly remoteName: string; readonly signal: AbortSignal },
): Promise<void> {
  const { session, remoteName, signal } = asked;
  const isStale = () => Date.now() - session.list.listedAt > LIST_TTL_MS;
  // Again when there was news meanwhile, but a server that never stops changing is not waited for.
  for (let tries = 0; isStale() && tries < MAX_LISTINGS; tries++)
    await unlessStopped(listAnew(desk, on, { connection, session }), signal, connection.name);
  if (isStale()) throw new ToolCallError('refused', `${connection.name} keeps changing its tools.`);
  const tool = await withOrganization(desk.db, on.organizationId, (trx) =>
    findToolState(trx, on.connectionId, remoteName),
  );
  if (tool?.state === 'active') return;
  throw new ToolCallError(
    'refused',
    tool?.state === 'quarantined'
      ? `${tool.name} has changed since it was accepted, and is off until an admin accepts it.`
      : `${connection.name} has no tool ${remoteName} any more.`,
  );
}

/** One asks for all who wait, so it is bounded by its own time and not by theirs. */
function listAnew(
  { db, outcomes }: Desk,
  on: OnConnection,
  given: { readonly connection: Connection; readonly session: Session },
): Promise<void> {
  const { list } = given.session;
  const ask = async (): Promise<void> => {
    try {
      await refreshTools(db, on, given, AbortSignal.timeout(LIST_TIMEOUT_MS));
    } catch (error) {
      if (!(error instanceof ToolCallError)) throw error;
      if (error.kind === 'refused' && !(error.cause instanceof SessionOverError))
        await outcomes.noteUnusable(on, error.message);
      if (error.kind !== 'cancelled') throw error;
      throw new ToolCallError('unavailable', `${given.connection.name} takes too long to list its tools.`);
    } finally {
      list.listing = undefined;
    }
  };
  list.listing ??= ask();
  return list.listing;
}

async function refresh(desk: Desk, on: OnConnection, signal: AbortSignal): Promise<void> {
  const connection = await rowOf(desk.db, on);
  await desk.outcomes.noting(on, connection, () =>
    desk.sessions.use(on, connection, signal, (session) =>
      unlessStopped(listAnew(desk, on, { connection, session }), signal, connection.name),
    ),
  );
}

/** Also while the circuit is open or the connection is off: people test what does not work. */
async function test(
  desk: Desk,
  providers: readonly Provider[],
  on: OnConnection,
  signal: AbortSignal,
): ReturnType<ToolHost['test']> {
  const { db, outcomes, sessions } = desk;
  const connection = await rowOf(db, on);
  const provider = providers.find((one) => one.provider === connection.provider);
  const started = performance.now();
  try {
    const found = await outcomes.noting(on, connection, () =>
      sessions.use(on, connection, signal, async (session) => {
        const looked = await lookAt(session, provider, signal);
        await unlessStopped(listAnew(desk, on, { connection, session }), signal, connection.name);
        return looked;
      }),
    );
    const tools = await withOrganization(db, on.organizationId, (trx) => listToolsOf(trx, on.connectionId));
    const checks = nothingMissing(connection, { ...found, tools });
    const there = tools.filter(({ state }) => state !== 'removed').length;
    return { ok: checks.every(({ ok }) => ok), checks, latencyMs: found.latencyMs, tools: there };
  } catch (error) {
    if (!(error instanceof ToolCallError)) throw error;
    return { ok: false, checks: oneMissing(error), latencyMs: Math.round(performance.now() - started), tools: 0 };
  }
}
