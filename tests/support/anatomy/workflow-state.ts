import type { Client } from '@temporalio/client';

/** What a workflow is about at one moment. */
export interface WorkflowState {
  readonly isRunning: boolean;
  /** A workflow task waits for a worker or is worked on. */
  readonly hasTask: boolean;
  /** Types of the activities that have begun or wait. */
  readonly activities: readonly string[];
}

const RUNNING = 1;

/** Undefined while there is no such workflow. */
export async function readWorkflowState(temporal: Client, workflowId: string): Promise<WorkflowState | undefined> {
  try {
    const { workflowExecutionInfo, pendingActivities, pendingWorkflowTask } =
      await temporal.workflowService.describeWorkflowExecution({
        namespace: temporal.options.namespace,
        execution: { workflowId },
      });
    return {
      isRunning: workflowExecutionInfo?.status === RUNNING,
      hasTask: Boolean(pendingWorkflowTask),
      activities: (pendingActivities ?? []).map(({ activityType }) => activityType?.name ?? ''),
    };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === NOT_FOUND) return undefined;
    throw error;
  }
}

/** gRPC's own number. */
const NOT_FOUND = 5;
