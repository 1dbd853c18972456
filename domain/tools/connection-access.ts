import type { Kysely } from 'kysely';
import { untilAborted } from '../../contracts/until-aborted.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { findCallState } from '../../db/queries/connection-tools.ts';
import {
  findConnection,
  type Connection,
  recordCallFailed,
  recordCallWorked,
  setNeedsReconnect,
  updateConnection,
} from '../../db/queries/connections.ts';
import type { Database } from '../../db/tables/index.ts';
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
    () => new ToolCallError('cancelled', `${connection.name}: stopped before anything was sent.`),
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
  if (!now.enabled) throw new ToolCallError('refused', `${name} is turned off.`);
  refuseWhileBroken(now);
  if (now.state === 'active') return;
  throw new ToolCallError(
    'refused',
    now.state === 'quarantined'
      ? `${now.tool} has changed since it was accepted, and is off until an admin accepts it.`
      : `${name} has no tool ${remoteName} any more.`,
  );
}

/** Failures in a row that open the circuit of a connection, for all processes. */
const MAX_FAILURES = 5;
const REST_SECONDS = 60;

const refOf = ({ organization_id: organizationId, id: connectionId }: Connection): ConnectionRef => ({
  organizationId,
  connectionId,
});

/** @throws ToolCallError `broken` while the circuit is open. */
export function refuseWhileBroken({
  name,
  broken_until: until,
  last_error: lastError,
}: Pick<Connection, 'name' | 'broken_until' | 'last_error'>): void {
  const retryAfterMs = until === null ? 0 : until.getTime() - Date.now();
  if (retryAfterMs > 0)
    throw new ToolCallError('broken', `${name} has failed too often and rests. Last: ${lastError ?? 'no answer'}`, {
      retryAfterMs,
    });
}

interface HealthRecorder {
  /** Runs what asks a server, and writes down what its outcome says of the connection. */
  observe<T>(connection: Connection, work: () => Promise<T>): Promise<T>;
  /** The list of tools cannot be used, though the server answers. */
  recordUnusable(on: ConnectionRef, message: string): Promise<void>;
}

/**
 * The health of connections. What counts is whether a server answers: a tool's own failure and a refusal are answers,
 * and who stops a call or is told to wait has learnt nothing.
 */
export function createHealthRecorder(
  db: Kysely<Database>,
  onError: (error: unknown, on: ConnectionRef) => void,
): HealthRecorder {
  /** What is written about a call must not change what is said of it. */
  const write = (on: ConnectionRef, change: (trx: OrganizationTransaction) => Promise<unknown>) =>
    withOrganization(db, on.organizationId, change).then(
      () => undefined,
      (error: unknown) => onError(error, on),
    );
  const setFailing = (on: ConnectionRef, message: string) =>
    write(on, (trx) =>
      updateConnection(trx, {
        id: on.connectionId,
        set: { health: 'failing', last_error: message, checked_at: new Date().toISOString() },
      }),
    );
  const recordFailure = async (on: ConnectionRef, { kind, message, at }: ToolCallError): Promise<void> => {
    const failed = { error: message, maxFailures: MAX_FAILURES, restSeconds: REST_SECONDS };
    // Nothing answers there that could be called: a wrong path, a page, a name that leads nowhere public.
    if (kind === 'refused' && at === 'address') await setFailing(on, message);
    if (kind === 'reconnect') await write(on, (trx) => setNeedsReconnect(trx, on.connectionId, message));
    if (kind === 'unknown' || kind === 'unavailable')
      await write(on, (trx) => recordCallFailed(trx, on.connectionId, failed));
  };
  return {
    async observe(connection, work) {
      try {
        const result = await work();
        const { failures, health, broken_until: until } = connection;
        if (failures > 0 || health !== 'healthy' || until !== null)
          await write(refOf(connection), (trx) => recordCallWorked(trx, connection.id));
        return result;
      } catch (error) {
        if (error instanceof ToolCallError) await recordFailure(refOf(connection), error);
        throw error;
      }
    },
    recordUnusable: setFailing,
  };
}
