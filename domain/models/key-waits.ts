import { FAILURE, FailureError } from '../../contracts/failures.ts';
import type { KeyLease } from '../../db/queries/key-pool.ts';
import { ModelCallError, type ModelCall } from './model-port.ts';

/** Rests before a turn that found no key asks again, by the tries it has made, s. */
const STEPS_SECONDS = [1, 2, 5, 10] as const;
const MAX_WAIT_SECONDS = 30;

/** The same steps for a key, by its failures in a row; three of them open its circuit for five minutes. */
export const KEY_POLICY = {
  mostCalls: 5,
  stepsSeconds: STEPS_SECONDS,
  longestWaitSeconds: MAX_WAIT_SECONDS,
  circuitFailures: 3,
  circuitSeconds: 300,
} as const;

/** So much longer than asked a wait may be, so that those who were refused together do not come back together. */
const JITTER = 0.1;
const FIRST_QUEUE_WAIT_MS = 250;
const MAX_QUEUE_WAIT_MS = 3_000;

type Random = () => number;

/** The wait after so many tries: 1, 2, 5, 10 s, and no less than what is asked for; half a minute at most. Pure. */
export function backOffMs(tries: number, atLeastMs = 0, random: Random = Math.random): number {
  const step = STEPS_SECONDS[Math.min(Math.max(tries, 1), STEPS_SECONDS.length) - 1] ?? 1;
  return jittered(Math.max(step * 1_000, atLeastMs), random);
}

/** A wait that the provider has named, never shorter. Pure. */
export const jittered = (ms: number, random: Random = Math.random): number =>
  Math.min(Math.ceil(ms * (1 + JITTER * random())), MAX_WAIT_SECONDS * 1_000);

/** The wait for a free key while every healthy one is at work: short at first, spread out by chance. Pure. */
export const queueWaitMs = (attempt: number, random: Random = Math.random): number =>
  Math.round(Math.min(FIRST_QUEUE_WAIT_MS * 1.5 ** (attempt - 1), MAX_QUEUE_WAIT_MS) * (0.5 + random()));

type CallCounts = Pick<KeyLease, 'calls' | 'rounds'>;
type CallTries = Pick<ModelCall, 'tries' | 'attempt'>;

/** A failure as it is told to Temporal: with the time to come back, or final after the last try. Pure but for chance. */
export function toFinalFailure(leased: CallCounts, { tries }: CallTries, error: ModelCallError): ModelCallError {
  const { failure, free, waitSeconds } = error;
  if (!(failure instanceof FailureError) || failure.nonRetryable) return error;
  const isLast = leased.calls >= KEY_POLICY.mostCalls || leased.rounds >= tries;
  const waitMs = waitSeconds ? jittered(waitSeconds * 1_000) : backOffMs(leased.calls);
  return new ModelCallError(isLast ? final(failure) : retried(failure, waitMs), free);
}

/**
 * Why there is no key for this call. Nothing was sent, or what was sent before was free. Waiting for one's turn costs no
 * try; finding every key at rest does. Pure but for chance.
 */
export function toKeyRefusal(
  leased: Pick<KeyLease, 'verdict' | 'waitMs'> & CallCounts,
  { tries, attempt }: CallTries,
  last?: ModelCallError,
): ModelCallError {
  switch (leased.verdict) {
    case 'busy': {
      const failure = limited('Every key is at work with as many calls as it may have; this one waits for its turn.');
      return new ModelCallError(retried(failure, queueWaitMs(attempt)), true);
    }
    case 'cooling': {
      const failure = passingOf(last) ?? limited('Every key rests after errors of the provider.');
      const asked = last?.waitSeconds !== undefined;
      const waitMs = asked ? jittered(leased.waitMs) : backOffMs(leased.rounds, leased.waitMs);
      return new ModelCallError(leased.rounds >= tries ? final(failure) : retried(failure, waitMs), true);
    }
    case 'exhausted':
      return new ModelCallError(
        final(failureOf(last) ?? limited(`The model was asked ${leased.calls} times and did not answer.`)),
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
