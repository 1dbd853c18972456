import type { ConnectionTest } from '../../contracts/connections.ts';
import type { ConnectionTool } from '../../db/queries/connection-tools.ts';
import type { Connection } from '../../db/queries/connections.ts';
import type { CallFailure, ToolCallError } from './mcp-connection.ts';
import type { Provider } from '../../adapters/mcp/servers/define.ts';
import type { Session } from '../../adapters/mcp/host/sessions.ts';

type Checks = ConnectionTest['checks'];

/** What was found when somebody looked: answered by the server, and what our tables say of its tools after that. */
export interface Found {
  readonly latencyMs: number;
  /** Who we are there, where the provider says it. */
  readonly identity: string | undefined;
  readonly tools: readonly ConnectionTool[];
}

export const nothingMissing = (connection: Connection, { latencyMs, identity, tools }: Found): Checks => {
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

/** A fault shows one check as failed; what comes before it must have worked, and what comes after is not known. */
export function oneMissing({ kind, message }: ToolCallError): Checks {
  const failed = FAILED_CHECK[kind];
  return ORDER.slice(0, ORDER.indexOf(failed) + 1).map((check) =>
    check === failed ? { check, ok: false, detail: message } : { check, ok: true, detail: 'Works.' },
  );
}

const ASK_TIMEOUT_MS = 15_000;

/** Asks the server the cheapest thing there is. @throws ToolCallError */
export async function lookAt(
  { mcp, desk }: Session,
  provider: Provider | undefined,
  signal: AbortSignal,
): Promise<Pick<Found, 'latencyMs' | 'identity'>> {
  if (!desk || !provider) return { ...(await mcp.health(signal)), identity: undefined };
  const started = performance.now();
  const identity = await desk.use({ signal, timeoutMs: ASK_TIMEOUT_MS }, (client, context) =>
    provider.whoAmI(client, context),
  );
  return { latencyMs: Math.round(performance.now() - started), identity };
}
