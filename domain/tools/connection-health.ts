import type { Kysely } from 'kysely';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import {
  recordCallFailed,
  recordCallWorked,
  setNeedsReconnect,
  updateConnection,
  type Connection,
} from '../../db/queries/connections.ts';
import type { Database } from '../../db/tables/index.ts';
import { ToolCallError, type ConnectionRef } from './tool-ports.ts';

/** Failures in a row that open the circuit of a connection, for all processes. */
const MAX_FAILURES = 5;
const REST_SECONDS = 60;

export const refOf = ({ organization_id: organizationId, id: connectionId }: Connection): ConnectionRef => ({
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

export interface HealthRecorder {
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
  const recordFailure = async (on: ConnectionRef, { kind, message }: ToolCallError): Promise<void> => {
    const failed = { error: message, maxFailures: MAX_FAILURES, restSeconds: REST_SECONDS };
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
    recordUnusable: (on, message) =>
      write(on, (trx) =>
        updateConnection(trx, { id: on.connectionId, set: { health: 'failing', last_error: message } }),
      ),
  };
}
