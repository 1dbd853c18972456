import {
  ToolCallError,
  type CallOptions,
  type ConnectionRef,
  type ConnectedServer,
} from '../../../domain/tools/tool-ports.ts';
import type { Credentials, Token } from '../../../domain/connections/connection-ports.ts';
import { ProviderError, type Provider, type ToolContext } from '../servers/define.ts';
import { createRateLimitedFetch } from './rate-limited-fetch.ts';

/** Unless a provider documents another. */
const REQUESTS_PER_SECOND = 10;

interface ProviderClientDeps {
  readonly on: ConnectionRef;
  readonly server: ConnectedServer;
  readonly provider: Provider;
  readonly credentials: Credentials;
  /** Guarded. */
  readonly fetch: typeof fetch;
}

/** A first-party provider with one connection's credentials and settings. */
export interface AuthorizedProviderClient {
  /** The connection as it was read last: its grant is the one that is used from now on. */
  authorizeAs(server: ConnectedServer): void;
  /** The client to call with now. @throws ToolCallError `reconnect`, `unavailable` */
  open(): Promise<{ readonly client: unknown; readonly settings: Readonly<Record<string, string>> }>;
  /** Runs reads and undos with a client; renews the grant once where it is not accepted. @throws ToolCallError */
  use<T>(options: CallOptions, work: (client: unknown, context: ToolContext) => Promise<T>): Promise<T>;
  /** Renews the grant after a refusal. @throws ToolCallError when a person has to. */
  renew(): Promise<void>;
}

export function createAuthorizedProviderClient(deps: ProviderClientDeps): AuthorizedProviderClient {
  const { on, provider, credentials } = deps;
  const { name, url, settings } = deps.server;
  let { server } = deps;
  const fetch = createRateLimitedFetch(deps.fetch, {
    requestsPerSecond: provider.requestsPerSecond ?? REQUESTS_PER_SECOND,
  });
  let current: { readonly token: string; readonly client: unknown } | undefined;
  /** What came for a refused token: the connection may have been read before it was renewed. */
  const renewed = new Map<string, Token>();
  const newest = (token: Token): Token => {
    const next = renewed.get(token.token);
    return next ? newest(next) : token;
  };
  const open = async () => {
    const { token, email } = newest(await credentials.tokenFor(on, server));
    if (current?.token !== token)
      current = { token, client: provider.createClient({ url: url ?? undefined, token, email, settings, fetch }) };
    return { client: current.client, settings };
  };
  const renew = async () => {
    if (!current) return;
    const { token } = current;
    const next = await credentials.renew(on, token);
    // A server may give a token out again.
    renewed.delete(next.token);
    renewed.set(token, next);
  };
  return {
    authorizeAs: (read) => {
      server = read;
    },
    open,
    renew,
    async use(options, work) {
      const attempt = async () => {
        const { client, settings } = await open();
        return work(client, toContext(options, settings));
      };
      try {
        return await attempt().catch(async (error: unknown) => {
          if (!(error instanceof ProviderError) || error.fault !== 'unauthorized') throw error;
          await renew();
          return attempt();
        });
      } catch (error) {
        throw toCallFailure(error, name, options.signal);
      }
    },
  };
}

function toContext(
  { signal, timeoutMs, onProgress, effectKey }: CallOptions,
  settings: Readonly<Record<string, string>>,
): ToolContext {
  return {
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    settings,
    ...(effectKey !== undefined && { effectKey }),
    ...(onProgress && {
      onProgress: (message, share) => onProgress({ message, ...(share !== undefined && { share }) }),
    }),
  };
}

const KINDS = {
  refused: 'refused',
  unknown: 'unknown',
  unauthorized: 'reconnect',
  rate_limited: 'rate_limited',
  unavailable: 'unavailable',
} as const;

/** A provider's failure as a caller of the host knows it. */
export const toToolCallError = (
  { fault, retryAfterMs }: { readonly fault: keyof typeof KINDS; readonly retryAfterMs?: number | undefined },
  message: string,
): ToolCallError => new ToolCallError(KINDS[fault], message, { ...(retryAfterMs !== undefined && { retryAfterMs }) });

function toCallFailure(error: unknown, connection: string, signal: AbortSignal): ToolCallError {
  if (error instanceof ToolCallError) return error;
  if (signal.aborted) return new ToolCallError('cancelled', `${connection} was asked to stop.`);
  if (error instanceof ProviderError) return toToolCallError(error, error.message);
  return new ToolCallError(
    'unknown',
    `${connection}: something failed on our side, and nobody knows how far it came.`,
    {
      cause: error,
    },
  );
}
