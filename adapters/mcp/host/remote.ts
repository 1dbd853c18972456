import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ToolCallError, type McpConnection } from '../../../domain/tools/tool-ports.ts';
import { withEndedStreams } from './ended-streams.ts';
import { withHttpFaults } from './call-error.ts';
import { withLenientMessages } from './lenient-messages.ts';
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
  /** What it says of failures is believed, and its questions are answered with its own defaults. */
  readonly trusted?: boolean;
  /** Whether `fetch` brings any. */
  readonly hasCredentials?: boolean;
}

/** A session with a remote MCP server over Streamable HTTP. Redirects stay within its origin. @throws ToolCallError */
export async function openRemote(given: RemoteOptions, signal: AbortSignal): Promise<McpConnection> {
  const transport = new StreamableHTTPClientTransport(new URL(given.url), {
    fetch: withEndedStreams(withLenientMessages(withHttpFaults(given.fetch))),
    redirectPolicy: 'same-origin',
  });
  const session = await openSession({ ...given, transport }, signal).catch(async (error: unknown) => {
    const isElse = error instanceof ToolCallError && error.kind === 'refused' && error.at === 'address';
    throw isElse && (await speaksOldSse(given, signal)) ? onlySse(given.connection) : error;
  });
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

const onlySse = (connection: string): ToolCallError =>
  new ToolCallError(
    'refused',
    `${connection} speaks only the older HTTP+SSE transport of MCP. Give its Streamable HTTP address (it often ends in /mcp), or put a bridge such as mcp-proxy or supergateway before it.`,
    { at: 'address' },
  );

/** How long the first event of a stream is waited for, ms. */
const FIRST_EVENT_MS = 3_000;
const MAX_FIRST_EVENT = 10_000;

/** Whether what answers there is a server of before 2025: it says on a GET where it takes messages. */
async function speaksOldSse({ url, fetch }: RemoteOptions, signal: AbortSignal): Promise<boolean> {
  const stop = AbortSignal.any([signal, AbortSignal.timeout(FIRST_EVENT_MS)]);
  try {
    const asked: RequestInit = { headers: { accept: 'text/event-stream' }, redirect: 'manual', signal: stop };
    const { ok, headers, body } = await fetch(url, asked);
    const isStream = headers.get('content-type')?.startsWith('text/event-stream') === true;
    if (!ok || !isStream || !body) return (await body?.cancel()) ?? false;
    let begun = '';
    for await (const piece of body.pipeThrough(new TextDecoderStream())) {
      begun += piece;
      if (/^event: ?endpoint/m.test(begun)) return true;
      if (begun.length > MAX_FIRST_EVENT) return false;
    }
    return false;
  } catch {
    return false;
  }
}
