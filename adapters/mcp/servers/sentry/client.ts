import { z } from 'zod';
import { type ClientSettings, ProviderError } from '../define.ts';
import { type RestAnswer, sendRest, statusFault } from '../rest.ts';

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

/** Sentry says `detail` as text or as an object, and faults of a field under its name. */
const Detail = z.object({
  detail: z.union([z.string(), z.object({ message: z.string() }).transform(({ message }) => message)]),
});
const FieldFaults = z.record(z.string(), z.array(z.string()));

/** The one translator of Sentry's refusals. */
function toSentryFailure({ status, headers, body }: RestAnswer, changes: boolean): ProviderError {
  const fault = statusFault(status, headers, { provider: 'Sentry', changes, detail: wordsOf(body) });
  if (fault.fault !== 'rate_limited' || headers.has('retry-after')) return fault;
  // Sentry names the second when the window ends instead of a wait.
  const resetMs = Number(headers.get('x-sentry-rate-limit-reset') ?? NaN) * 1_000 - Date.now();
  if (!Number.isFinite(resetMs)) return fault;
  const retryAfterMs = Math.min(Math.max(Math.ceil(resetMs), 1_000), 3_600_000);
  return new ProviderError('rate_limited', fault.message, { retryAfterMs });
}

function wordsOf(body: unknown): string {
  const detail = Detail.safeParse(body);
  if (detail.success) return detail.data.detail;
  const faults = FieldFaults.safeParse(body);
  return faults.success
    ? Object.entries(faults.data)
        .map(([field, text]) => `${field}: ${text.join(' ')}`)
        .join(' ')
    : '';
}
