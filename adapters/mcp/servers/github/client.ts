import { Octokit } from 'octokit';
import type { ClientSettings } from '../define.ts';
import { cancellable } from '../provider-calls.ts';

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
