import type { ConnectionTest } from '../../contracts/connections.ts';
import { withOrganization } from '../../db/organization.ts';
import { updateConnection, type Connection } from '../../db/queries/connections.ts';
import { ToolCallError } from '../tools/tool-ports.ts';
import type { ToolHost } from '../tools/tool-host.ts';
import type { Principal } from '../../contracts/request.ts';
import { findSeen, readView, type ViewDeps } from './connection-views.ts';
import { refuseUse } from './rules.ts';

/** A server that takes longer is told to be slow; people wait for this answer. */
const MAX_CHECK_MS = 20_000;

export interface CheckDeps extends ViewDeps {
  readonly tools: Pick<ToolHost, 'test' | 'refresh'>;
}

const ofRow = ({ organization_id: organizationId, id: connectionId }: Connection) => ({ organizationId, connectionId });

/**
 * Credentials, connectivity, permissions and limits, and then the tools as the server says them now. Bounded in time;
 * what is found is kept as the connection's health.
 */
export async function checkConnection(deps: CheckDeps, row: Connection): Promise<ConnectionTest> {
  const startedAt = Date.now();
  const signal = AbortSignal.timeout(MAX_CHECK_MS);
  const tested = await bounded(deps.tools.test(ofRow(row), signal), signal).catch((error: unknown) =>
    tooSlow(deps, row, error, Date.now() - startedAt),
  );
  const listed = tested.ok ? await refreshTools(deps, row, signal) : null;
  const connection = await readView(deps, row.organization_id, row.id);
  const checks = listed === null ? tested.checks : [...tested.checks, failed('permissions', listed)];
  return {
    ...tested,
    ok: tested.ok && listed === null,
    checks,
    tools: connection.tools.active + connection.tools.quarantined,
    ...(connection.authorizationUrl && { authorizationUrl: connection.authorizationUrl }),
    connection,
  };
}

/** Asks the server for its tools; answers null, or why that did not work. */
export async function refreshTools(
  deps: CheckDeps,
  row: Connection,
  signal = AbortSignal.timeout(MAX_CHECK_MS),
): Promise<string | null> {
  try {
    await bounded(deps.tools.refresh(ofRow(row), signal), signal);
    return null;
  } catch (error) {
    if (error instanceof ToolCallError) return error.message;
    if (signal.aborted) return SLOW;
    throw error;
  }
}

const SLOW = `The server did not answer within ${MAX_CHECK_MS / 1000} seconds.`;

const failed = (check: ConnectionTest['checks'][number]['check'], detail: string) => ({ check, ok: false, detail });

async function tooSlow(
  deps: CheckDeps,
  row: Connection,
  error: unknown,
  latencyMs: number,
): Promise<Omit<ConnectionTest, 'connection'>> {
  if (!(error instanceof CheckTimeoutError)) throw error;
  await setFailing(deps, row, SLOW);
  return { ok: false, checks: [failed('connectivity', SLOW)], latencyMs, tools: 0 };
}

async function setFailing(deps: CheckDeps, row: Connection, error: string): Promise<void> {
  const set = { health: 'failing', last_error: error, checked_at: new Date().toISOString() } as const;
  await withOrganization(deps.db, row.organization_id, (trx) => updateConnection(trx, { id: row.id, set }));
}

class CheckTimeoutError extends Error {}

/** As the promise, but over when the signal says so, whatever the other side does with it. */
function bounded<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const over = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new CheckTimeoutError()), { once: true });
  });
  return Promise.race([work, over]);
}

/** As `checkConnection`, for whoever may use it. @throws RequestError 404, 403 */
export async function testConnection(deps: CheckDeps, principal: Principal, id: string): Promise<ConnectionTest> {
  const row = await findSeen(deps, principal, id);
  refuseUse(principal, row);
  return checkConnection(deps, row);
}
