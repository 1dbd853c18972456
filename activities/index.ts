import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { CancelledError, FailureError } from '../contracts/failures.ts';
import { createModelActivities, type ModelDeps } from './model.ts';
import { createSlackActivities } from './slack.ts';
import { createStoreActivities, type StoreDeps } from './store.ts';
import { createToolActivities } from './tools.ts';
import type { SlackReportDeps } from '../domain/reports/report-to-slack.ts';
import type { ToolDeps } from '../domain/tools/tool-host.ts';

export type ActivityDeps = ModelDeps & StoreDeps & SlackReportDeps & ToolDeps;

/** All activities by group; a worker registers them flat, so a name may be used once in the whole house. */
export const createActivities = (deps: ActivityDeps) => ({
  model: translatingFailures(createModelActivities(deps)),
  store: translatingFailures(createStoreActivities(deps)),
  tools: translatingFailures(createToolActivities(deps)),
  slack: translatingFailures(createSlackActivities(deps)),
});

/** All that the workflows ever see of the activities. */
export type Activities = ReturnType<typeof createActivities>;

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
function translatingFailures<Group extends Record<string, AnyActivity>>(group: Group): Group {
  const translated = Object.entries(group).map(([name, activity]) => [
    name,
    (...args: never[]) =>
      activity(...args).catch((error: unknown) => {
        throw toTemporalFailure(error);
      }),
  ]);
  return Object.fromEntries(translated) as Group;
}
