import { createHash } from 'node:crypto';
import { untilAborted } from '../../../contracts/until-aborted.ts';
import type { Credentials } from '../../../domain/connections/connection-ports.ts';
import {
  SessionOverError,
  ToolCallError,
  type ConnectionRef,
  type McpConnection,
  type ConnectedServer,
  type ToolPorts,
  type ToolSession,
  type ToolSessions,
} from '../../../domain/tools/tool-ports.ts';
import type { Provider } from '../servers/define.ts';
import { createAuthorizedProviderClient } from './authorized-provider-client.ts';
import { createGuardedFetch, type Egress } from './egress.ts';
import { openInProcess } from './in-process.ts';
import { createIdlePool } from './idle-pool.ts';
import { createProviderEffects } from './provider-effects.ts';
import { openRemote } from './remote.ts';
import { createSecretRedactor } from './secret-redactor.ts';
import { sendingUntil } from './sending-until.ts';

/** A session that nobody has used for so long is closed, ms. */
const IDLE_MS = 60_000;
const OPEN_TIMEOUT_MS = 30_000;
/**
 * A server that answers in JSON sends the head of its answer when the tool is done, and one that streams may be silent
 * for as long as a call may take: it is the call's own limit that counts, half an hour at most.
 */
const MCP_TIMEOUT_MS = 1_860_000;

interface SessionsDeps {
  readonly egress: Egress;
  readonly credentials: Credentials;
  readonly providers: readonly Provider[];
  /** How long a session is kept that nobody uses, ms; a minute unless told. */
  readonly idleMs?: number;
  readonly onToolsChanged: Parameters<ToolPorts['openSessions']>[0];
}

interface OpenSession extends ToolSession {
  /** First-party clients use the newest grant that is known; remote ones read it with every request. */
  readonly authorizeAs?: (server: ConnectedServer) => void;
}

export function createSessions(deps: SessionsDeps): ToolSessions {
  const kept = createIdlePool<OpenSession>({ idleMs: deps.idleMs ?? IDLE_MS, close: ({ mcp }) => mcp.close() });
  const open = createOpener(deps);
  const use: ToolSessions['use'] = (on, server, signal, work) => {
    const key = keyOf(on);
    const stopped = () => new ToolCallError('cancelled', `${server.name}: stopped before anything was sent.`);
    return kept.use({ key, fingerprint: fingerprintOf(server), open: () => open(on, server) }, async (opening) => {
      try {
        const session = await untilAborted(opening, signal, stopped);
        session.authorizeAs?.(server);
        return await work(session);
      } catch (error) {
        if (isOver(error)) kept.forget(key, opening);
        throw error;
      }
    });
  };
  return {
    use: (on, server, signal, work) =>
      use(on, server, signal, work).catch((error: unknown) => {
        // What may have happened is not done again because a session is over.
        if (!isOver(error) || error.kind === 'unknown') throw error;
        return use(on, server, signal, work);
      }),
    async expireList(on) {
      const session = await kept.peek(keyOf(on))?.catch(() => undefined);
      if (!session) return;
      session.list.listedAt = 0;
      session.list.changes++;
    },
    forget: (on) => kept.forget(keyOf(on)),
    close: () => kept.close(),
  };
}

const keyOf = ({ organizationId, connectionId }: ConnectionRef): string => `${organizationId}/${connectionId}`;
const isOver = (error: unknown): error is ToolCallError =>
  error instanceof ToolCallError && error.cause instanceof SessionOverError;

/** Everything that a session is opened with; renewed tokens are not in it. */
const fingerprintOf = ({ kind, provider, url, auth_kind, settings, credentials, trusted }: ConnectedServer): string =>
  createHash('sha256')
    .update(JSON.stringify([kind, provider, url, auth_kind, settings, credentials, trusted]))
    .digest('hex');

const toSession = (mcp: McpConnection, more: Omit<OpenSession, 'mcp' | 'list'>): OpenSession => ({
  ...more,
  mcp: {
    ...mcp,
    call: (tool, args, options) => sendingUntil(options.sendUntil, () => mcp.call(tool, args, options)),
  },
  list: { listedAt: 0, changes: 0, listing: undefined },
});

function createOpener({ egress, credentials, providers, onToolsChanged }: SessionsDeps) {
  const forProviders = createGuardedFetch(egress);
  const forServers = createGuardedFetch({ ...egress, headersTimeoutMs: MCP_TIMEOUT_MS, streamIdleMs: MCP_TIMEOUT_MS });

  const openFirstParty = async (on: ConnectionRef, server: ConnectedServer): Promise<OpenSession> => {
    const provider = providers.find((one) => one.provider === server.provider);
    if (!provider) throw new ToolCallError('refused', `Nubabel has no server of its own for ${server.provider}.`);
    const redactor = createSecretRedactor(forProviders, 'provider');
    const open = createAuthorizedProviderClient({ on, server, provider, credentials, fetch: redactor.fetch });
    const client: typeof open = { ...open, use: (options, work) => redactor.guardWork(open.use(options, work)) };
    const given = { provider, connection: server.name, client };
    const mcp = await openInProcess(given, AbortSignal.timeout(OPEN_TIMEOUT_MS));
    return toSession(redactor.guard(mcp), {
      effects: createProviderEffects(provider, client),
      authorizeAs: client.authorizeAs,
    });
  };
  const openHosted = async (on: ConnectionRef, server: ConnectedServer): Promise<OpenSession> => {
    const { url, name, trusted } = server;
    if (url === null) throw new ToolCallError('refused', `${name} has no address.`);
    const redactor = createSecretRedactor(forServers);
    const remote = {
      url,
      connection: name,
      fetch: credentials.fetchFor(on, server, redactor.fetch),
      onToolsChanged: () => onToolsChanged(on),
      trusted,
      hasCredentials: server.auth_kind !== 'none',
    };
    const opening = redactor.guardOpening(openRemote(remote, AbortSignal.timeout(OPEN_TIMEOUT_MS)));
    const mcp = await opening.catch((error: unknown) => {
      if (error instanceof ToolCallError && error.kind === 'cancelled')
        throw new ToolCallError('unavailable', `${name} does not answer within ${OPEN_TIMEOUT_MS / 1000} s.`, {
          at: 'address',
        });
      throw error;
    });
    return toSession(redactor.guard(mcp), { effects: undefined });
  };
  return (on: ConnectionRef, server: ConnectedServer): Promise<OpenSession> =>
    server.kind === 'first_party' ? openFirstParty(on, server) : openHosted(on, server);
}
