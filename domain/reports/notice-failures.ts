import { FAILURE, FailureError } from '../../contracts/failures.ts';
import { SlackCallError } from './slack-port.ts';

const MIN_RETRY_MS = 10_000;
const MAX_RETRY_MS = 30 * 60_000;

/** After so many different people in a row who could not be told for now the others wait for the next round, in a moment. */
export const MAX_FAILED = 3;

/** How a notice that failed goes on. */
export type NoticeFailure =
  /** Slack says that this person can never be told, or never there. */
  | { readonly kind: 'refused'; readonly problem: string }
  /** `limited`: because there was too much of it; `ours`: not Slack's word but a fault of our own. */
  | { readonly kind: 'limited' | 'unreachable' | 'ours'; readonly problem: string; readonly retryInMs: number };

/** What follows from a failed try after so many others in a row: a longer wait with each, but never less than Slack asks. */
export function toNoticeFailure(error: unknown, failures: number): NoticeFailure {
  const problem = (error instanceof Error ? error.message : String(error)).slice(0, 300);
  const kind = kindOf(error);
  if (kind === 'refused') return { kind, problem };
  const backOffMs = Math.min(MIN_RETRY_MS * 2 ** Math.min(failures, 20), MAX_RETRY_MS);
  return { kind, problem, retryInMs: Math.max(backOffMs, askedMs(error)) };
}

function kindOf(error: unknown): NoticeFailure['kind'] {
  if (error instanceof FailureError)
    return error.type === FAILURE.slackRateLimited
      ? 'limited'
      : error.type === FAILURE.slackRefused
        ? 'refused'
        : 'ours';
  if (!(error instanceof SlackCallError)) return 'ours';
  if (error.kind === 'rate_limited') return 'limited';
  return error.kind === 'unknown' ? 'unreachable' : 'refused';
}

/** What Slack, or our own bucket, asks for. */
const askedMs = (error: unknown): number =>
  error instanceof SlackCallError
    ? error.retryAfterMs
    : error instanceof FailureError
      ? (error.nextRetryDelay ?? 0)
      : 0;
