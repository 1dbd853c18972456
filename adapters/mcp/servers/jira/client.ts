import { z } from 'zod';
import { type ClientSettings, ProviderError } from '../define.ts';
import { type RestAnswer, sendRest, statusFault } from '../rest.ts';

interface Asked {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** POST that only reads, as a search does. */
  readonly reads?: boolean;
  readonly signal: AbortSignal;
}

/** Jira's REST API, version 3. */
export interface JiraClient {
  /** The answer as `schema` says. `path` is after `/rest/api/3`. @throws ProviderError */
  ask<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, schema: z.ZodType<T>, asked: Asked): Promise<T>;
  /** Where people see an issue; undefined where only the API's address is known. */
  browseUrl(key: string): string | undefined;
}

/** Answers with an empty body. */
export const Nothing = z.unknown();

/** Basic authentication with an e-mail address and its API token, or a bearer token of a grant. */
export function createJiraClient({ url, email, token, settings, fetch }: ClientSettings): JiraClient {
  if (!url)
    throw new ProviderError('refused', 'Jira needs the address of your site, such as https://acme.atlassian.net.');
  const base = url.replace(/\/+$/, '');
  const authorization = email ? `Basic ${Buffer.from(`${email}:${token}`).toString('base64')}` : `Bearer ${token}`;
  // Grants are used at api.atlassian.com, where no person can look.
  const site = settings['site'] ?? (new URL(base).host === 'api.atlassian.com' ? undefined : base);
  return {
    async ask(method, path, schema, { query, body, reads = false, signal }) {
      const search = query ? `?${new URLSearchParams(query).toString()}` : '';
      const changes = method !== 'GET' && !reads;
      const answer = await sendRest(fetch, {
        provider: 'Jira',
        method,
        url: `${base}/rest/api/3${path}${search}`,
        headers: { authorization, accept: 'application/json', 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        changes,
        signal,
      });
      if (answer.status < 200 || answer.status >= 300) throw toJiraFailure(answer, changes);
      const parsed = schema.safeParse(answer.body);
      if (parsed.success) return parsed.data;
      throw new ProviderError(changes ? 'unknown' : 'unavailable', 'Jira answered something that is not its format.', {
        cause: parsed.error,
      });
    },
    browseUrl: (key) => site && `${site.replace(/\/+$/, '')}/browse/${key}`,
  };
}

/** Jira's own words: general ones, and one per field. */
const JiraErrors = z.object({
  errorMessages: z.array(z.string()).default([]),
  errors: z.record(z.string(), z.string()).default({}),
});

/** The one translator of Jira's refusals. */
function toJiraFailure({ status, headers, body }: RestAnswer, changes: boolean): ProviderError {
  return statusFault(status, headers, { provider: 'Jira', changes, detail: wordsOf(status, body) });
}

function wordsOf(status: number, body: unknown): string {
  const errors = JiraErrors.safeParse(body);
  const words = errors.success
    ? [...errors.data.errorMessages, ...Object.entries(errors.data.errors).map(([field, text]) => `${field}: ${text}`)]
    : [];
  if (words.length > 0) return words.join(' ');
  return status === 404 ? 'It does not exist, or this account may not see it' : '';
}
