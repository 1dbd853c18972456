import { CancelledError, FAILURE, FailureError } from '../../contracts/failures.ts';
import type { ToolCallError } from './mcp-connection.ts';

/** Tries of a provider that is away; then the agent is told, and may go another way. */
const TRIES = 4;
const MAX_WAIT_MS = 60_000;
const SHORT_WAIT_MS = 1_500;

/** What a failed call comes to: an answer that says so, a question to a human, or another try by Temporal. */
export type AfterFailure =
  | { readonly kind: 'answer'; readonly text: string }
  | { readonly kind: 'reconnect' }
  | { readonly kind: 'throw'; readonly failure: Error };

/** The one place that decides what follows from a call that was certainly not made. Pure. */
export function afterFailure({ kind, message, retryAfterMs }: ToolCallError, attempt: number): AfterFailure {
  if (kind === 'cancelled') return { kind: 'throw', failure: new CancelledError(message) };
  if (kind === 'reconnect') return { kind: 'reconnect' };
  if (kind === 'refused' || attempt >= TRIES) return { kind: 'answer', text: message };
  return { kind: 'throw', failure: later(message, retryAfterMs ?? SHORT_WAIT_MS * 2 ** (attempt - 1)) };
}

/** Temporal tries again after this time. */
export const later = (message: string, waitMs: number): FailureError =>
  FailureError.create({
    type: FAILURE.toolUnavailable,
    message,
    nextRetryDelay: Math.min(MAX_WAIT_MS, Math.max(1, Math.ceil(waitMs))),
  });
