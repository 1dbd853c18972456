import type { Kysely } from 'kysely';
import { untilAborted } from '../../contracts/until-aborted.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { findCallState } from '../../db/queries/connection-tools.ts';
import { findConnection, type Connection } from '../../db/queries/connections.ts';
import type { Database } from '../../db/tables/index.ts';
import { refOf, refuseWhileBroken, type HealthRecorder } from './connection-health.ts';
import {
  SessionOverError,
  ToolCallError,
  type ConnectionRef,
  type ToolSession,
  type ToolSessions,
} from './tool-ports.ts';
import { refreshTools } from './refresh-tools.ts';

/** A list of tools is believed for so long, ms. */
const LIST_TTL_MS = 5 * 60_000;
export const LIST_TIMEOUT_MS = 60_000;
const MAX_LISTINGS = 3;

/** What reaching a connection's server takes. */
export interface AccessDeps {
  readonly db: Kysely<Database>;
  readonly sessions: ToolSessions;
  readonly health: HealthRecorder;
}

/** @throws ToolCallError `refused` when it is gone. */
export async function readConnection(db: Kysely<Database>, on: ConnectionRef): Promise<Connection> {
  const connection = await withOrganization(db, on.organizationId, (trx) => findConnection(trx, on.connectionId));
  if (!connection) throw gone();
  return connection;
}

const gone = () => new ToolCallError('refused', 'The connection is no longer there.');

/** Does something over the connection's session, and writes down how it went; also while its circuit is open. */
export const overSession = <T>(
  { sessions, health }: AccessDeps,
  connection: Connection,
  signal: AbortSignal,
  work: (session: ToolSession) => Promise<T>,
): Promise<T> => health.observe(connection, () => sessions.use(refOf(connection), connection, signal, work));

/** Lists again over a new session, after an announced change and after five minutes. @throws ToolCallError */
export async function listIfStale(
  deps: AccessDeps,
  connection: Connection,
  session: ToolSession,
  signal: AbortSignal,
): Promise<void> {
  const isStale = () => Date.now() - session.list.listedAt > LIST_TTL_MS;
  // Again when a change was announced meanwhile, but a server that never stops changing is not waited for.
  for (let tries = 0; isStale() && tries < MAX_LISTINGS; tries++) await listAgain(deps, connection, session, signal);
  if (isStale()) throw new ToolCallError('refused', `${connection.name} keeps changing its tools.`);
}

/** One asks for all who wait, so it is bounded by its own time and not by theirs. @throws ToolCallError */
export function listAgain(
  { db, health }: AccessDeps,
  connection: Connection,
  session: ToolSession,
  signal: AbortSignal,
): Promise<void> {
  const { list } = session;
  const on = refOf(connection);
  const ask = async (): Promise<void> => {
    try {
      await refreshTools(db, on, { connection, session }, AbortSignal.timeout(LIST_TIMEOUT_MS));
    } catch (error) {
      if (!(error instanceof ToolCallError)) throw error;
      if (error.kind === 'refused' && !(error.cause instanceof SessionOverError))
        await health.recordUnusable(on, error.message);
      if (error.kind !== 'cancelled') throw error;
      throw new ToolCallError('unavailable', `${connection.name} takes too long to list its tools.`);
    } finally {
      list.listing = undefined;
    }
  };
  list.listing ??= ask();
  return untilAborted(
    list.listing,
    signal,
    () => new ToolCallError('refused', `${connection.name}: stopped before anything was sent.`),
  );
}

/** What has changed, is switched off or rests is not called. @throws ToolCallError */
export async function refuseUnlessCallable(
  trx: OrganizationTransaction,
  { id, name }: Connection,
  remoteName: string,
): Promise<void> {
  const now = await findCallState(trx, id, remoteName);
  if (!now) throw gone();
  if (!now.enabled) throw new ToolCallError('refused', `${name} is switched off.`);
  refuseWhileBroken(now);
  if (now.state === 'active') return;
  throw new ToolCallError(
    'refused',
    now.state === 'quarantined'
      ? `${now.tool} has changed since it was accepted, and is off until an admin accepts it.`
      : `${name} has no tool ${remoteName} any more.`,
  );
}
