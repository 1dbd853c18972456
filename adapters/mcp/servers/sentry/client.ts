import type { z } from 'zod';
import { ProviderError, type ClientSettings } from '../define.ts';
import { sendRest } from '../rest.ts';
import { toSentryFailure } from './failures.ts';

export const SENTRY_URL = 'https://sentry.io/api/0';

interface Asked {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

/** Sentry's REST API within one organization. */
export interface SentryClient {
  /** `path` is after `/organizations/{organization}`; `next` is the cursor of the next page, where there is one. @throws ProviderError */
  ask<T>(
    method: 'GET' | 'PUT',
    path: string,
    schema: z.ZodType<T>,
    asked: Asked,
  ): Promise<{ data: T; next: string | undefined }>;
}

/** One page after another: `<…>; rel="next"; results="true"; cursor="0:100:0"`. */
export function nextCursor(link: string | null): string | undefined {
  const next = link?.split(',').find((part) => part.includes('rel="next"') && part.includes('results="true"'));
  return next && /cursor="([^"]{1,100})"/.exec(next)?.[1];
}

export function createSentryClient({ url, token, settings, fetch }: ClientSettings): SentryClient {
  const organization = settings['organization'];
  if (!organization)
    throw new ProviderError('refused', 'Sentry needs the setting "organization": its slug, as in the address.');
  const base = `${(url ?? SENTRY_URL).replace(/\/+$/, '')}/organizations/${encodeURIComponent(organization)}`;
  return {
    async ask(method, path, schema, { query, body, signal }) {
      const search = query ? `?${new URLSearchParams(query).toString()}` : '';
      const changes = method !== 'GET';
      const answer = await sendRest(fetch, {
        provider: 'Sentry',
        method,
        url: `${base}${path}${search}`,
        headers: { authorization: `Bearer ${token}`, accept: 'application/json', 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        changes,
        signal,
      });
      if (answer.status < 200 || answer.status >= 300) throw toSentryFailure(answer, changes);
      const parsed = schema.safeParse(answer.body);
      if (parsed.success) return { data: parsed.data, next: nextCursor(answer.headers.get('link')) };
      throw new ProviderError(
        changes ? 'unknown' : 'unavailable',
        'Sentry answered something that is not its format.',
        {
          cause: parsed.error,
        },
      );
    },
  };
}
