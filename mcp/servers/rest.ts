import { ProviderError } from './define.ts';

/** One request to a provider's REST API. */
export interface RestRequest {
  /** Said in error messages. */
  readonly provider: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Whether it changes something there: then no answer is an outcome that nobody knows. */
  readonly changes: boolean;
  readonly signal: AbortSignal;
}

export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** JSON where it is JSON, else the text; undefined for an empty body. */
  readonly body: unknown;
}

/** Longest answer that is read, bytes. */
const MAX_ANSWER_BYTES = 10_000_000;

/** Sends it once, and reads the answer whole whatever its status. @throws ProviderError when there is no answer */
export async function sendRest(send: typeof fetch, request: RestRequest): Promise<RestAnswer> {
  const { method, url, headers, body, signal } = request;
  try {
    const response = await send(url, {
      method,
      headers,
      signal,
      redirect: 'manual',
      ...(body !== undefined && { body }),
    });
    return { status: response.status, headers: response.headers, body: parse(await readText(response)) };
  } catch (error) {
    throw toNoAnswer(error, request);
  }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error('The answer is longer than 10 MB.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Faults before a connection stood: nothing was sent. */
const NOT_SENT = new Set(
  'ECONNREFUSED ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH UND_ERR_CONNECT_TIMEOUT ERR_TLS_CERT_ALTNAME_INVALID CERT_HAS_EXPIRED DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_VERIFY_LEAF_SIGNATURE'.split(
    ' ',
  ),
);

/** An error and what caused it, a few deep. */
function causesOf(error: unknown): object[] {
  const causes: object[] = [];
  let cause = error;
  while (typeof cause === 'object' && cause !== null && causes.length < 5) {
    causes.push(cause);
    cause = 'cause' in cause ? cause.cause : undefined;
  }
  return causes;
}

function toNoAnswer(error: unknown, { provider, changes }: RestRequest): ProviderError {
  for (const cause of causesOf(error)) {
    // The guard in front of us refused before anything was sent, in words that are for people.
    if (cause instanceof Error && cause.name === 'EgressRefused')
      return new ProviderError('refused', `${provider}: ${cause.message}`, { cause: error });
    if (cause instanceof ProviderError) return cause;
    if ('code' in cause && typeof cause.code === 'string' && NOT_SENT.has(cause.code))
      return new ProviderError('unavailable', `${provider} could not be reached (${cause.code}). Nothing was sent.`, {
        cause: error,
      });
  }
  return changes
    ? new ProviderError('unknown', `${provider} did not answer: the change may have happened.`, { cause: error })
    : new ProviderError('unavailable', `${provider} did not answer. Nothing was changed.`, { cause: error });
}

/**
 * What an answer's status means by itself. A change that a gateway or a fault of theirs swallowed may have happened;
 * what was refused has not.
 */
export function statusFault(
  status: number,
  headers: Headers,
  { provider, changes, detail }: { provider: string; changes: boolean; detail: string },
): ProviderError {
  const said = `${provider} (${status})${detail === '' ? '' : `: ${clip(detail)}`}`;
  if (status === 401)
    return new ProviderError('unauthorized', `${said}. The credentials are not accepted: a person has to renew them.`);
  if (status === 429) {
    const retryAfterMs = retryAfterOf(headers);
    return new ProviderError('rate_limited', `${said}. Too many requests: wait, or ask for less.`, { retryAfterMs });
  }
  if (status < 500 && status !== 408) return new ProviderError('refused', `${said}.`);
  return changes
    ? new ProviderError('unknown', `${said}. The change may have happened.`)
    : new ProviderError('unavailable', `${said}. Nothing was changed; try again later.`);
}

/** Longest part of a provider's own words that goes into an error, characters. */
const MAX_DETAIL_CHARS = 500;
const clip = (text: string): string => {
  const line = text.replaceAll(/\s+/g, ' ').replace(/[.\s]+$/, '');
  return line.length > MAX_DETAIL_CHARS ? `${line.slice(0, MAX_DETAIL_CHARS)}…` : line;
};

/** Longest wait that a header may ask for: an hour. */
const MAX_WAIT_MS = 3_600_000;

/** The wait that `Retry-After` asks for in seconds or as a date, ms; 30 s where it says nothing readable. */
export function retryAfterOf(headers: Headers, now = Date.now()): number {
  const given = headers.get('retry-after')?.trim() ?? '';
  const ms = /^\d+(\.\d+)?$/.test(given) ? Number(given) * 1_000 : Date.parse(given) - now;
  return Number.isFinite(ms) ? Math.min(Math.max(Math.ceil(ms), 0), MAX_WAIT_MS) : 30_000;
}
