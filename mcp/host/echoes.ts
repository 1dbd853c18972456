import type { ToolResult } from '../../contracts/tools.ts';
import { ToolCallError, type McpConnection } from '../port.ts';

/** What the protocol itself sends; every other header of a request is a credential. */
const PROTOCOL_HEADERS = new Set([
  'accept',
  'content-type',
  'last-event-id',
  'mcp-protocol-version',
  'mcp-session-id',
  'user-agent',
]);
/** Shorter ones would be found everywhere. */
const MIN_SECRET = 8;
/** Tokens of a session that is renewed now and then. */
const MAX_REMEMBERED = 20;
const INSTEAD = '[secret]';

export interface Echoes {
  /** As the given one, and remembers which credentials went out. */
  readonly fetch: typeof fetch;
  /** A connection whose answers and errors do not hold them. */
  guard(connection: McpConnection): McpConnection;
}

/**
 * Servers that repeat what they are sent, in an error or on purpose, must not put our credentials into prompts, logs
 * and tables.
 */
export function createEchoes(fetch: typeof globalThis.fetch): Echoes {
  const secrets = new Set<string>();
  const remember = (value: string): void => {
    const secret = value.replace(/^(bearer|basic|token)\s+/i, '');
    if (secret.length < MIN_SECRET) return;
    secrets.add(secret);
    const [oldest] = secrets;
    if (secrets.size > MAX_REMEMBERED && oldest !== undefined) secrets.delete(oldest);
  };
  const scrub = (text: string): string =>
    [...secrets].reduce((scrubbed, one) => scrubbed.replaceAll(one, INSTEAD), text);
  const scrubError = (error: unknown): never => {
    if (!(error instanceof ToolCallError) || scrub(error.message) === error.message) throw error;
    const { kind, retryAfterMs, cause } = error;
    throw new ToolCallError(kind, scrub(error.message), { cause, ...(retryAfterMs !== undefined && { retryAfterMs }) });
  };
  return {
    fetch: (input, init) => {
      new Headers(init?.headers).forEach((value, name) => {
        if (!PROTOCOL_HEADERS.has(name)) remember(value);
      });
      return fetch(input, init);
    },
    guard: (connection) => ({
      call: (tool, args, options) =>
        connection.call(tool, args, options).then((result) => scrubResult(result, scrub), scrubError),
      list: (signal) => connection.list(signal).catch(scrubError),
      health: (signal) => connection.health(signal).catch(scrubError),
      close: () => connection.close(),
    }),
  };
}

function scrubResult(result: ToolResult, scrub: (text: string) => string): ToolResult {
  const { text, data, isError } = result;
  return { text: scrub(text), ...(data && { data: scrubJson(data, scrub) as Record<string, unknown> }), isError };
}

function scrubJson(value: unknown, scrub: (text: string) => string): unknown {
  if (typeof value === 'string') return scrub(value);
  if (Array.isArray(value)) return value.map((item) => scrubJson(item, scrub));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, given]) => [scrub(name), scrubJson(given, scrub)]));
}
