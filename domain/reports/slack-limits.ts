import { FAILURE, FailureError } from '../../contracts/failures.ts';
import type { Bucket } from '../../db/queries/slack.ts';
import { SlackCallError } from './slack-port.ts';

/**
 * Slack's limits per workspace and method, kept with a margin: `chat.update` is tier 3 (50 a minute and more),
 * `chat.postMessage` about one a second for each channel with short bursts (docs.slack.dev, rate limits).
 */
export function bucketFor(organizationId: string, teamId: string, channelId: string, isUpdate: boolean): Bucket {
  return isUpdate
    ? { organizationId, name: `${teamId}:chat.update`, intervalMs: 1_350, burst: 10 }
    : { organizationId, name: `${teamId}:chat.postMessage:${channelId}`, intervalMs: 1_000, burst: 4 };
}

/** A failed call as a failure that says when to try again, or that trying again is no use; anything else as it is. */
export function toReportFailure(error: unknown): unknown {
  if (!(error instanceof SlackCallError)) return error;
  if (error.kind === 'rate_limited') return rateLimited(error.retryAfterMs, error.message);
  if (error.kind === 'refused') return FailureError.nonRetryable(error.message, FAILURE.slackRefused);
  return error;
}

/** Our own bucket is empty for so long. */
export const bucketEmpty = (waitMs: number): FailureError =>
  rateLimited(waitMs, `Our own rate limit for Slack is used up; retry after ${Math.ceil(waitMs / 1_000)} s.`);

const rateLimited = (waitMs: number, message: string): FailureError =>
  FailureError.create({ type: FAILURE.slackRateLimited, message, nextRetryDelay: Math.ceil(waitMs) });
