import { FAILURE, FailureError } from '../contracts/failures.ts';
import type { SlackCallError } from '../domain/reports/slack-port.ts';

/** What Temporal is told about a failed call: when to try again, or that nothing will mend it. */
export function toFailure(error: SlackCallError): unknown {
  if (error.kind === 'rate_limited') return tryLater(error.retryAfterMs, error.message);
  if (error.kind === 'refused') return FailureError.nonRetryable(error.message, FAILURE.slackRefused);
  return error;
}

export const tryLater = (waitMs: number, message: string) =>
  FailureError.create({ type: FAILURE.slackRateLimited, message, nextRetryDelay: Math.ceil(waitMs) });
