import type { ConnectionTest } from '../../contracts/connections.ts';
import { withOrganization } from '../../db/organization.ts';
import { listToolsOf, type ConnectionTool } from '../../db/queries/connection-tools.ts';
import type { Connection } from '../../db/queries/connections.ts';
import { listAgain, overSession, readConnection, type AccessDeps } from './connection-access.ts';
import { ToolCallError, type CallFailure, type ConnectionRef, type ToolSession } from './tool-ports.ts';

type Checks = ConnectionTest['checks'];

/** What the server answered, and what our tables say of its tools after that. */
interface TestAnswer {
  readonly latencyMs: number;
  /** Who we are there, where the provider says it. */
  readonly identity: string | undefined;
  readonly tools: readonly ConnectionTool[];
}

const passedChecks = (connection: Connection, { latencyMs, identity, tools }: TestAnswer): Checks => {
  const active = tools.filter(({ state }) => state === 'active').length;
  const waiting = tools.filter(({ state }) => state === 'quarantined').length;
  return [
    {
      check: 'credentials',
      ok: true,
      detail:
        identity ??
        (connection.auth_kind === 'none' ? 'The server asks for none.' : 'The server accepts the credentials.'),
    },
    { check: 'connectivity', ok: true, detail: `The server answers within ${latencyMs} ms.` },
    {
      check: 'permissions',
      ok: active > 0,
      detail:
        `${active} tools may be used.` + (waiting > 0 ? ` ${waiting} are new or changed and wait for an admin.` : ''),
    },
    { check: 'limits', ok: true, detail: 'The server asks for no rest.' },
  ];
};

const FAILED_CHECK: Readonly<Record<CallFailure, Checks[number]['check']>> = {
  reconnect: 'credentials',
  unavailable: 'connectivity',
  unknown: 'connectivity',
  cancelled: 'connectivity',
  refused: 'permissions',
  rate_limited: 'limits',
  broken: 'limits',
};
const ORDER: readonly Checks[number]['check'][] = ['connectivity', 'credentials', 'limits', 'permissions'];

/** What is known once a later step has failed: only what was really tried and found. */
const REACHED: Readonly<Record<Checks[number]['check'], string>> = {
  connectivity: 'The server answers at its address.',
  credentials: 'The server let us in.',
  limits: 'The server asks for no rest.',
  permissions: 'Its tools may be used.',
};

/** Where an attempt failed decides the step; what comes before it has worked, and what comes after was not tried. */
function failedChecks({ kind, message, at }: ToolCallError): Checks {
  const failed = at === 'address' ? 'connectivity' : (at ?? FAILED_CHECK[kind]);
  return ORDER.slice(0, ORDER.indexOf(failed) + 1).map((check) =>
    check === failed ? { check, ok: false, detail: message } : { check, ok: true, detail: REACHED[check] },
  );
}

const ASK_TIMEOUT_MS = 15_000;

/** Asks the server the cheapest thing there is. @throws ToolCallError */
async function ask({ mcp, effects }: ToolSession, signal: AbortSignal) {
  if (!effects) return { ...(await mcp.health(signal)), identity: undefined };
  const startedAt = performance.now();
  const identity = await effects.whoAmI({ signal, timeoutMs: ASK_TIMEOUT_MS });
  return { latencyMs: Math.round(performance.now() - startedAt), identity };
}

/**
 * Credentials, connectivity, permissions and limits, each told. Also while the circuit is open or the connection is off:
 * people test what does not work. Never throws for a fault of the server.
 */
export async function testConnection(
  access: AccessDeps,
  on: ConnectionRef,
  signal: AbortSignal,
): Promise<Omit<ConnectionTest, 'connection'>> {
  const connection = await readConnection(access.db, on);
  const startedAt = performance.now();
  try {
    const answer = await overSession(access, connection, signal, async (session) => {
      const answered = await ask(session, signal);
      await listAgain(access, connection, session, signal);
      return answered;
    });
    const tools = await withOrganization(access.db, on.organizationId, (trx) => listToolsOf(trx, on.connectionId));
    const checks = passedChecks(connection, { ...answer, tools });
    const present = tools.filter(({ state }) => state !== 'removed').length;
    return { ok: checks.every(({ ok }) => ok), checks, latencyMs: answer.latencyMs, tools: present };
  } catch (error) {
    if (!(error instanceof ToolCallError)) throw error;
    // A refusal counts against no circuit, and is all the same why the connection does not work.
    if (error.kind === 'refused' || error.kind === 'rate_limited')
      await access.health.recordUnusable(on, error.message);
    return { ok: false, checks: failedChecks(error), latencyMs: Math.round(performance.now() - startedAt), tools: 0 };
  }
}
