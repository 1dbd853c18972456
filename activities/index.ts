import { createModelActivities, type ModelDeps } from './model.ts';
import { createSlackActivities } from './slack.ts';
import { createStoreActivities, type StoreDeps } from './store.ts';
import { createToolActivities } from './tools.ts';
import { translatingFailures } from './translate-failures.ts';
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
