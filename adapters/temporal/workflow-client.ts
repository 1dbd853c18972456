import {
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  type Client,
  type WorkflowHandle,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { FailureType } from '../../contracts/failures.ts';
import {
  RECORDED,
  MESSAGE,
  orchestrationWorkflowId,
  POOLS,
  QUEUE,
  undoWorkflowId,
  WORKFLOW,
  SEARCH_ATTRIBUTE,
} from '../../contracts/queues.ts';
import type {
  Decision,
  DecisionOutcome,
  OrchestrationInput,
  OrchestrationTarget,
  Refusal,
  SteeringMessage,
  UndoInput,
} from '../../contracts/workflow.ts';
import {
  WorkflowsAwayError,
  type Delivery,
  type WorkflowAnswer,
  type WorkflowHealthPort,
  type WorkflowPort,
} from '../../domain/orchestrations/workflow-port.ts';
import type { orchestrationWorkflow } from '../../workflows/orchestration.workflow.ts';

/** People wait for these answers. */
const ANSWER_MS = 10_000;
/** gRPC's own numbers (grpc.github.io/grpc/core/md_doc_statuscodes.html). */
const GRPC = { DEADLINE_EXCEEDED: 4, UNAVAILABLE: 14 } as const;

/** Orchestrations as workflows on Temporal. `onStop` is told the id of a workflow that may have been told to stop. */
export function createWorkflowClient(client: Client, onStop: (workflowId: string) => void = () => {}): WorkflowPort {
  const thenStop = async <T>(run: OrchestrationTarget, work: Promise<T>): Promise<T> => {
    const answer = await work;
    onStop(orchestrationWorkflowId(run));
    return answer;
  };
  const ask = <T>(run: OrchestrationTarget, work: (handle: WorkflowHandle) => Promise<T>) =>
    toAnswer(() =>
      client.withDeadline(Date.now() + ANSWER_MS, () =>
        followingRuns(client.workflow.getHandle(orchestrationWorkflowId(run)), work),
      ),
    );
  return {
    async deliver(delivery, timeoutMs) {
      try {
        await client.withDeadline(Date.now() + timeoutMs, () => deliver(client, delivery));
        if (delivery.kind === 'decision') onStop(orchestrationWorkflowId(delivery));
      } catch (error) {
        throw isAway(error) ? new WorkflowsAwayError('Temporal did not answer in time.', { cause: error }) : error;
      }
    },
    decide: (run, decision) =>
      thenStop(
        run,
        ask(run, (handle) => handle.executeUpdate<DecisionOutcome, [Decision]>(MESSAGE.decide, { args: [decision] })),
      ),
    steer: (run, message) =>
      ask(run, (handle) => handle.executeUpdate<void, [SteeringMessage]>(MESSAGE.steer, { args: [message] })),
    cancel: (run) =>
      thenStop(
        run,
        ask(run, async (handle) => void (await handle.cancel())),
      ),
  };
}

/** Runs that one message may just miss. */
const MAX_RUNS_MISSED = 5;

/**
 * Does something with a workflow, and again with the run that follows when this one has just continued as new: a message
 * that comes meanwhile is given back unread, as if the workflow had ended.
 */
async function followingRuns<T>(handle: WorkflowHandle, work: (handle: WorkflowHandle) => Promise<T>): Promise<T> {
  for (let missed = 0; ; missed++)
    try {
      return await work(handle);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError) || missed >= MAX_RUNS_MISSED) throw error;
      if ((await handle.describe()).status.name !== 'RUNNING') throw error;
    }
}

/** Errors of the client as what they say of the message. */
async function toAnswer<T>(work: () => Promise<T>): Promise<WorkflowAnswer<T>> {
  try {
    return { status: 'done', value: await work() };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { status: 'not_found' };
    if (!(error instanceof WorkflowUpdateFailedError)) return { status: 'unconfirmed' };
    const { cause } = error;
    const type = cause instanceof ApplicationFailure ? (cause.type as FailureType | undefined) : undefined;
    if (!(cause instanceof ApplicationFailure) || !type) return { status: 'unconfirmed' };
    return { status: 'refused', type, isRecorded: cause.details?.[0] === RECORDED };
  }
}

