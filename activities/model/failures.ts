import { APIConnectionError, APIError, APIUserAbortError } from '@anthropic-ai/sdk';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { FAILURE } from '../../contracts/failures.ts';
import { ModelCallError } from './model-port.ts';

/** Longest wait that a provider's `retry-after` may ask of us, s. */
const LONGEST_WAIT_SECONDS = 30;

/**
 * The one translator of Anthropic's errors: what Temporal does about it, and whether the call was certainly free.
 * Whatever is neither the provider's nor the network's is a bug of ours and goes through untouched.
 */
export function toModelCallError(error: unknown, cancelled: boolean): unknown {
  if (cancelled) return new ModelCallError(new CancelledFailure('The model call was cancelled.'), false);
  if (error instanceof APIUserAbortError) return new ModelCallError(unavailable(error, 'took too long'), false);
  if (error instanceof APIConnectionError)
    return new ModelCallError(unavailable(error, 'could not be reached'), isRefusedConnection(error));
  if (!(error instanceof APIError)) return error;
  return new ModelCallError(byStatus(error), true);
}

function byStatus(error: APIError): unknown {
  const status: unknown = error.status;
  if (status === 429 || status === 529) return rateLimited(error);
  if (status === 401 || status === 403) return ApplicationFailure.nonRetryable(plain(error), FAILURE.modelUnauthorized);
  const permanent = typeof status === 'number' && status >= 400 && status < 500 && status !== 408 && status !== 409;
  return permanent
    ? ApplicationFailure.nonRetryable(plain(error), FAILURE.modelRefused)
    : unavailable(error, typeof status === 'number' ? `answered with ${status}` : 'broke off its answer');
}

function rateLimited(error: APIError): ApplicationFailure {
  const headers: unknown = error.headers;
  const seconds = headers instanceof Headers ? Number(headers.get('retry-after')) : Number.NaN;
  return ApplicationFailure.create({
    type: FAILURE.modelRateLimited,
    message: plain(error),
    ...(seconds > 0 && { nextRetryDelay: Math.min(seconds, LONGEST_WAIT_SECONDS) * 1_000 }),
  });
}

const unavailable = (error: Error, what: string): ApplicationFailure =>
  ApplicationFailure.create({ type: FAILURE.modelUnavailable, message: `The model ${what}: ${plain(error)}` });

/** Provider messages can be long and may quote the prompt: history keeps the first line only. */
const plain = (error: Error): string => (error.message.split('\n')[0] ?? '').slice(0, 200);

/** Nothing was sent when the connection was refused or the name was unknown. */
function isRefusedConnection(error: Error): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause ? cause.code : undefined;
    if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') return true;
  }
  return false;
}
