import { Octokit, RequestError } from 'octokit';
import { type ClientSettings, ProviderError } from '../define.ts';
import { cancellable, providerCalls } from '../provider-calls.ts';
import { waitMsIn } from '../../../retry-after.ts';

export type GithubClient = Octokit;

const nothing = () => {};

/** A client that never waits or retries by itself, and writes no lines of its own. */
export const createGithubClient = ({ token, url, fetch }: ClientSettings): GithubClient =>
  new Octokit({
    auth: token,
    ...(url ? { baseUrl: url.replace(/\/+$/, '') } : {}),
    request: { fetch: cancellable(fetch) },
    retry: { enabled: false },
    throttle: { enabled: false },
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    userAgent: 'nubabel',
  });

/** GitHub asks for at least a minute after a secondary limit that names no time. */
const SECONDARY_WAIT_MS = 60_000;

/** The only place that knows GitHub's errors. */
function toGithubFailure(error: unknown): ProviderError | undefined {
  // Without an answer octokit makes up a status of 500.
  if (!(error instanceof RequestError) || !error.response) return undefined;
  const { status, message } = error;
  const detail = message.split(' - https://')[0] ?? message;
  const cause = error;
  const retryAfterMs = limitOf(error);
  if (retryAfterMs !== undefined)
    return new ProviderError('rate_limited', `GitHub takes no more requests for ${Math.ceil(retryAfterMs / 1000)} s.`, {
      retryAfterMs,
      cause,
    });
  if (status >= 500) return new ProviderError('unavailable', `GitHub has a fault (HTTP ${status}).`, { cause });
  if (status === 401)
    return new ProviderError('unauthorized', `GitHub does not accept the token: ${detail}`, { cause });
  const isGone = status === 404 || status === 410;
  return new ProviderError('refused', `GitHub refused it: ${detail}.${adviceFor(error)}`, { isGone, cause });
}

/** Milliseconds to wait when this is one of GitHub's limits: the hour's (403, 429) or a secondary one. */
function limitOf({ status, message, response }: RequestError): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const headers = response?.headers ?? {};
  const asked = waitMsIn(headers);
  if (asked !== undefined) return asked;
  const reset = Number(headers['x-ratelimit-reset']);
  if (headers['x-ratelimit-remaining'] === '0' && Number.isFinite(reset)) return Math.max(0, reset * 1000 - Date.now());
  return status === 429 || /secondary rate limit|abuse detection/i.test(message) ? SECONDARY_WAIT_MS : undefined;
}

function adviceFor({ status, response }: RequestError): string {
  if (status === 404)
    return ' There is no such thing that the token can see: check owner, repo and number, and that the token has access to the repository.';
  if (status === 410) return ' Issues are switched off for this repository, or the issue was deleted.';
  if (status !== 403) return '';
  const needed = response?.headers['x-accepted-github-permissions'];
  return ` The token lacks a permission${needed ? ` (needs ${needed})` : ''}: add it in GitHub under Settings, Developer settings, Personal access tokens.`;
}

export const { read, write } = providerCalls('GitHub', toGithubFailure);

/** The HTTP status of GitHub's answer. */
export const githubStatusOf = (error: unknown): number | undefined =>
  error instanceof ProviderError && error.cause instanceof RequestError ? error.cause.status : undefined;
