import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { RequestOptions } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  ElicitRequestSchema,
  ErrorCode,
  McpError,
  ResultSchema,
  type ClientCapabilities,
  type ElicitResult,
} from '@modelcontextprotocol/sdk/types.js';
import { isRecord } from '../../../contracts/json.ts';
import { showInvisible } from '../../../contracts/clean-text.ts';
import type { ToolDefinition, UnusableTool } from '../../../contracts/tools.ts';
import { ToolCallError, type CallOptions, type ListedTools } from '../../../domain/tools/tool-ports.ts';
import { EFFECT_KEY_META } from '../servers/call-result.ts';
import { CallTimeoutError, toCallError, type RequestTarget } from './call-error.ts';
import { isDeeperThan, type RawResult } from './tool-result.ts';

/** Longest time for anything but a tool, ms. */
const ASK_TIMEOUT_MS = 30_000;

interface SessionOptions {
  readonly transport: Transport;
  /** The connection's name, for people. */
  readonly connection: string;
  readonly onToolsChanged: () => void;
  /** What its server says of a failure is believed, and its questions are answered with its own defaults. */
  readonly trusted?: boolean;
  readonly hasCredentials?: boolean;
}

/** An open MCP session: the part that is the same whatever carries it. */
export interface McpSession {
  call(tool: string, args: Readonly<Record<string, unknown>>, options: CallOptions): Promise<RawResult>;
  list(signal: AbortSignal): Promise<ListedTools>;
  /** A server that answers, whatever it answers, is alive. */
  ping(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Opens a session. We offer servers no sampling and no roots, and answers only those that are trusted. @throws ToolCallError */
export async function openSession(given: SessionOptions, signal: AbortSignal): Promise<McpSession> {
  const { transport, connection, onToolsChanged, trusted = false, hasCredentials = true } = given;
  const client = new Client(
    { name: 'nubabel', version: '1.0.0' },
    {
      capabilities: trusted ? QUESTIONS : {},
      listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: onToolsChanged } },
    },
  );
  if (trusted) answerWithDefaults(client);
  const target = { connection, trusted, hasCredentials, hasSession: () => transport.sessionId !== undefined };
  const askServer = <T>(signal: AbortSignal, ask: (options: RequestOptions) => Promise<T>) =>
    within({ ...target, what: 'server', signal, changes: false }, { timeoutMs: ASK_TIMEOUT_MS }, ask);

  await askServer(signal, (options) => client.connect(transport, options));
  return {
    call: (tool, args, { signal, onProgress, effectKey, ...limits }) =>
      within({ ...target, what: 'tool', signal, changes: effectKey !== undefined }, limits, (options) =>
        client.request(
          {
            method: 'tools/call',
            params: { name: tool, arguments: args, ...(effectKey && { _meta: { [EFFECT_KEY_META]: effectKey } }) },
          },
          ResultSchema,
          { ...options, onprogress: toProgress(onProgress), resetTimeoutOnProgress: true },
        ),
      ),
    list: (signal) =>
      listTools((cursor) =>
        askServer(signal, (options) =>
          client.request(
            { method: 'tools/list', params: { ...(cursor !== undefined && { cursor }) } },
            ResultSchema,
            options,
          ),
        ),
      ),
    ping: (signal) =>
      askServer(signal, async (options) => {
        await client.ping(options).catch((error: unknown) => {
          if (!(error instanceof McpError) || OURS.has(error.code)) throw error;
        });
      }),
    close: () => client.close(),
  };
}

/** Errors that the SDK makes itself: no server has said them. */
const OURS = new Set<number>([ErrorCode.RequestTimeout, ErrorCode.ConnectionClosed]);

/** The SDK keeps listening to a signal after the answer, and would cancel what is long done. */
async function within<T>(
  asked: RequestTarget,
  { timeoutMs, silenceMs = timeoutMs }: Pick<CallOptions, 'timeoutMs' | 'silenceMs'>,
  ask: (options: RequestOptions) => Promise<T>,
): Promise<T> {
  if (asked.signal.aborted)
    throw new ToolCallError('cancelled', `${asked.connection}: stopped before anything was sent.`);
  const stop = new AbortController();
  const stopped = () => stop.abort('The caller asked to stop.');
  asked.signal.addEventListener('abort', stopped, { once: true });
  let isOver = false;
  // The SDK looks at the whole time only when progress comes.
  const whole = setTimeout(() => {
    isOver = true;
    stop.abort('It takes too long.');
  }, timeoutMs);
  try {
    return await ask({ signal: stop.signal, timeout: Math.min(silenceMs, timeoutMs) });
  } catch (error) {
    const isSilent = error instanceof McpError && error.code === Number(ErrorCode.RequestTimeout) && isSdks(error);
    const late = isOver || (isSilent && silenceMs >= timeoutMs);
    throw toCallError(late || isSilent ? new CallTimeoutError(late ? { timeoutMs } : { silenceMs }) : error, asked);
  } finally {
    clearTimeout(whole);
    asked.signal.removeEventListener('abort', stopped);
  }
}

