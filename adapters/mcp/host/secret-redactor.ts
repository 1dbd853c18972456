import { forgetOldest } from '../../../contracts/forget-oldest.ts';
import type { ToolResult } from '../../../contracts/tools.ts';
import { ToolCallError, type McpConnection } from '../../../domain/tools/tool-ports.ts';
import { secretForms, secretsInUrl } from '../../../contracts/clean-text.ts';

/** What providers of ours are sent beside what they need anyway. */
const CREDENTIAL_HEADERS = new Set(['authorization', 'cookie', 'x-api-key']);
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
/** Tokens of a session that is renewed now and then, each in all its forms. */
const MAX_REMEMBERED = 100;
const INSTEAD = '[secret]';

interface SecretRedactor {
  /** As the given one, and remembers which credentials went out. */
  readonly fetch: typeof fetch;
  /** A connection whose answers and errors do not hold them. */
  guard(connection: McpConnection): McpConnection;
  /** Whose failure may quote them as well. */
  guardOpening<T>(opening: Promise<T>): Promise<T>;
  /** What else is read with them, JSON. */
  guardWork<T>(work: Promise<T>): Promise<T>;
}

/**
 * Servers that repeat what they are sent, in an error or on purpose, must not put our credentials into prompts, logs
 * and tables.
 */
export function createSecretRedactor(
  fetch: typeof globalThis.fetch,
  to: 'server' | 'provider' = 'server',
): SecretRedactor {
  const secrets = new Set<string>();
  const isCredential = (name: string): boolean =>
    to === 'provider' ? CREDENTIAL_HEADERS.has(name) : !PROTOCOL_HEADERS.has(name);
  const remember = (value: string): void => {
    for (const form of formsOf(value)) secrets.add(form);
    forgetOldest(secrets, MAX_REMEMBERED);
  };
  const scrub = (text: string): string =>
    [...secrets].reduce((scrubbed, one) => scrubbed.replaceAll(one, INSTEAD), text);
  const scrubError = (error: unknown): never => {
    if (!(error instanceof ToolCallError) || scrub(error.message) === error.message) throw error;
    const { kind, retryAfterMs, at, cause } = error;
    const details = { cause, ...(at && { at }), ...(retryAfterMs !== undefined && { retryAfterMs }) };
    throw new ToolCallError(kind, scrub(error.message), details);
  };
  return {
    fetch: (input, init) => {
      if (to === 'server') secretsInUrl(input instanceof Request ? input.url : input.toString()).forEach(remember);
      new Headers(init?.headers).forEach((value, name) => {
        if (isCredential(name)) remember(value);
      });
      return fetch(input, init);
    },
    guard: (connection) => ({
      call: (tool, args, { onProgress, ...options }) =>
        connection
          .call(tool, args, {
            ...options,
            ...(onProgress && {
              onProgress: ({ message, ...more }) =>
                onProgress({ ...more, ...(message !== undefined && { message: scrub(message) }) }),
            }),
          })
          .then((result) => scrubResult(result, scrub), scrubError),
      list: (signal) => connection.list(signal).then((listed) => scrubJson(listed, scrub) as typeof listed, scrubError),
      health: (signal) => connection.health(signal).catch(scrubError),
      close: () => connection.close(),
    }),
    guardOpening: <T>(opening: Promise<T>) => opening.catch(scrubError),
    guardWork: <T>(work: Promise<T>) => work.then((found) => scrubJson(found, scrub) as T, scrubError),
  };
}

/** A credential as it is sent and as a server may repeat it: also decoded, encoded or escaped. The longest come first. */
function formsOf(value: string): string[] {
  const [, scheme = '', sent = value] = /^(bearer|basic|token)\s+(.*)$/i.exec(value) ?? [];
  const plain = scheme.toLowerCase() === 'basic' ? Buffer.from(sent, 'base64').toString('utf8') : sent;
  const password = scheme.toLowerCase() === 'basic' ? plain.slice(plain.indexOf(':') + 1) : plain;
  const secrets = [...new Set([sent, plain, password])].filter((secret) => secret.length >= MIN_SECRET);
  return secrets.flatMap(secretForms);
}

function scrubResult(result: ToolResult, scrub: (text: string) => string): ToolResult {
  const { text, data, ...more } = result;
  return { ...more, text: scrub(text), ...(data && { data: scrubJson(data, scrub) as Record<string, unknown> }) };
}

function scrubJson(value: unknown, scrub: (text: string) => string): unknown {
  if (typeof value === 'string') return scrub(value);
  if (Array.isArray(value)) return value.map((item) => scrubJson(item, scrub));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, given]) => [scrub(name), scrubJson(given, scrub)]));
}
