import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import { SessionOverError, ToolCallError } from '../../../domain/tools/tool-ports.ts';
import { EgressRefusedError } from '../../../domain/connections/connection-ports.ts';
import { cleanText } from '../../../contracts/clean-text.ts';
import { NotMcpError } from './lenient-messages.ts';
import { TOO_LATE } from './sending-until.ts';
import { z } from 'zod';
import { waitMsIn } from '../../retry-after.ts';

/**
 * What was asked: a tool to act, or the server to tell. A lost answer to the second leaves nothing unknown in the
 * world.
 */
export interface RequestTarget {
  readonly what: 'tool' | 'server';
  /** The connection's name, for people. */
  readonly connection: string;
  readonly signal: AbortSignal;
  /** The tool may change something, so that asking again is not the same. */
  readonly changes: boolean;
  /** What the server says of a failure is believed. */
  readonly trusted: boolean;
  readonly hasCredentials: boolean;
  /** Whether the server has given the session a name, which it may forget. */
  readonly hasSession: () => boolean;
}

/** Our own patience is over: there was no sign of life for so long, or no answer in all that time. */
export class CallTimeoutError extends Error {
  override readonly name = 'CallTimeoutError';
  constructor(limit: { readonly silenceMs: number } | { readonly timeoutMs: number }) {
    super(
      'silenceMs' in limit
        ? `there was no sign of life for ${limit.silenceMs / 1_000} s`
        : `it took longer than ${limit.timeoutMs / 1_000} s`,
    );
  }
}

const MAX_SAID = 300;
/** The socket was never opened, so nothing was sent; with what that says to people. */
const NEVER_CONNECTED: readonly (readonly [RegExp, string])[] = [
  [/^(ENOTFOUND|EAI_\w+)$/, 'its name is not known; is the address spelled right'],
  [/^ECONNREFUSED$/, 'nothing listens at its address'],
  [/^UND_ERR_CONNECT_TIMEOUT$/, 'its address does not answer'],
  [/^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/, 'there is no way to its address'],
  [
    /^(CERT_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|UNABLE_TO_\w+|ERR_TLS_\w+|ERR_SSL_\w+|EPROTO)$/,
    'no secure connection can be made; its certificate or TLS is not in order',
  ],
];
/** JSON-RPC's words for: I did not even start. */
const NOT_STARTED = new Set<number>([
  ErrorCode.ParseError,
  ErrorCode.InvalidRequest,
  ErrorCode.MethodNotFound,
  ErrorCode.UrlElicitationRequired,
]);
/** Of an error about what came out, not about what went in. */
const ABOUT_OUTPUT =
  /\b((output|result|response|return)s?([_ -]?(schema|type|value)s?)?|returned|structured|structured_?content|deadline|timed? ?out|after)\b/i;
/** How servers say that they did not take the arguments, or do not have the tool. */
const ABOUT_INPUT =
  /\b(invalid|missing|unknown|unrecognized|unexpected|required|bad|input validation)\b.{0,40}\b(arguments?|params?|parameters?|inputs?|fields?|propert(y|ies)|tool)\b|\btool\b.{0,100}\b(not found|disabled|does not exist|unknown)\b|\bthere is no tool\b/i;

/** The one translator of what goes wrong with an MCP server. In doubt it is unknown, never "not done". */
export function toCallError(error: unknown, target: RequestTarget): ToolCallError {
  if (error instanceof ToolCallError) return error;
  const { connection, signal } = target;
  if (signal.aborted)
    return new ToolCallError('cancelled', `${connection} was asked to stop. It may have happened before that.`);
  if (error instanceof CallTimeoutError) return lost(target, error.message);
  if (error instanceof EgressRefusedError)
    return new ToolCallError('refused', `${connection} was not asked: ${error.message}`, { at: 'address' });
  if (error instanceof HttpFaultError) return ofStatus(error, target);
  if (error instanceof NotMcpError) return ofOtherAnswer(error, target);
  if (error instanceof StreamableHTTPError && error.code !== undefined && error.code >= 300 && error.code < 400)
    return new ToolCallError('refused', `${connection} redirects to another server, which is not followed.`, {
      at: 'address',
    });
  const code = codeOf(error);
  if (code === TOO_LATE)
    return new ToolCallError('unavailable', `${connection} was not asked: it was too late for that.`);
  if (error instanceof McpError) return ofRpcError(error, target);
  const [, reason] = NEVER_CONNECTED.find(([codes]) => code !== undefined && codes.test(code)) ?? [];
  if (reason !== undefined)
    return new ToolCallError('unavailable', `${connection} cannot be reached: ${reason} (${code}). Nothing was sent.`, {
      at: 'address',
    });
  if (target.what === 'server' && error instanceof Error && /protocol version/i.test(error.message))
    return new ToolCallError(
      'refused',
      `${connection} speaks another version of MCP: ${cleanText(error.message, MAX_SAID)}`,
      {
        at: 'address',
      },
    );
  return lost(target, code ?? 'its answer could not be read');
}

