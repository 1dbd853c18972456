import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { McpConnection } from '../../../domain/tools/tool-ports.ts';
import { withEndedStreams } from './ended-streams.ts';
import { withHttpFaults } from './call-error.ts';
import { openSession } from './mcp-session.ts';
import { toToolResult } from './tool-result.ts';

/** How long a server may take to hear that its session is over, ms: a courtesy. */
const GOODBYE_MS = 2_000;

interface RemoteOptions {
  readonly url: string;
  /** The connection's name, for people. */
  readonly connection: string;
  /** Guarded, and with credentials. */
  readonly fetch: typeof fetch;
  readonly onToolsChanged: () => void;
  /** It is trusted: its questions are answered with its own defaults. */
  readonly takesDefaults?: boolean;
}

/** A session with a remote MCP server over Streamable HTTP. Redirects stay within its origin. @throws ToolCallError */
export async function openRemote(given: RemoteOptions, signal: AbortSignal): Promise<McpConnection> {
  const transport = new StreamableHTTPClientTransport(new URL(given.url), {
    fetch: withEndedStreams(withHttpFaults(given.fetch)),
    redirectPolicy: 'same-origin',
  });
  const session = await openSession({ ...given, transport }, signal);
  return {
    async call(tool, args, options) {
      return toToolResult(await session.call(tool, args, options));
    },
    list: session.list,
    async health(signal) {
      const started = performance.now();
      await session.ping(signal);
      return { latencyMs: Math.round(performance.now() - started) };
    },
    async close() {
      const late = AbortSignal.timeout(GOODBYE_MS);
      const gone = new Promise<void>((resolve) => late.addEventListener('abort', () => resolve(), { once: true }));
      await Promise.race([transport.terminateSession().catch(() => undefined), gone]);
      await session.close();
    },
  };
}
