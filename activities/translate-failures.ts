import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { CancelledError, FailureError } from '../contracts/failures.ts';

type AnyActivity = (...args: never[]) => Promise<unknown>;

/** The one translator between failures of the domain and Temporal's; whatever is neither is a bug of ours and goes through. */
function toTemporalFailure(error: unknown): unknown {
  if (error instanceof CancelledError) return new CancelledFailure(error.message);
  if (!(error instanceof FailureError)) return error;
  const { message, type, nonRetryable, nextRetryDelay, details, cause } = error;
  return ApplicationFailure.create({
    message,
    type,
    nonRetryable,
    details: [...details],
    ...(nextRetryDelay !== undefined && { nextRetryDelay }),
    ...(cause instanceof Error && { cause }),
  });
}

/** The activities of a group, whose failures Temporal understands. */
export function translatingFailures<Group extends Record<string, AnyActivity>>(group: Group): Group {
  const translated = Object.entries(group).map(([name, activity]) => [
    name,
    (...args: never[]) =>
      activity(...args).catch((error: unknown) => {
        throw toTemporalFailure(error);
      }),
  ]);
  return Object.fromEntries(translated) as Group;
}
