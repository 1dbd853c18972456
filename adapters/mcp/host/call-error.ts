import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import { SessionOverError, ToolCallError } from '../../../domain/tools/tool-ports.ts';
import { EgressRefusedError } from '../../../domain/connections/connection-ports.ts';
import { cleanText } from '../../../contracts/clean-text.ts';
import { TOO_LATE } from './sending-until.ts';
import { z } from 'zod';
import { retryAfterMsOf } from '../../retry-after.ts';

/**
 * What was asked: a tool to act, or the server to tell. A lost answer to the second leaves nothing unknown in the
 * world.
 */
export interface RequestTarget {
  readonly what: 'tool' | 'server';
  /** The connection's name, for people. */
  readonly connection: string;
  readonly signal: AbortSignal;
}

const MAX_SAID = 300;
/** The socket was never opened, so nothing was sent. */
const NEVER_CONNECTED =
  /^(ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|CERT_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|UNABLE_TO_\w+|ERR_TLS_CERT_ALTNAME_INVALID)$/;
/** JSON-RPC's words for: I did not even start. */
const NOT_STARTED = new Set<number>([
  ErrorCode.ParseError,
  ErrorCode.InvalidRequest,
  ErrorCode.MethodNotFound,
  ErrorCode.InvalidParams,
  ErrorCode.UrlElicitationRequired,
]);

/** The one translator of what goes wrong with an MCP server. In doubt it is unknown, never "not done". */
export function toCallError(error: unknown, target: RequestTarget): ToolCallError {
  if (error instanceof ToolCallError) return error;
  const { connection, signal } = target;
  if (signal.aborted)
    return new ToolCallError('cancelled', `${connection} was asked to stop. It may have happened before that.`);
  if (error instanceof EgressRefusedError) return new ToolCallError('refused', `${connection}: ${error.message}`);
  if (error instanceof HttpFaultError) return ofStatus(error, target);
  if (error instanceof StreamableHTTPError && error.code !== undefined && error.code >= 300 && error.code < 400)
    return new ToolCallError('refused', `${connection} redirects to another server, which is not followed.`);
  if (codeOf(error) === TOO_LATE)
    return new ToolCallError('unavailable', `${connection} was not asked: it was too late for that.`);
  if (error instanceof McpError && NOT_STARTED.has(error.code))
    return new ToolCallError('refused', `${connection} refused: ${saidBy(error)}`);
  const code = codeOf(error);
  if (code !== undefined && NEVER_CONNECTED.test(code))
    return new ToolCallError('unavailable', `${connection} cannot be reached (${code}). Nothing was sent.`);
  if (error instanceof McpError) return lost(target, saidBy(error));
  return lost(target, code ?? 'its answer could not be read');
}

function ofStatus({ status, said, retryAfterMs }: HttpFaultError, target: RequestTarget): ToolCallError {
  const { connection } = target;
  const detail = said ? `: ${said}` : '.';
  if (status === 401)
    return new ToolCallError('reconnect', `${connection} does not accept its credentials any more. Reconnect it.`);
  if (status === 404 || (status === 400 && said !== undefined && /session/i.test(said)))
    return new ToolCallError('refused', `${connection} does not know the session any more (${status})${detail}`, {
      cause: new SessionOverError(),
    });
  if (status === 429)
    return new ToolCallError('rate_limited', `${connection} asks for fewer calls${detail}`, {
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  if (status < 500 && status !== 408) return new ToolCallError('refused', `${connection} refused (${status})${detail}`);
  return lost(target, `it answered ${status}${said ? `: ${said}` : ''}`);
}

function lost({ what, connection }: RequestTarget, why: string): ToolCallError {
  return what === 'server'
    ? new ToolCallError('unavailable', `${connection} does not answer: ${why}`)
    : new ToolCallError('unknown', `${connection} was asked, and it is not known whether it happened: ${why}`);
}

const saidBy = (error: McpError): string => cleanText(error.message.replace(/^MCP error -?\d+: /, ''), MAX_SAID);

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
  /** The reason, where it is told as a JSON-RPC error. */
  readonly said: string | undefined;
  constructor(status: number, told: { retryAfterMs?: number | undefined; said?: string | undefined }) {
    super(`HTTP ${status}`);
    this.status = status;
    this.retryAfterMs = told.retryAfterMs;
    this.said = told.said;
  }
}

const RpcError = z.object({ error: z.object({ message: z.string() }) });

/** Throws `HttpFaultError` for a message that was not taken, so that the status and its headers are not lost in a text. */
export const withHttpFaults =
  (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  async (input, init) => {
    const response = await fetch(input, init);
    if (init?.method !== 'POST' || response.status < 400) return response;
    const body = await response.text().catch(() => '');
    throw new HttpFaultError(response.status, {
      retryAfterMs: retryAfterMsOf(response.headers.get('retry-after')),
      said: saidIn(body),
    });
  };

function saidIn(body: string): string | undefined {
  try {
    return cleanText(RpcError.parse(JSON.parse(body)).error.message, MAX_SAID);
  } catch {
    return undefined;
  }
}