/** Words in which servers say that they do not know a session, or miss one. */
const isAboutSession = (said: string | undefined): boolean =>
  said !== undefined &&
  /\bsessions?([-_ ]?ids?)?\b/i.test(said) &&
  /\b(no|not|invalid|unknown|expired|missing|required|terminated|closed|bad|does ?n.t|gone|lost|stale|unrecognized)\b/i.test(
    said,
  );
const isAboutInitialize = (said: string | undefined): boolean =>
  said !== undefined && /\b(not|un|never)[ -]?(yet )?initiali[sz]ed\b/i.test(said);
const SESSION_NOT_FOUND = -32001;

const forgotten = (connection: string, detail: string): ToolCallError =>
  new ToolCallError('refused', `${connection} does not know the session any more${detail}`, {
    cause: new SessionOverError(),
  });

/** An answer of the server, and so after it was asked: only what is about the asking itself was certainly not done. */
function ofRpcError(error: McpError, target: RequestTarget): ToolCallError {
  const said = saidBy(error);
  const { what, changes, connection, trusted } = target;
  if (what === 'tool' && (isAboutInitialize(said) || (isAboutSession(said) && isSessionCode(error.code)))) {
    if (!changes) return forgotten(connection, `: ${said}`);
    // Perhaps it is the tool's own session, and it got half way: nobody repeats a change on that word.
    return new ToolCallError('unknown', unknownSentence(connection, said), { cause: new SessionOverError() });
  }
  if (what === 'server' && target.hasSession() && (isAboutSession(said) || isAboutInitialize(said)))
    return forgotten(connection, `: ${said}`);
  const aboutInput = NOT_STARTED.has(error.code) || ABOUT_INPUT.test(said) || trusted;
  const couldBeAsked = NOT_STARTED.has(error.code) || error.code === Number(ErrorCode.InvalidParams);
  const isDefinite = couldBeAsked && (!changes || (aboutInput && !ABOUT_OUTPUT.test(said)));
  return isDefinite ? new ToolCallError('refused', `${connection} refused: ${said}`) : lost(target, said);
}

const isSessionCode = (code: number): boolean => code === SESSION_NOT_FOUND || code === -32000 || NOT_STARTED.has(code);

