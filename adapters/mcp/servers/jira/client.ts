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
  const site = settings['site'] ?? (new URL(base).host === API_HOST ? undefined : base);
  const addresses = createAddresses(base, fetch);
  return {
    async ask(method, path, schema, { query, body, reads = false, signal }) {
      const search = query ? `?${new URLSearchParams(query).toString()}` : '';
      const changes = method !== 'GET' && !reads;
      const answer = await addresses.use(signal, (at) =>
        sendRest(fetch, {
          provider: 'Jira',
          method,
          url: `${at}/rest/api/3${path}${search}`,
          headers: { authorization, accept: 'application/json', 'content-type': 'application/json' },
          ...(body !== undefined && { body: JSON.stringify(body) }),
          changes,
          signal,
        }),
      );
      if (answer.status === 401) throw refusedToken(answer, await addresses.scoped(signal));
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

const API_HOST = 'api.atlassian.com';

/** Where Jira is asked: at the address of the site, or where Atlassian takes tokens with scopes. */
interface JiraAddresses {
  /** Asks at the address that has worked; a refused token is tried where tokens with scopes belong, once. */
  use(signal: AbortSignal, ask: (base: string) => Promise<RestAnswer>): Promise<RestAnswer>;
  /** Where a token with scopes of this site is taken; undefined where that is where we ask, or where nothing tells. */
  scoped(signal: AbortSignal): Promise<string | undefined>;
}

const Tenant = z.object({ cloudId: z.string().regex(/^[\w-]{1,100}$/) });

/**
 * A token with scopes looks like any other, and the site answers it with 401. The site tells its cloud id to everybody. To
 * the API's own host a token goes only from a site of Atlassian's: to any other address it was not given.
 */
function createAddresses(base: string, fetch: ClientSettings['fetch']): JiraAddresses {
  const { host, origin } = new URL(base);
  const isAtlassian = host.endsWith('.atlassian.net') && new URL(base).protocol === 'https:';
  let current = base;
  let found: string | undefined;
  const scoped = async (signal: AbortSignal): Promise<string | undefined> => {
    if (host === API_HOST || found) return found;
    const request = { provider: 'Jira', method: 'GET', url: `${origin}/_edge/tenant_info`, headers: {} } as const;
    const answer = await sendRest(fetch, { ...request, changes: false, signal }).catch(() => undefined);
    const tenant = answer?.status === 200 ? Tenant.safeParse(answer.body).data : undefined;
    found = tenant && `https://${API_HOST}/ex/jira/${tenant.cloudId}`;
    return found;
  };
  return {
    scoped,
    async use(signal, ask) {
      const answer = await ask(current);
      if (answer.status !== 401 || current !== base || !isAtlassian) return answer;
      const other = await scoped(signal);
      if (!other) return answer;
      const second = await ask(other);
      if (second.status === 401) return answer;
      current = other;
      return second;
    },
  };
}

/** Refused with what to do: who pastes a token with scopes finds nothing wrong with it. */
function refusedToken(answer: RestAnswer, scoped: string | undefined): ProviderError {
  const { message } = toJiraFailure(answer, false);
  const at = scoped ?? `https://${API_HOST}/ex/jira/{cloudId} (the cloud id stands at /_edge/tenant_info of your site)`;
  const remedy = `A token with scopes is taken only at ${at}: use that as the address, with read:jira-work, write:jira-work and read:jira-user, and the setting "site" for links. A token without scopes needs the e-mail address of its account.`;
  return new ProviderError('unauthorized', `${message} ${remedy}`, { remedy });
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
