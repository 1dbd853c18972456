import { z } from 'zod';
import { ProviderError } from '../define.ts';
import { statusFault, type RestAnswer } from '../rest.ts';

/** Sentry says `detail` as text or as an object, and faults of a field under its name. */
const Detail = z.object({
  detail: z.union([z.string(), z.object({ message: z.string() }).transform(({ message }) => message)]),
});
const FieldFaults = z.record(z.string(), z.array(z.string()));

/** The one translator of Sentry's refusals. */
export function toSentryFailure({ status, headers, body }: RestAnswer, changes: boolean): ProviderError {
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
        .map(([field, said]) => `${field}: ${said.join(' ')}`)
        .join(' ')
    : '';
}
