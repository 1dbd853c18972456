import type { Kysely } from 'kysely';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import {
  noteCallFailed,
  noteCallWorked,
  setNeedsReconnect,
  updateConnection,
  type Connection,
} from '../../db/queries/connections.ts';
import type { Database } from '../../db/tables/index.ts';
import { ToolCallError } from './mcp-connection.ts';
import type { OnConnection } from './tool-host.ts';

/** Failures in a row that open the circuit of a connection, for all processes. */
const MAX_FAILURES = 5;
const REST_SECONDS = 60;

export interface Outcomes {
  /** @throws ToolCallError `broken` while the circuit is open. */
  refuseWhileBroken(connection: Connection): void;
  /** Runs what asks a server, and writes down what its outcome says of the connection. */
  noting<T>(on: OnConnection, connection: Connection, work: () => Promise<T>): Promise<T>;
  /** The list of tools cannot be used, though the server answers. */
  noteUnusable(on: OnConnection, message: string): Promise<void>;
}

/**
 * The health of connections. What counts is whether a server answers: a tool's own failure and a refusal are answers,
 * and who stops a call or is told to wait has learnt nothing.
 */
export function createOutcomes(db: Kysely<Database>, onError: (error: unknown, on: OnConnection) => void): Outcomes {
  /** What is written about a call must not change what is said of it. */
  const write = (on: OnConnection, change: (trx: OrganizationTransaction) => Promise<unknown>) =>
    withOrganization(db, on.organizationId, change).then(
      () => undefined,
      (error: unknown) => onError(error, on),
    );
  const noteFailure = async (on: OnConnection, { kind, message }: ToolCallError): Promise<void> => {
    const id = on.connectionId;
    if (kind === 'reconnect') await write(on, (trx) => setNeedsReconnect(trx, id, message));
    if (kind === 'unknown' || kind === 'unavailable')
      await write(on, (trx) =>
        noteCallFailed(trx, id, { error: message, maxFailures: MAX_FAILURES, restSeconds: REST_SECONDS }),
      );
  };
  return {
    refuseWhileBroken({ name, broken_until, last_error }) {
      const waitMs = broken_until === null ? 0 : broken_until.getTime() - Date.now();
      if (waitMs > 0)
        throw new ToolCallError(
          'broken',
          `${name} has failed too often and rests. Last: ${last_error ?? 'no answer'}`,
          {
            retryAfterMs: waitMs,
          },
        );
    },
    async noting(on, connection, work) {
      try {
        const result = await work();
        const { failures, health, broken_until } = connection;
        if (failures > 0 || health !== 'healthy' || broken_until !== null)
          await write(on, (trx) => noteCallWorked(trx, on.connectionId));
        return result;
      } catch (error) {
        if (error instanceof ToolCallError) await noteFailure(on, error);
        throw error;
      }
    },
    noteUnusable: (on, message) =>
      write(on, (trx) =>
        updateConnection(trx, { id: on.connectionId, set: { health: 'failing', last_error: message } }),
      ),
  };
}
