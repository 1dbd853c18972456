import { z } from 'zod';
import { ProviderError } from '../define.ts';
import { statusFault, type RestAnswer } from '../rest.ts';

const One = z.object({ message: z.string(), errorCode: z.string().optional(), fields: z.array(z.string()).optional() });

/** Salesforce answers a list of faults; its identity service one object. */
const Faults = z.union([z.array(One), One.transform((one) => [one])]);

/** Allowances of the whole org over 24 hours: waiting a minute helps nobody. */
const DAY_LIMIT_WAIT_MS = 3_600_000;
const BUSY_WAIT_MS = 60_000;

/** The one translator of Salesforce's refusals. */
export function toSalesforceFailure({ status, headers, body }: RestAnswer, changes: boolean): ProviderError {
  const faults = Faults.safeParse(body).data ?? [];
  const codes = faults.map(({ errorCode }) => errorCode);
  const detail = faults
    .map(({ errorCode, message, fields }) => {
      const where = fields && fields.length > 0 ? ` (${fields.join(', ')})` : '';
      return `${errorCode ? `${errorCode}: ` : ''}${message}${where}`;
    })
    .join(' ');
  if (codes.includes('REQUEST_LIMIT_EXCEEDED')) {
    const busy = /concurrent/i.test(detail);
    const words = busy ? 'Too many requests at once.' : 'The org has used up its API requests of 24 hours.';
    return new ProviderError('rate_limited', `Salesforce: ${words}`, {
      retryAfterMs: busy ? BUSY_WAIT_MS : DAY_LIMIT_WAIT_MS,
    });
  }
  if (codes.includes('INVALID_SESSION_ID') || codes.includes('INVALID_AUTH_HEADER'))
    return statusFault(401, headers, { provider: 'Salesforce', changes, detail });
  // Another transaction holds the row: this one was rolled back whole.
  if (codes.includes('UNABLE_TO_LOCK_ROW'))
    return new ProviderError(
      'rate_limited',
      `Salesforce: the record is locked by somebody else. Nothing was changed.`,
      {
        retryAfterMs: 5_000,
      },
    );
  return statusFault(status, headers, { provider: 'Salesforce', changes, detail });
}
