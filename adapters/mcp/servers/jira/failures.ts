import { z } from 'zod';
import type { ProviderError } from '../define.ts';
import { statusFault, type RestAnswer } from '../rest.ts';

/** Jira's own words: general ones, and one per field. */
const JiraErrors = z.object({
  errorMessages: z.array(z.string()).default([]),
  errors: z.record(z.string(), z.string()).default({}),
});

/** The one translator of Jira's refusals. */
export function toJiraFailure({ status, headers, body }: RestAnswer, changes: boolean): ProviderError {
  return statusFault(status, headers, { provider: 'Jira', changes, detail: wordsOf(status, body) });
}

function wordsOf(status: number, body: unknown): string {
  const errors = JiraErrors.safeParse(body);
  const words = errors.success
    ? [...errors.data.errorMessages, ...Object.entries(errors.data.errors).map(([field, said]) => `${field}: ${said}`)]
    : [];
  if (words.length > 0) return words.join(' ');
  return status === 404 ? 'It does not exist, or this account may not see it' : '';
}
