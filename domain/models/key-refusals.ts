import { FAILURE, FailureError } from '../../contracts/failures.ts';
import type { TakenKey } from '../../db/queries/key-pool.ts';
import { backOffMs, jittered, KEY_POLICY, queueWaitMs } from './key-waits.ts';
import { ModelCallError, type ModelCall } from './model-port.ts';

type Counted = Pick<TakenKey, 'calls' | 'rounds'>;
type Trying = Pick<ModelCall, 'tries' | 'attempt'>;

/** A failure as it is told to Temporal: with the time to come back, or final after the last try. Pure but for chance. */
export function finalAfter(taken: Counted, { tries }: Trying, error: ModelCallError): ModelCallError {
  const { failure, free, waitSeconds } = error;
  if (!(failure instanceof FailureError) || failure.nonRetryable) return error;
  const isLast = taken.calls >= KEY_POLICY.mostCalls || taken.rounds >= tries;
  const waitMs = waitSeconds ? jittered(waitSeconds * 1_000) : backOffMs(taken.calls);
  return new ModelCallError(isLast ? final(failure) : retried(failure, waitMs), free);
}

/**
 * Why there is no key for this call. Nothing was sent, or what was sent before was free. Waiting for one's turn costs no
 * try; finding every key at rest does. Pure but for chance.
 */
export function refusalOf(
  taken: Pick<TakenKey, 'verdict' | 'waitMs'> & Counted,
  { tries, attempt }: Trying,
  last?: ModelCallError,
): ModelCallError {
  switch (taken.verdict) {
    case 'busy': {
      const failure = limited('Every key is at work with as many calls as it may have; this one waits for its turn.');
      return new ModelCallError(retried(failure, queueWaitMs(attempt)), true);
    }
    case 'cooling': {
      const failure = passingOf(last) ?? limited('Every key rests after errors of the provider.');
      const asked = last?.waitSeconds !== undefined;
      const waitMs = asked ? jittered(taken.waitMs) : backOffMs(taken.rounds, taken.waitMs);
      return new ModelCallError(taken.rounds >= tries ? final(failure) : retried(failure, waitMs), true);
    }
    case 'exhausted':
      return new ModelCallError(
        final(failureOf(last) ?? limited(`The model was asked ${taken.calls} times and did not answer.`)),
        true,
      );
    case 'quarantined':
      return unauthorized(last?.message ?? 'The provider has rejected every key.');
    case 'none':
    case 'leased':
    default:
      return unauthorized('There is no key: set ANTHROPIC_API_KEYS, or an admin adds one to the pool.');
  }
}

const failureOf = (error?: ModelCallError): FailureError | undefined =>
  error?.failure instanceof FailureError ? error.failure : undefined;

/** A rejected key is no reason to stop while others only rest. */
function passingOf(error?: ModelCallError): FailureError | undefined {
  const failure = failureOf(error);
  return failure?.nonRetryable ? undefined : failure;
}

const limited = (message: string): FailureError => FailureError.create({ type: FAILURE.modelRateLimited, message });

const unauthorized = (message: string): ModelCallError =>
  new ModelCallError(FailureError.nonRetryable(message, FAILURE.modelUnauthorized), true);

const final = ({ message, type }: FailureError): FailureError => FailureError.nonRetryable(message, type ?? undefined);

const retried = ({ message, type }: FailureError, nextRetryDelay: number): FailureError =>
  FailureError.create({ message, type: type ?? undefined, nextRetryDelay });
