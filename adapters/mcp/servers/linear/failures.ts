import { LinearError, LinearErrorType, RatelimitedLinearError } from '@linear/sdk';
import { ProviderError } from '../define.ts';
import { providerCalls } from '../provider-calls.ts';

/** Linear's limits are per hour; without a time of its own a minute is waited. */
const USUAL_WAIT_MS = 60_000;

/** Faults of Linear itself. */
const LINEAR_FAULTS = new Set<LinearErrorType | undefined>([
  LinearErrorType.InternalError,
  LinearErrorType.NetworkError,
  LinearErrorType.BootstrapError,
  LinearErrorType.LockTimeout,
]);

/** The only place that knows Linear's errors. */
export function toLinearFailure(error: unknown): ProviderError | undefined {
  if (!(error instanceof LinearError)) return undefined;
  const { type, status = 0 } = error;
  const said = (error.errors?.[0]?.message ?? error.message).slice(0, 500);
  const cause = error;
  if (error instanceof RatelimitedLinearError) return limited(error);
  if (type === LinearErrorType.AuthenticationError || status === 401)
    return new ProviderError('unauthorized', `Linear does not accept the key: ${said}`, { cause });
  const senseless = status < 400 && !error.errors?.length;
  if (LINEAR_FAULTS.has(type) || status >= 500 || senseless)
    return new ProviderError('unavailable', `Linear has a fault: ${said}`, { cause });
  if (type === LinearErrorType.Forbidden || type === LinearErrorType.FeatureNotAccessible)
    return new ProviderError(
      'refused',
      `Linear does not allow it: ${said} The key needs the scopes read and write, and access to the team.`,
      { cause },
    );
  return new ProviderError('refused', `Linear refused it: ${said}`, { cause });
}

function limited(cause: RatelimitedLinearError): ProviderError {
  const { retryAfter, requestsResetAt, requestsRemaining, complexityResetAt } = cause;
  const resetAt = requestsRemaining === 0 ? requestsResetAt : (complexityResetAt ?? requestsResetAt);
  const untilReset = resetAt === undefined ? USUAL_WAIT_MS : Math.max(0, resetAt - Date.now());
  const retryAfterMs = retryAfter === undefined ? untilReset : retryAfter * 1000;
  return new ProviderError('rate_limited', `Linear takes no more requests for ${Math.ceil(retryAfterMs / 1000)} s.`, {
    retryAfterMs,
    cause,
  });
}

export const { read, write } = providerCalls('Linear', toLinearFailure);

/** Whether Linear said that something in the request is wrong, such as an id that is not there or is taken. */
export const isInvalidInput = (error: unknown): boolean =>
  error instanceof ProviderError &&
  error.cause instanceof LinearError &&
  (error.cause.type === LinearErrorType.InvalidInput || error.cause.type === LinearErrorType.UserError);
