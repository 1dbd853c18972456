import { ownValue } from '../../contracts/json.ts';
import { APIConnectionError, APIError, APIUserAbortError } from '@anthropic-ai/sdk';
import { CancelledError, FAILURE, FailureError, type RefusalCause } from '../../contracts/failures.ts';
import { secretForms } from '../../contracts/clean-text.ts';
import { ModelCallError } from '../../domain/models/model-port.ts';
import { shouldRetryIn, waitMsIn } from '../retry-after.ts';

/** How the call stood when it failed. */
interface CallState {
  readonly cancelled: boolean;
  /** Content had begun to arrive: it may be billed, whatever the error says. */
  readonly begun?: boolean;
  /** The key of the call: a gateway may quote it, and words of failures are kept in histories. */
  readonly secret?: string;
}

/**
 * The one translator of Anthropic's errors: what Temporal does about it, whether the call was certainly free, and what
 * it says of the key. Whatever is neither the provider's nor the network's is a bug of ours and goes through untouched.
 */
export function toModelCallError(error: unknown, state: CallState): unknown {
  const { cancelled, begun = false, secret } = state;
  if (cancelled) return new ModelCallError(new CancelledError('The model call was cancelled.'), false);
  if (error instanceof APIUserAbortError) return new ModelCallError(unavailable(error, 'took too long', secret), false);
  if (error instanceof APIConnectionError)
    return new ModelCallError(unavailable(error, 'could not be reached', secret), isRefusedConnection(error));
  if (error instanceof APIError) return byStatus(error, !begun, secret);
  return isBrokenAnswer(error) ? new ModelCallError(unavailable(error, 'broke off its answer', secret), false) : error;
}

/** What the provider's error types are as a status: an error inside of a stream comes with 200. */
const STATUS_OF_TYPE: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};

function byStatus(error: APIError, free: boolean, secret?: string): ModelCallError {
  const given: unknown = error.status;
  const status = typeof given === 'number' ? given : ownValue(STATUS_OF_TYPE, error.type ?? '');
  const headers = error.headers instanceof Headers ? error.headers : undefined;
  const retries = shouldRetryIn(headers);
  const waitMs = waitMsIn(headers);
  const wait = waitMs !== undefined && waitMs > 0 ? { waitSeconds: waitMs / 1_000 } : {};
  if (status === 429 || status === 529) {
    const limit = { message: plain(error, secret), type: FAILURE.modelRateLimited, nonRetryable: retries === false };
    return new ModelCallError(FailureError.create(limit), free, { fault: 'limited', ...wait });
  }
  if (status === 401 || status === 403) {
    const isTheKeys = status === 401 || /^(authentication|permission)_error$/.test(error.type ?? '');
    const failure = FailureError.nonRetryable(plain(error, secret), FAILURE.modelUnauthorized);
    return new ModelCallError(failure, free, { fault: isTheKeys ? 'rejected' : 'nothing' });
  }
  const isRequests = status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 409;
  // The provider's own word on trying again counts for more than what its status usually means.
  if (isRequests && retries !== true) {
    const cause = causeOf(status, saidBy(error));
    const details = cause === undefined ? [] : [cause];
    return new ModelCallError(FailureError.nonRetryable(plain(error, secret), FAILURE.modelRefused, ...details), free);
  }
  const what = status ? `answered with ${status}` : 'broke off its answer';
  const failure = unavailable(error, what, secret, retries === false);
  return new ModelCallError(failure, free, { fault: 'failed', ...wait });
}

/** What providers and gateways say in a refusal, by what it is about; the first that fits counts. */
const SAID: readonly (readonly [RefusalCause, RegExp])[] = [
  [
    'billing',
    /credit balance|billing|insufficient[_ ](?:quota|funds|credit)|payment required|exceeded your current quota/i,
  ],
  [
    'too_long',
    /too long|too large|context (?:length|window|limit)|(?:maximum|max)[^.]{0,40}\btokens?\b|exceeds?[^.]{0,40}\btokens?\b|too many tokens/i,
  ],
  ['policy', /content (?:filter|policy|management)|usage polic|safety (?:filter|system)|flagged|blocked by/i],
  ['no_model', /^(?:\d+ )?model:|model[^.]{0,80}(?:not found|does not exist|not supported|unknown)|unknown model/i],
];

/** Why a request was refused; undefined where nothing known is said. */
function causeOf(status: number, said: string): RefusalCause | undefined {
  if (status === 402) return 'billing';
  if (status === 413) return 'too_long';
  return SAID.find(([, words]) => words.test(said.slice(0, 2_000)))?.[0] ?? (status === 404 ? 'no_model' : undefined);
}

const unavailable = (error: Error, what: string, secret?: string, nonRetryable = false): FailureError => {
  const message = `The model ${what}: ${plain(error, secret)}`;
  return FailureError.create({ type: FAILURE.modelUnavailable, message, nonRetryable });
};

/** Provider messages can be long and may quote the prompt: history keeps the first line only. */
function plain(error: Error, secret?: string): string {
  const forms = secret ? secretForms(secret) : [];
  const said = forms.reduce((words, form) => words.replaceAll(form, '(key)'), saidBy(error));
  return (said.split('\n')[0] ?? '').slice(0, 200);
}

/** The SDK's message is the whole body as JSON, in which every line is the first one. */
function saidBy(error: Error): string {
  if (!(error instanceof APIError)) return error.message;
  const said = (error.error as { error?: { message?: unknown } } | undefined)?.error?.message;
  return typeof said === 'string' ? `${error.status ?? error.type} ${said}` : error.message;
}

/** Nothing was sent when the connection was refused or the name was unknown. */
const isRefusedConnection = (error: Error): boolean =>
  codesOf(error).some((code) => code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN');

/** The SDK hands on as it is what goes wrong while a body is read: a cut connection, half a JSON, our own deadline. */
const isBrokenAnswer = (error: unknown): error is Error =>
  isErrorLike(error) &&
  (['AbortError', 'TimeoutError', 'SyntaxError', 'BrokenStreamError'].includes(error.name) ||
    codesOf(error).some((code) => /^(UND_ERR_|E[A-Z]+$)/.test(code)));

/** `fetch` makes its errors outside of our realm, so `instanceof Error` is not asked. */
const isErrorLike = (value: unknown): value is Error =>
  typeof value === 'object' && value !== null && 'name' in value && 'message' in value;

function codesOf(error: unknown): string[] {
  if (!isErrorLike(error)) return [];
  return [...('code' in error && typeof error.code === 'string' ? [error.code] : []), ...codesOf(error.cause)];
}
