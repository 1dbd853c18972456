import type { FetchLike } from '@modelcontextprotocol/sdk/shared/transport.js';
import { EgressRefusedError, GrantError } from '../../../../domain/connections/connection-ports.ts';
import { retryAfterMsOf } from '../../../retry-after.ts';

/** An authorization server that takes longer than this is away. A row is locked meanwhile. */
const TIMEOUT_MS = 10_000;

/** What providers say in words of their own (github.com, slack.com, and Salesforce's) for RFC 6749's `invalid_grant`. */
const MEANS_OVER = new Set([
  'bad_refresh_token',
  'bad_verification_code',
  'invalid_refresh_token',
  'token_expired',
  'token_revoked',
  'expired_access/refresh token',
]);

/**
 * The guarded `fetch` as the SDK's functions are given it: faults that pass become errors before the SDK takes them for
 * an answer (it would go on as if there were no metadata), and a refusal with status 200 becomes one.
 */
export const oauthFetch =
  (fetch: typeof globalThis.fetch): FetchLike =>
  async (url, init) => {
    const host = new URL(url).host;
    const signal = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(init?.signal ? [init.signal] : [])]);
    const response = await fetch(url, { ...init, signal }).catch((error: unknown) => {
      if (error instanceof EgressRefusedError) throw new GrantError('untrusted', error.message, { cause: error });
      throw new GrantError('passing', `The authorization server ${host} could not be reached.`, { cause: error });
    });
    if (response.status < 500 && response.status !== 429)
      return init?.method === 'POST' ? withHonestStatus(response) : response;
    const wait = retryAfterMsOf(response.headers.get('retry-after'));
    await response.body?.cancel();
    throw new GrantError('passing', `The authorization server ${host} answered ${response.status}.`, {
      ...(wait !== undefined && { retryAfterMs: wait }),
    });
  };

/** GitHub and Slack refuse with 200; the SDK looks at the status. */
async function withHonestStatus(response: Response): Promise<Response> {
  if (!/\bjson\b/.test(response.headers.get('content-type') ?? '')) return response;
  const text = await response.text();
  const headers = new Headers(response.headers);
  for (const name of ['content-length', 'content-encoding']) headers.delete(name);
  const error = errorOf(text);
  if (error === undefined) return new Response(text, { status: response.status, headers });
  const body = JSON.stringify({ error: MEANS_OVER.has(error) ? 'invalid_grant' : error });
  return new Response(body, { status: response.ok ? 400 : response.status, headers });
}

function errorOf(text: string): string | undefined {
  try {
    const body = JSON.parse(text) as { error?: unknown; access_token?: unknown } | null;
    return typeof body?.error === 'string' && body.access_token === undefined ? body.error : undefined;
  } catch {
    return undefined;
  }
}
