import {
  ToolCallError,
  type CallOptions,
  type ConnectionRef,
  type ConnectedServer,
} from '../../../domain/tools/tool-ports.ts';
import type { Credentials, Token } from '../../../domain/connections/connection-ports.ts';
import { ProviderError, type Provider, type ToolContext } from '../servers/define.ts';
import { waitMsIn } from '../../retry-after.ts';

interface RateLimit {
  /** Evenly spread over a second after a first burst of as many. */
  readonly requestsPerSecond: number;
  /** Longest wait for a turn, ms; who would wait longer is answered 429 without being sent. */
  readonly maxWaitMs?: number;
}

/** Where a provider says 429 and not how long. */
const DEFAULT_REST_MS = 1_000;

/**
 * Keeps a provider's client within its rate, in this process. After a 429 all wait as long as the provider says. An
 * answer of 429 of our own looks like the provider's, so that clients translate one thing.
 */
export function createRateLimitedFetch(
  fetch: typeof globalThis.fetch,
  { requestsPerSecond, maxWaitMs = 5_000 }: RateLimit,
): typeof globalThis.fetch {
  const intervalMs = 1_000 / requestsPerSecond;
  const burstMs = 1_000 - intervalMs;
  /** When the next request would be due if all came evenly; may lie a burst behind. */
  let due = 0;
  let restUntil = 0;
  return async (input, init) => {
    const now = Date.now();
    const mine = Math.max(due, now - burstMs);
    const waitMs = Math.max(mine - now, restUntil - now, 0);
    if (waitMs > maxWaitMs) return tooMany(waitMs);
    due = mine + intervalMs;
    await wait(waitMs, init?.signal ?? (input instanceof Request ? input.signal : undefined));
    const response = await fetch(input, init);
    if (response.status === 429)
      restUntil = Math.max(restUntil, Date.now() + (waitMsIn(response.headers) ?? DEFAULT_REST_MS));
    return response;
  };
}

const tooMany = (waitMs: number): Response =>
  new Response(JSON.stringify({ message: 'Not sent: this connection is at its rate limit.' }), {
    status: 429,
    headers: { 'content-type': 'application/json', 'retry-after': `${Math.ceil(waitMs / 1_000)}` },
  });

async function wait(ms: number, signal: AbortSignal | null | undefined): Promise<void> {
  signal?.throwIfAborted();
  if (ms <= 0) return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(done, ms);
    function done() {
      signal?.removeEventListener('abort', stopped);
      resolve();
    }
    function stopped() {
      clearTimeout(timer);
      reject(signal?.reason instanceof Error ? signal.reason : new Error('The caller asked to stop.'));
    }
    signal?.addEventListener('abort', stopped, { once: true });
  });
}

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
    if (current?.token === token) return { client: current.client, settings };
    const client = await provider.createClient({ url: url ?? undefined, token, email, settings, fetch });
    current = { token, client };
    return { client, settings };
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
          await renew().catch(withRemedy(error.remedy));
          return attempt();
        });
      } catch (error) {
        throw toCallFailure(error, name, options.signal);
      }
    },
  };
}

/** What a person is told has to say what to do, where the provider's client knows. */
const withRemedy =
  (remedy: string | undefined) =>
  (refused: unknown): never => {
    if (!remedy || !(refused instanceof ToolCallError) || refused.kind !== 'reconnect') throw refused;
    throw new ToolCallError('reconnect', `${refused.message} ${remedy}`, { cause: refused });
  };

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
    `${connection}: something failed on our side, and we couldn’t confirm whether the call was made.`,
    {
      cause: error,
    },
  );
}
