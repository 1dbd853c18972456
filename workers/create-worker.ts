import type { DataConverter, WorkerDeploymentVersion } from '@temporalio/common';
import { Worker, type NativeConnection, type WorkerDeploymentOptions, type WorkerOptions } from '@temporalio/worker';
import type { Activities } from '../activities/index.ts';
import { QUEUE } from '../contracts/queues.ts';
import type { Pool } from './pools.ts';

interface Shared {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly activities: Activities;
  readonly dataConverter: DataConverter;
  /** Which build this is; without it workers have no versions. */
  readonly version?: WorkerDeploymentVersion | undefined;
}

interface WorkerSettings extends Shared {
  /** The prebuilt script, or where the workflows are. */
  readonly workflows: { readonly codePath: string } | { readonly code: string } | { readonly workflowsPath: string };
  /** Workflows kept in memory between their tasks; one that waits holds some 50 KB, and coming back costs 1 ms. */
  readonly cachedWorkflows: number;
  readonly concurrency: number;
}

/** A worker of the orchestration pool: its workflows and all activities. */
export function createOrchestrationWorker(settings: WorkerSettings): Promise<Worker> {
  return Worker.create({
    ...optionsOf(settings, QUEUE.orchestration, settings.concurrency),
    ...sourceOf(settings.workflows),
    maxCachedWorkflows: settings.cachedWorkflows,
    maxConcurrentLocalActivityExecutions: settings.concurrency,
  });
}

/** A worker of any other pool: all activities and no workflows, so it neither loads their script nor polls for them. */
export const createActivityWorker = (shared: Shared, { taskQueue, concurrency }: Pool): Promise<Worker> =>
  Worker.create(optionsOf(shared, taskQueue, concurrency));

const optionsOf = (
  { connection, namespace, activities, dataConverter, version }: Shared,
  taskQueue: string,
  concurrency: number,
) => ({
  connection,
  namespace,
  taskQueue,
  dataConverter,
  activities: flatten(activities),
  ...(version && { workerDeploymentOptions: pinnedTo(version) }),
  maxConcurrentActivityTaskExecutions: concurrency,
  // A cancellation travels on a heartbeat's answer, and the usual throttle would hold it back for eight seconds; beats
  // are only this close while a stop is expected.
  maxHeartbeatThrottleInterval: '100 milliseconds' as const,
  // Longer than a usual model call's tail, shorter than a supervisor's patience.
  shutdownGraceTime: '8 seconds' as const,
  shutdownForceTime: '15 seconds' as const,
});

/** A run stays on the build that began it; it moves on when it continues as new. */
const pinnedTo = (version: WorkerDeploymentVersion): WorkerDeploymentOptions => ({
  version,
  useWorkerVersioning: true,
  defaultVersioningBehavior: 'PINNED',
});

const sourceOf = (workflows: WorkerSettings['workflows']): Partial<WorkerOptions> =>
  'workflowsPath' in workflows ? workflows : { workflowBundle: workflows };

/** One flat map of activities, as Temporal wants it; a name used by two groups is refused. */
function flatten(groups: Activities): Record<string, (...args: never[]) => unknown> {
  const flat: Record<string, (...args: never[]) => unknown> = {};
  for (const [group, activities] of Object.entries(groups))
    for (const [name, activity] of Object.entries(activities)) {
      if (name in flat) throw new Error(`The activity ${name} of ${group} exists in another group already.`);
      flat[name] = activity as (...args: never[]) => unknown;
    }
  return flat;
}