function ofStatus({ status, said, retryAfterMs }: HttpFaultError, target: RequestTarget): ToolCallError {
  const { connection, hasSession } = target;
  const detail = said ? `: ${said}` : '.';
  if (status === 401) return denied(target, said);
  const namesSession = isAboutSession(said) || isAboutInitialize(said);
  if (status < 500 && status !== 429 && hasSession() && (status === 404 || status === 410 || namesSession))
    return forgotten(connection, ` (${status})${detail}`);
  // A server that was restarted behind a proxy: it is asked anew for what changes nothing.
  if (status >= 500 && hasSession() && namesSession && !target.changes)
    return forgotten(connection, ` (${status})${detail}`);
  if (status === 429)
    return new ToolCallError('rate_limited', `${connection} asks for fewer calls${detail}`, {
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  if (status === 403)
    return new ToolCallError(
      'refused',
      `${connection} does not allow this with the access it was given (403)${detail}`,
      {
        at: 'credentials',
      },
    );
  if (status >= 500 || status === 408) return lost(target, `it answered ${status}${said ? `: ${said}` : ''}`);
  if (target.what === 'tool') return new ToolCallError('refused', `${connection} refused (${status})${detail}`);
  const why = WRONG_ADDRESS[status] ?? `what answers at its address does not take an MCP message (${status})${detail}`;
  return new ToolCallError('refused', `${connection}: ${why}`, { at: 'address' });
}

const WRONG_ADDRESS: Readonly<Record<number, string>> = {
  404: 'there is nothing at this address (404). Is the path right? It often ends in /mcp.',
  405: 'what answers at this address takes no MCP messages (405). Is the path right? It often ends in /mcp.',
  410: 'there is nothing at this address any more (410).',
};

function denied({ connection, hasCredentials }: RequestTarget, said: string | undefined): ToolCallError {
  const message = hasCredentials
    ? `${connection} does not accept its credentials any more. Reconnect it.`
    : `${connection} asks for credentials (401), and the connection has none${said ? `: ${said}` : '.'}`;
  return new ToolCallError('reconnect', message, { at: 'credentials' });
}

function ofOtherAnswer({ contentType }: NotMcpError, target: RequestTarget): ToolCallError {
  if (target.what === 'tool') return lost(target, `it answered with ${contentType}, and that is no answer of a tool`);
  const page = /html/i.test(contentType) ? 'a web page' : contentType;
  return new ToolCallError(
    'refused',
    `${target.connection}: what answers at its address sends ${page} and speaks no MCP. Is the path right? It often ends in /mcp.`,
    { at: 'address' },
  );
}

const unknownSentence = (connection: string, why: string): string =>
  `${connection} was asked, and it is not known whether it happened: ${why}`;

function lost({ what, connection }: RequestTarget, why: string): ToolCallError {
  return what === 'server'
    ? new ToolCallError('unavailable', `${connection} does not answer: ${why}`)
    : new ToolCallError('unknown', unknownSentence(connection, why));
}

const saidBy = (error: McpError): string => cleanText(error.message.replace(/^(MCP error -?\d+: )+/, ''), MAX_SAID);

/** Of the deepest cause that has one; `fetch` wraps it. */
function codeOf(error: unknown): string | undefined {
  let found: string | undefined;
  let cause = error;
  for (let depth = 0; depth < 5 && typeof cause === 'object' && cause !== null; depth++) {
    if ('code' in cause && typeof cause.code === 'string') found = cause.code;
    cause = 'cause' in cause ? cause.cause : undefined;
  }
  return found;
}

/** What an MCP endpoint answered instead of an answer. */
class HttpFaultError extends Error {
  override readonly name = 'HttpFaultError';
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  /** The reason, where one is told in words. */
  readonly said: string | undefined;
  constructor(status: number, told: { retryAfterMs?: number | undefined; said?: string | undefined }) {
    super(`HTTP ${status}`);
    this.status = status;
    this.retryAfterMs = told.retryAfterMs;
    this.said = told.said;
  }
}

/** Reasons as servers tell them, as JSON-RPC or as any API would. */
const Told = z.object({
  error: z.union([z.string(), z.object({ message: z.string() })]).optional(),
  message: z.string().optional(),
  detail: z.string().optional(),
});

/** Throws `HttpFaultError` for a message that was not taken, so that the status and its headers are not lost in a text. */
export const withHttpFaults =
  (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  async (input, init) => {
    const response = await fetch(input, init);
    if (init?.method !== 'POST' || response.status < 400) return response;
    const body = await response.text().catch(() => '');
    throw new HttpFaultError(response.status, {
      retryAfterMs: waitMsIn(response.headers),
      said: saidIn(body),
    });
  };

/** Undefined where nothing is said that people should read. */
function saidIn(body: string): string | undefined {
  const text = body.trim();
  if (text === '' || /^<|<html/i.test(text)) return undefined;
  try {
    const { error, message, detail } = Told.parse(JSON.parse(text));
    const reason = (typeof error === 'string' ? error : error?.message) ?? message ?? detail;
    return reason === undefined ? undefined : cleanText(reason, MAX_SAID);
  } catch {
    return /^[[{]/.test(text) ? undefined : cleanText(text, MAX_SAID);
  }
}
