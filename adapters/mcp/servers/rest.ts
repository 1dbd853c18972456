import { ProviderError } from './define.ts';
import { waitMsIn } from '../../retry-after.ts';
import { cancellable, providerCalls } from './provider-calls.ts';

/** One request to a provider's REST API. */
export interface RestRequest {
  /** Said in error messages. */
  readonly provider: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Whether it changes something there: then a missing answer leaves the outcome unknown. */
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
export function sendRest(send: typeof fetch, request: RestRequest): Promise<RestAnswer> {
  const { provider, method, url, headers, body, changes, signal } = request;
  // What an answer says is translated by its provider: here there is only whether one came.
  const calls = providerCalls(provider, () => undefined);
  return calls[changes ? 'write' : 'read']({ signal, settings: {} }, async () => {
    const init = { method, headers, signal, redirect: 'manual', ...(body !== undefined && { body }) } as const;
    const response = await cancellable(send)(url, init);
    return { status: response.status, headers: response.headers, body: parse(await readText(response)) };
  });
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

/** What a status means by itself: what a gateway or a fault swallowed may have happened, what was refused has not. */
export function statusFault(
  status: number,
  headers: Headers,
  { provider, changes, detail }: { provider: string; changes: boolean; detail: string },
): ProviderError {
  const summary = `${provider} (${status})${detail === '' ? '' : `: ${clip(detail)}`}`;
  if (status === 401)
    return new ProviderError(
      'unauthorized',
      `${summary}. The credentials are not accepted: a person has to renew them.`,
    );
  if (status === 429) {
    const retryAfterMs = Math.min(waitMsIn(headers) ?? USUAL_WAIT_MS, MAX_WAIT_MS);
    return new ProviderError('rate_limited', `${summary}. Too many requests: wait, or ask for less.`, { retryAfterMs });
  }
  if (status < 500 && status !== 408)
    return new ProviderError('refused', `${summary}.`, { isGone: status === 404 || status === 410 });
  return changes
    ? new ProviderError('unknown', `${summary}. The change may have happened.`)
    : new ProviderError('unavailable', `${summary}. Nothing was changed; try again later.`);
}

/** Longest part of a provider's own words that goes into an error, characters. */
const MAX_DETAIL_CHARS = 500;
const clip = (text: string): string => {
  const line = text.replaceAll(/\s+/g, ' ').replace(/[.\s]+$/, '');
  return line.length > MAX_DETAIL_CHARS ? `${line.slice(0, MAX_DETAIL_CHARS)}…` : line;
};

/** Where a provider says 429 and not for how long. */
const USUAL_WAIT_MS = 30_000;
/** Longest wait that a header may ask for: an hour. */
const MAX_WAIT_MS = 3_600_000;
