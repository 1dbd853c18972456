import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { RequestOptions } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  CallToolResultSchema,
  ListToolsResultSchema,
  type CallToolResult,
  type Tool,
  ElicitRequestSchema,
  type ClientCapabilities,
  type ElicitResult,
} from '@modelcontextprotocol/sdk/types.js';
import type { ToolDefinition } from '../../../contracts/tools.ts';
import { ToolCallError, type CallOptions } from '../../../domain/tools/tool-ports.ts';
import { EFFECT_KEY_META } from '../servers/call-result.ts';
import { toCallError, type RequestTarget } from './call-error.ts';
import { isDeeperThan } from './tool-result.ts';

/** Longest time for anything but a tool, ms. */
const ASK_TIMEOUT_MS = 30_000;
const MAX_PAGES = 50;
const MAX_TOOLS = 500;
/** Of one definition as JSON; the largest in use are a tenth of it. */
const MAX_DEFINITION = 256 * 1024;
const MAX_DEPTH = 100;

interface SessionOptions {
  readonly transport: Transport;
  /** The connection's name, for people. */
  readonly connection: string;
  readonly onToolsChanged: () => void;
  /** Its questions are answered with its own defaults; others are told that nobody answers any. */
  readonly takesDefaults?: boolean;
}

/** An open MCP session: the part that is the same whatever carries it. */
export interface McpSession {
  call(tool: string, args: Readonly<Record<string, unknown>>, options: CallOptions): Promise<CallToolResult>;
  list(signal: AbortSignal): Promise<ToolDefinition[]>;
  ping(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Opens a session. We offer servers no sampling and no roots, and answers only those that are trusted. @throws ToolCallError */
export async function openSession(given: SessionOptions, signal: AbortSignal) {
  const { transport, connection, onToolsChanged, takesDefaults = false } = given;
  const client = new Client(
    { name: 'nubabel', version: '1.0.0' },
    {
      capabilities: takesDefaults ? QUESTIONS : {},
      listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: onToolsChanged } },
    },
  );
  if (takesDefaults) answerWithDefaults(client);
  /** The SDK keeps listening to a signal after the answer, and would cancel what is long done. */
  const within = async <T>(
    asked: RequestTarget,
    timeout: number,
    ask: (options: RequestOptions) => Promise<T>,
  ): Promise<T> => {
    if (asked.signal.aborted) throw new ToolCallError('refused', `${connection}: stopped before anything was sent.`);
    const stop = new AbortController();
    const stopped = () => stop.abort('The caller asked to stop.');
    asked.signal.addEventListener('abort', stopped, { once: true });
    try {
      return await ask({ signal: stop.signal, timeout });
    } catch (error) {
      throw toCallError(error, asked);
    } finally {
      asked.signal.removeEventListener('abort', stopped);
    }
  };
  const askServer = <T>(signal: AbortSignal, ask: (options: RequestOptions) => Promise<T>) =>
    within({ what: 'server', connection, signal }, ASK_TIMEOUT_MS, ask);

  await askServer(signal, (options) => client.connect(transport, options));
  return {
    call: (tool, args, { signal, timeoutMs, onProgress, effectKey }) =>
      within({ what: 'tool', connection, signal }, timeoutMs, (options) =>
        client.request(
          {
            method: 'tools/call',
            params: { name: tool, arguments: args, ...(effectKey && { _meta: { [EFFECT_KEY_META]: effectKey } }) },
          },
          CallToolResultSchema,
          { ...options, ...(onProgress && { onprogress: toProgress(onProgress) }) },
        ),
      ),
    list: (signal) => listAll(client, connection, (ask) => askServer(signal, ask)),
    ping: async (signal) => {
      await askServer(signal, (options) => client.ping(options));
    },
    close: () => client.close(),
  } satisfies McpSession;
}

const toProgress =
  (tell: NonNullable<CallOptions['onProgress']>) =>
  ({ progress, total, message }: { progress: number; total?: number | undefined; message?: string | undefined }) =>
    tell({
      ...(message !== undefined && { message: message.slice(0, 500) }),
      ...(total !== undefined && total > 0 && { share: Math.min(1, Math.max(0, progress / total)) }),
    });

/**
 * Not the SDK's own `listTools`: it compiles schemas of strangers into code, and fails a call that has been made when
 * its answer does not fit them.
 */
async function listAll(
  client: Client,
  connection: string,
  ask: <T>(one: (options: RequestOptions) => Promise<T>) => Promise<T>,
): Promise<ToolDefinition[]> {
  const tools: ToolDefinition[] = [];
  let cursor: string | undefined;
  for (let page = 1; page <= MAX_PAGES; page++) {
    const params = cursor === undefined ? {} : { cursor };
    const listed = await ask((options) =>
      client.request({ method: 'tools/list', params }, ListToolsResultSchema, options),
    );
    tools.push(...listed.tools.map(toDefinition));
    if (tools.length > MAX_TOOLS) throw new ToolCallError('refused', `${connection} has more than ${MAX_TOOLS} tools.`);
    const large = tools.some((tool) => isDeeperThan(MAX_DEPTH, tool) || JSON.stringify(tool).length > MAX_DEFINITION);
    if (large) throw new ToolCallError('refused', `${connection} describes one of its tools at too great a length.`);
    cursor = listed.nextCursor;
    if (cursor === undefined) return tools;
  }
  throw new ToolCallError('refused', `${connection} lists its tools on more than ${MAX_PAGES} pages.`);
}

const toDefinition = ({ name, title, description, inputSchema, outputSchema, annotations }: Tool): ToolDefinition => ({
  name,
  ...(title !== undefined && { title }),
  description: description ?? '',
  inputSchema,
  ...(outputSchema && { outputSchema }),
  annotations: annotations ?? {},
});

/** What is declared to a server whose questions are answered so. */
const QUESTIONS: ClientCapabilities = { elicitation: { form: { applyDefaults: true } } };

/**
 * Answers what a server asks during a call with the server's own defaults, when it has one for every field, and declines
 * otherwise: nobody is there to ask. For trusted servers; the call itself was allowed before.
 */
function answerWithDefaults(client: Client): void {
  client.setRequestHandler(ElicitRequestSchema, ({ params }): ElicitResult => {
    const fields = 'requestedSchema' in params ? Object.values(params.requestedSchema.properties) : [];
    // A question without a field is a request for consent, which is not ours to give.
    const isAnswered = fields.length > 0 && fields.every((field) => 'default' in field && field.default !== undefined);
    // The SDK fills the defaults in.
    return isAnswered ? { action: 'accept', content: {} } : { action: 'decline' };
  });
}
