import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { ToolCallError, type McpConnection } from '../../../domain/tools/tool-ports.ts';
import { ProviderError, type Provider, type ProviderFault } from '../servers/define.ts';
import { faultOf } from '../servers/call-result.ts';
import { createProviderServer } from '../servers/serve.ts';
import { openSession } from './mcp-session.ts';
import { toToolCallError, type AuthorizedProviderClient } from './authorized-provider-client.ts';
import { toToolResult } from './tool-result.ts';

interface InProcessOptions {
  readonly provider: Provider;
  /** The connection's name, for people. */
  readonly connection: string;
  readonly client: AuthorizedProviderClient;
}

/** A server of ours, spoken to like any other, without leaving the process. @throws ToolCallError */
export async function openInProcess(given: InProcessOptions, signal: AbortSignal): Promise<McpConnection> {
  const { provider, connection, client } = given;
  const server = createProviderServer(provider, () => client.open().catch(throwProviderError));
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await server.connect(theirs);
  const session = await openSession({ transport: ours, connection, onToolsChanged: () => undefined }, signal);
  return {
    async call(tool, args, options) {
      let result = await session.call(tool, args, options);
      if (faultOf(result)?.fault === 'unauthorized') {
        // The provider did nothing, so with a renewed grant the same may be asked once more.
        await client.renew();
        result = await session.call(tool, args, options);
      }
      const fault = faultOf(result);
      const answer = toToolResult(result);
      // What the provider refused is an answer that a model can act on; everything else is not.
      if (fault && fault.fault !== 'refused') throw toToolCallError(fault, answer.text);
      return answer;
    },
    list: session.list,
    async health(signal) {
      const started = performance.now();
      await client.use({ signal, timeoutMs: HEALTH_TIMEOUT_MS }, (api, context) => provider.whoAmI(api, context));
      return { latencyMs: Math.round(performance.now() - started) };
    },
    async close() {
      await session.close();
      await server.close();
    },
  };
}

const HEALTH_TIMEOUT_MS = 15_000;

const FAULTS: Readonly<Partial<Record<ToolCallError['kind'], ProviderFault>>> = {
  reconnect: 'unauthorized',
  rate_limited: 'rate_limited',
};

/** What the vault says has to cross the protocol as the provider's own failures do. */
function throwProviderError(error: unknown): never {
  if (!(error instanceof ToolCallError)) throw error;
  const { retryAfterMs, message } = error;
  throw new ProviderError(FAULTS[error.kind] ?? 'unavailable', message, {
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    cause: error,
  });
}