/** Nobody answered, as opposed to an answer that says no. */
function isAway(error: unknown): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
    if (isGrpcServiceError(cause)) return cause.code === GRPC.UNAVAILABLE || cause.code === GRPC.DEADLINE_EXCEEDED;
  return false;
}

function deliver(client: Client, delivery: Delivery): Promise<void> {
  if (delivery.kind === 'request') return start(client, delivery);
  return delivery.kind === 'undo' ? startUndo(client, delivery) : signal(client, delivery);
}

/** Starting twice is starting once: the id follows from the delivery's orchestration. */
async function start(client: Client, delivery: Delivery): Promise<void> {
  const { organizationId, orchestrationId, body, source } = delivery;
  const { category } = body;
  const input: OrchestrationInput = {
    organizationId,
    orchestrationId,
    slack: source === 'slack',
    analyze: body['analyze'] === true,
    ...(body['tool'] === true && { tool: true }),
    ...(body['readsThread'] === true && { readsThread: true }),
    ...(typeof body['refusal'] === 'string' && { refusal: body['refusal'] as Refusal }),
  };
  try {
    await client.workflow.start<typeof orchestrationWorkflow>(WORKFLOW.orchestration, {
      args: [input],
      taskQueue: QUEUE.orchestration,
      workflowId: orchestrationWorkflowId(input),
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      staticSummary: `${source === 'slack' ? 'Slack' : 'REST'} request (${String(body['language'])})`,
      priority: { fairnessKey: organizationId },
      typedSearchAttributes: [
        { key: SEARCH_ATTRIBUTE.organization, value: organizationId },
        { key: SEARCH_ATTRIBUTE.status, value: 'running' },
        ...(typeof category === 'string' ? [{ key: SEARCH_ATTRIBUTE.category, value: category }] : []),
      ],
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/** One that runs already is told, and looks once more; one that has ended may be tried again for what is left. */
async function startUndo(client: Client, delivery: Delivery): Promise<void> {
  const { organizationId, orchestrationId, body } = delivery;
  const input: UndoInput = { organizationId, orchestrationId, userId: String(body['userId']) };
  await client.workflow.signalWithStart(WORKFLOW.undo, {
    args: [input],
    signal: MESSAGE.undo,
    signalArgs: [input.userId],
    taskQueue: QUEUE.orchestration,
    workflowId: undoWorkflowId(input),
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: 'Undo',
    priority: { fairnessKey: organizationId },
    typedSearchAttributes: [{ key: SEARCH_ATTRIBUTE.organization, value: organizationId }],
  });
}

/** A decision or a message for a run that is over came too late: nothing is left to do with it. */
async function signal(client: Client, delivery: Delivery): Promise<void> {
  const { kind, body } = delivery;
  const name = kind === 'steering' ? MESSAGE.steerFromSlack : MESSAGE.decideFromSlack;
  try {
    await client.workflow.getHandle(orchestrationWorkflowId(delivery)).signal(name, body);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

/** A poller that was not seen for this long is gone. */
const POLLER_SECONDS = 90;
/** `TASK_QUEUE_TYPE_WORKFLOW` and `TASK_QUEUE_TYPE_ACTIVITY` in Temporal's enum. */
const WORKFLOW_QUEUE = 1;
const ACTIVITY_QUEUE = 2;

/** Whether Temporal and the pools are there. */
export const createWorkflowHealth = (client: Client): WorkflowHealthPort => ({
  ping: async (timeoutMs) =>
    void (await client.withDeadline(Date.now() + timeoutMs, () => client.workflowService.getSystemInfo({}))),
  async isPolled(pool, timeoutMs) {
    const { pollers } = await client.withDeadline(Date.now() + timeoutMs, () =>
      client.workflowService.describeTaskQueue({
        namespace: client.options.namespace,
        taskQueue: { name: POOLS[pool] },
        // Only the orchestration pool takes workflows; the others are known by their activities.
        taskQueueType: pool === 'orchestration' ? WORKFLOW_QUEUE : ACTIVITY_QUEUE,
      }),
    );
    const oldest = Date.now() / 1_000 - POLLER_SECONDS;
    return pollers?.some(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) > oldest) ?? false;
  },
});
