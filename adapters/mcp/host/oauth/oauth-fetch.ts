import type { FetchLike } from '@modelcontextprotocol/sdk/shared/transport.js';
import { EgressRefusedError, GrantError } from '../../../../domain/connections/connection-ports.ts';
import { waitMsIn } from '../../../retry-after.ts';
import { errorCodeOf, parseAnswer, tokensOf } from './oauth-answers.ts';

/** An authorization server that takes longer than this is away. Who needs the token waits meanwhile. */
const TIMEOUT_MS = 10_000;

/**
 * The guarded `fetch` as the SDK's functions are given it: faults that pass become errors before the SDK takes them for
 * an answer (it would go on as if there were no metadata), and what a token endpoint answers is brought into the form
 * that the SDK takes.
 */
export const oauthFetch =
  (fetch: typeof globalThis.fetch): FetchLike =>
  async (url, init) => {
    const host = new URL(url).host;
    const signal = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(init?.signal ? [init.signal] : [])]);
    const away = (cause: unknown): never => {
      if (cause instanceof EgressRefusedError) throw new GrantError('untrusted', cause.message, { cause });
      throw new GrantError('passing', `The authorization server ${host} could not be reached.`, { cause });
    };
    const response = await fetch(url, { ...init, signal }).catch(away);
    if (response.status < 500 && response.status !== 429)
      return init?.body instanceof URLSearchParams ? readable(response).catch(away) : response;
    const wait = waitMsIn(response.headers);
    await response.body?.cancel();
    throw new GrantError('passing', `The authorization server ${host} answered ${response.status}.`, {
      ...(wait !== undefined && { retryAfterMs: wait }),
    });
  };

/** A token endpoint's answer: tokens with 200, an error with 4xx, as JSON. GitHub and Slack refuse with 200. */
async function readable(response: Response): Promise<Response> {
  if (response.status >= 300 && response.status < 400) return response;
  const said = parseAnswer(await response.text());
  const tokens = response.ok ? tokensOf(said) : undefined;
  if (tokens) return Response.json(tokens);
  const status = response.ok ? 400 : response.status;
  // Without a word a 401 says that it does not know who asks.
  const error = errorCodeOf(said) ?? (status === 401 ? 'invalid_client' : undefined);
  return error === undefined ? new Response('', { status }) : Response.json({ error }, { status });
}
