import { createHash } from 'node:crypto';
import type { Connection } from '../../../db/queries/connections.ts';
import { ToolCallError, type McpConnection } from '../../../domain/tools/mcp-connection.ts';
import type { Provider } from '../servers/define.ts';
import { SessionOverError } from './call-error.ts';
import type { Credentials } from '../../../domain/connections/credentials-port.ts';
import { createSecretRedactor } from './secret-redactor.ts';
import { createGuardedFetch, type Egress } from './egress.ts';
import { openInProcess } from './in-process.ts';
import { createKeptOpen } from './kept-open.ts';
import { createProviderDesk, type AuthorizedProviderClient } from './authorized-provider-client.ts';
import { openRemote } from './remote.ts';
import type { OnConnection } from '../../../domain/tools/tool-host.ts';
import { unlessStopped } from '../../../domain/tools/unless-stopped.ts';

/** A session that nobody has used for so long is closed, ms. */
const IDLE_MS = 60_000;
const OPEN_TIMEOUT_MS = 30_000;
/**
 * A server that answers in JSON sends the head of its answer when the tool is done, so here it is the call's own limit
 * that counts.
 */
const MCP_HEADERS_TIMEOUT_MS = 600_000;

export interface SessionsGiven {
  readonly egress: Egress;
  readonly credentials: Credentials;
  readonly providers: readonly Provider[];
  readonly idleMs?: number;
  /** A server has said that its tools are others now. */
  readonly onToolsChanged: (on: OnConnection) => void;
}

export interface Session {
  readonly mcp: McpConnection;
  /** Of providers of ours. */
  readonly desk: AuthorizedProviderClient | undefined;
  readonly list: SessionList;
}

/** What is known of the tools over one session. */
export interface SessionList {
  /** When they were last listed, ms; 0: not since the last news. */
  listedAt: number;
  /** Counts what the server has said of changes, so that a list from before one does not pass for newer. */
  news: number;
  /** One asks, and all others wait for it. */
  listing: Promise<void> | undefined;
}

export interface Sessions {
  /** Does something over the connection's session. One that the server has forgotten is opened anew, once. */
  use<T>(on: OnConnection, connection: Connection, signal: AbortSignal, work: (one: Session) => Promise<T>): Promise<T>;
  /** The tools of this session have to be listed again before the next call. */
  expireList(on: OnConnection): Promise<void>;
  forget(on: OnConnection): void;
  close(): Promise<void>;
}

/** Keeps one session for each connection while it is used, in this process. */
export function createSessions(given: SessionsGiven): Sessions {
  const kept = createKeptOpen<Session>({ idleMs: given.idleMs ?? IDLE_MS, close: ({ mcp }) => mcp.close() });
  const open = createOpener(given);
  const use: Sessions['use'] = (on, connection, signal, work) => {
    const key = keyOf(on);
    return kept.use(
      { key, fingerprint: fingerprintOf(connection), open: () => open(on, connection) },
      async (opening) => {
        try {
          return await work(await unlessStopped(opening, signal, connection.name));
        } catch (error) {
          if (isOver(error)) kept.forget(key, opening);
          throw error;
        }
      },
    );
  };
  return {
    use: (on, connection, signal, work) =>
      use(on, connection, signal, work).catch((error: unknown) => {
        if (!isOver(error)) throw error;
        return use(on, connection, signal, work);
      }),
    async expireList(on) {
      const session = await kept.peek(keyOf(on))?.catch(() => undefined);
      if (!session) return;
      session.list.listedAt = 0;
      session.list.news++;
    },
    forget: (on) => kept.forget(keyOf(on)),
    close: () => kept.close(),
  };
}

const keyOf = ({ organizationId, connectionId }: OnConnection): string => `${organizationId}/${connectionId}`;
const isOver = (error: unknown): boolean => error instanceof ToolCallError && error.cause instanceof SessionOverError;

/** Everything that a session is opened with; renewed tokens are not in it. */
const fingerprintOf = ({ kind, provider, url, auth_kind, settings, credentials, trusted }: Connection): string =>
  createHash('sha256')
    .update(JSON.stringify([kind, provider, url, auth_kind, settings, credentials, trusted]))
    .digest('hex');

function createOpener({ egress, credentials, providers, onToolsChanged }: SessionsGiven) {
  const forProviders = createGuardedFetch(egress);
  const forServers = createGuardedFetch({ ...egress, headersTimeoutMs: MCP_HEADERS_TIMEOUT_MS });
  return async (on: OnConnection, connection: Connection): Promise<Session> => {
    const late = AbortSignal.timeout(OPEN_TIMEOUT_MS);
    if (connection.kind === 'first_party') {
      const provider = providers.find((one) => one.provider === connection.provider);
      if (!provider) throw new ToolCallError('refused', `Nubabel has no server of its own for ${connection.provider}.`);
      const echoes = createSecretRedactor(forProviders, 'provider');
      const open = createProviderDesk({ on, connection, provider, credentials, fetch: echoes.fetch });
      const desk: AuthorizedProviderClient = {
        ...open,
        use: (options, work) => echoes.guardWork(open.use(options, work)),
      };
      const mcp = echoes.guard(await openInProcess({ provider, connection: connection.name, desk }, late));
      return { mcp, desk, list: { listedAt: 0, news: 0, listing: undefined } };
    }
    if (connection.url === null) throw new ToolCallError('refused', `${connection.name} has no address.`);
    const echoes = createSecretRedactor(forServers);
    const remote = {
      url: connection.url,
      connection: connection.name,
      fetch: credentials.fetchFor(on, connection, echoes.fetch),
      onToolsChanged: () => onToolsChanged(on),
      takesDefaults: connection.trusted,
    };
    const mcp = await openRemote(remote, late).catch((error: unknown) => {
      if (error instanceof ToolCallError && error.kind === 'cancelled')
        throw new ToolCallError(
          'unavailable',
          `${connection.name} does not answer within ${OPEN_TIMEOUT_MS / 1000} s.`,
        );
      throw error;
    });
    return { mcp: echoes.guard(mcp), desk: undefined, list: { listedAt: 0, news: 0, listing: undefined } };
  };
}
