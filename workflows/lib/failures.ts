import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  TemporalFailure,
  TimeoutFailure,
} from '@temporalio/workflow';
import { FAILURE, type RefusalCause } from '../../contracts/failures.ts';
import type { ErrorCode } from '../../contracts/texts.ts';

const CODES: Readonly<Record<string, ErrorCode>> = {
  [FAILURE.modelRefused]: 'model_refused',
  [FAILURE.modelRateLimited]: 'model_overloaded',
  [FAILURE.modelUnavailable]: 'model_unavailable',
  [FAILURE.modelUnauthorized]: 'model_unauthorized',
};

/** Why the provider said no, where it is known. */
const REFUSALS: Readonly<Record<RefusalCause, ErrorCode>> = {
  policy: 'model_declined',
  too_long: 'model_too_long',
  billing: 'model_billing',
  no_model: 'model_missing',
  cut: 'answer_cut',
  empty: 'model_empty',
};

const refusalCodeOf = (details: unknown): ErrorCode | undefined => {
  const cause: unknown = Array.isArray(details) ? details[0] : undefined;
  return typeof cause === 'string' && Object.hasOwn(REFUSALS, cause) ? REFUSALS[cause as RefusalCause] : undefined;
};

export const isBudgetCode = (code: ErrorCode): boolean => code.startsWith('budget');

/** The provider wants no more calls, with whichever key. */
export function isLimited(error: unknown): boolean {
  const inner = error instanceof ActivityFailure ? error.cause : error;
  return inner instanceof ApplicationFailure && inner.type === FAILURE.modelRateLimited;
}

/** What a refused budget said: whose, which period, and by how much it was too small. */
export function budgetRefusalOf(error: unknown): unknown {
  const inner = error instanceof ActivityFailure ? error.cause : error;
  return inner instanceof ApplicationFailure ? inner.details : undefined;
}

/**
 * The one reader of failures: what people are told about a failed activity. A cancellation and a bug of ours are
 * thrown on: the first ends the work, the second keeps the workflow task failing until a deploy mends it.
 */
export function errorCodeOf(error: unknown): ErrorCode {
  if (!(error instanceof TemporalFailure) || isCancellation(error)) throw error;
  const inner = error instanceof ActivityFailure ? error.cause : error;
  if (inner instanceof TimeoutFailure) return 'timed_out';
  if (!(inner instanceof ApplicationFailure)) return 'internal';
  if (inner.type === FAILURE.budgetExhausted)
    return inner.details?.[0] === 'organization' ? 'budget_exhausted_organization' : 'budget_exhausted_user';
  if (inner.type === FAILURE.modelRefused) return refusalCodeOf(inner.details) ?? 'model_refused';
  return CODES[inner.type ?? ''] ?? 'internal';
}