/** Servers use the same code for sessions that they do not know. */
const isSdks = ({ data }: McpError): boolean => typeof data === 'object' && data !== null && 'timeout' in data;

const toProgress =
  (tell: CallOptions['onProgress']) =>
  ({ progress, total, message }: { progress: number; total?: number | undefined; message?: string | undefined }) =>
    tell?.({
      ...(message !== undefined && { message: message.slice(0, 500) }),
      ...(total !== undefined && total > 0 && { share: Math.min(1, Math.max(0, progress / total)) }),
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

const MAX_PAGES = 50;
const MAX_TOOLS = 500;
/** Of one definition as JSON; the largest in use are a tenth of it. */
const MAX_DEFINITION = 256 * 1024;
const MAX_DEPTH = 100;
const MAX_NAME = 100;

type Page = Readonly<Record<string, unknown>>;

/**
 * All tools of a server, page by page, as far as they can be used. Not the SDK's own `listTools`: that one compiles
 * schemas of strangers into code, and one odd tool hides all others. What cannot be used is named with the reason, and
 * null counts as absent.
 */
async function listTools(ask: (cursor: unknown) => Promise<Page>): Promise<ListedTools> {
  const tools = new Map<string, ToolDefinition>();
  const unusable: UnusableTool[] = [];
  const seen = new Set<unknown>();
  const leaveOut = (tool: string, reason: string) => void unusable.push({ tool, reason });
  for (let cursor: unknown, page = 1; ; page++) {
    const { tools: listed, nextCursor } = await ask(cursor);
    for (const raw of Array.isArray(listed) ? listed : []) {
      const read = readTool(raw);
      if ('reason' in read) unusable.push(read);
      else if (!tools.has(read.name) && tools.size >= MAX_TOOLS) {
        leaveOut(shown(read.name), `The server has more than ${MAX_TOOLS} tools; this one is not among the first.`);
        return { tools: [...tools.values()], unusable };
      } else if (!tools.has(read.name)) tools.set(read.name, read);
      else if (JSON.stringify(tools.get(read.name)) !== JSON.stringify(read))
        leaveOut(shown(read.name), 'The server lists two tools of this name; the first one is used.');
    }
    if (nextCursor === undefined || nextCursor === null || nextCursor === '') break;
    if (seen.has(nextCursor) || page >= MAX_PAGES) {
      const why = page >= MAX_PAGES ? `has more than ${MAX_PAGES} pages` : 'gives the same page again and again';
      leaveOut('…', `The server’s list ${why}; what comes after is not used.`);
      break;
    }
    seen.add(nextCursor);
    cursor = nextCursor;
  }
  return { tools: [...tools.values()], unusable };
}

const shown = (name: unknown): string =>
  typeof name === 'string' && name !== '' ? showInvisible(name).slice(0, MAX_NAME) : '(no name)';

function readTool(raw: unknown): ToolDefinition | UnusableTool {
  if (!isRecord(raw)) return { tool: '(no name)', reason: 'It is no definition of a tool.' };
  const { name, title, description, inputSchema, outputSchema, annotations } = raw;
  if (typeof name !== 'string' || name === '') return { tool: shown(name), reason: 'It has no usable name.' };
  if (isDeeperThan(MAX_DEPTH, raw) || JSON.stringify(raw).length > MAX_DEFINITION)
    return { tool: shown(name), reason: 'It is described at too great a length.' };
  const input = isNothing(inputSchema) ? { type: 'object' } : inputSchema;
  if (!isRecord(input)) return { tool: shown(name), reason: 'Its inputSchema is no schema.' };
  return {
    name,
    ...(typeof title === 'string' && { title }),
    description: typeof description === 'string' ? description : '',
    inputSchema: input,
    ...(isRecord(outputSchema) && { outputSchema }),
    annotations: readAnnotations(annotations),
  };
}

/** PHP writes an empty object as an empty list. */
const isNothing = (given: unknown): boolean =>
  given === undefined || given === null || (Array.isArray(given) && given.length === 0);

const HINTS = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'] as const;

/** Only what is said as it should be: a hint that is no yes or no says nothing. */
function readAnnotations(given: unknown): ToolDefinition['annotations'] {
  if (!isRecord(given)) return {};
  const hints = HINTS.flatMap((hint) => (typeof given[hint] === 'boolean' ? [[hint, given[hint]] as const] : []));
  return { ...(typeof given['title'] === 'string' && { title: given['title'] }), ...Object.fromEntries(hints) };
}
