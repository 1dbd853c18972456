import type { ToolResult } from '../../../contracts/tools.ts';
import { ToolCallError, type CallOptions } from '../../../domain/tools/mcp-connection.ts';
import { ProviderError, type Provider, type ProviderTool, type ToolContext } from '../servers/define.ts';
import { toReadable } from '../servers/call-result.ts';
import type { Connection } from '../../../db/queries/connections.ts';
import type { Credentials } from '../../../domain/connections/credentials-port.ts';
import { createRateLimitedFetch } from './rate-limited-fetch.ts';
import type { OnConnection } from '../../../domain/tools/tool-host.ts';

/** Unless a provider documents another. */
const REQUESTS_PER_SECOND = 10;

export interface DeskGiven {
  readonly on: OnConnection;
  readonly connection: Connection;
  readonly provider: Provider;
  readonly credentials: Credentials;
  /** Guarded. */
  readonly fetch: typeof fetch;
}

/** A provider of ours with one connection's credentials and settings. */
export interface AuthorizedProviderClient {
  /** The client to call with now. @throws ToolCallError `reconnect`, `unavailable` */
  open(): Promise<{ readonly client: unknown; readonly settings: Readonly<Record<string, string>> }>;
  tool(remoteName: string): ProviderTool<unknown> | undefined;
  /** Runs reads and undos with a client; renews the grant once where it is not accepted. @throws ToolCallError */
  use<T>(options: CallOptions, work: (client: unknown, context: ToolContext) => Promise<T>): Promise<T>;
  /** Renews the grant after a refusal. @throws ToolCallError when a person has to. */
  renew(): Promise<void>;
}

export function createProviderDesk({
  on,
  connection,
  provider,
  credentials,
  fetch,
}: DeskGiven): AuthorizedProviderClient {
  const limited = createRateLimitedFetch(fetch, {
    requestsPerSecond: provider.requestsPerSecond ?? REQUESTS_PER_SECOND,
  });
  let current: { readonly token: string; readonly client: unknown } | undefined;
  const open = async () => {
    const { token, email } = await credentials.tokenFor(on);
    if (current?.token !== token)
      current = {
        token,
        client: provider.createClient({
          url: connection.url ?? undefined,
          token,
          email,
          settings: connection.settings,
          fetch: limited,
        }),
      };
    return { client: current.client, settings: connection.settings };
  };
  const renew = async () => {
    if (current) await credentials.renew(on, current.token);
  };
  return {
    open,
    renew,
    tool: (remoteName) => (provider.tools as readonly ProviderTool<unknown>[]).find(({ name }) => name === remoteName),
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
        throw toDeskError(error, connection.name, options.signal);
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

function toDeskError(error: unknown, connection: string, signal: AbortSignal): ToolCallError {
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

/** As the server of ours would answer it. */
export const toResult = (output: Record<string, unknown>): ToolResult => ({
  text: toReadable(output),
  data: output,
  isError: false,
});
