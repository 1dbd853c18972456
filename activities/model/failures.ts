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
  if (error instanceof APIError) return new ModelCallError(byStatus(error), true);
  return isBrokenAnswer(error) ? new ModelCallError(unavailable(error, 'broke off its answer'), false) : error;
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
const plain = (error: Error): string => (saidBy(error).split('\n')[0] ?? '').slice(0, 200);

/** The SDK's message is the whole body as JSON, in which every line is the first one. */
function saidBy(error: Error): string {
  const body = error instanceof APIError ? (error.error as { error?: { message?: unknown } } | undefined) : undefined;
  const said = body?.error?.message;
  return error instanceof APIError && typeof said === 'string' ? `${error.status} ${said}` : error.message;
}

/** Nothing was sent when the connection was refused or the name was unknown. */
const isRefusedConnection = (error: Error): boolean =>
  codesOf(error).some((code) => code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN');

/** The SDK hands on as it is what goes wrong while a body is read: a cut connection, half a JSON, our own deadline. */
const isBrokenAnswer = (error: unknown): error is Error =>
  isErrorLike(error) &&
  (['AbortError', 'TimeoutError', 'SyntaxError'].includes(error.name) ||
    codesOf(error).some((code) => /^(UND_ERR_|E[A-Z]+$)/.test(code)));

/** `fetch` makes its errors outside of our realm, so `instanceof Error` is not asked. */
const isErrorLike = (value: unknown): value is Error =>
  typeof value === 'object' && value !== null && 'name' in value && 'message' in value;

function codesOf(error: unknown): string[] {
  if (!isErrorLike(error)) return [];
  return [...('code' in error && typeof error.code === 'string' ? [error.code] : []), ...codesOf(error.cause)];
}
