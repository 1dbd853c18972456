import {
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Client,
} from '@temporalio/client';
import { MESSAGE, orchestrationWorkflowId, QUEUE, undoWorkflowId, WORKFLOW } from '../../contracts/queues.ts';
import { SEARCH_ATTRIBUTE } from '../../contracts/search-attributes.ts';
import type { Decision, OrchestrationInput, Refusal, SteeringMessage, UndoInput } from '../../contracts/workflow.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { setFailedAttempt, setHandedOver, type InboxRow } from '../../db/queries/inbox.ts';
import type { ApiDeps } from '../../api/deps.ts';

/** A door waits this long for Temporal before it leaves a delivery to the relay. */
const DEADLINE_MS = 1_500;
/** After a failure the doors do not even try for this long, so that an outage costs nobody time. */
const PAUSE_MS = 2_000;
const RELAY_DEADLINE_MS = 5_000;
/** gRPC's own numbers (grpc.github.io/grpc/core/md_doc_statuscodes.html). */
const GRPC = { DEADLINE_EXCEEDED: 4, UNAVAILABLE: 14 } as const;

export interface HandOver {
  /** Gives a delivery to Temporal now if that is possible; otherwise the relay does it later. Never throws. */
  now(delivery: InboxRow): Promise<void>;
  /** As `now`, for the relay: with its own patience, in the transaction that holds the row, and the attempt is counted. */
  fromBacklog(trx: OrganizationTransaction, delivery: InboxRow): Promise<'done' | 'away' | 'refused'>;
}

/** The way from the inbox to Temporal. */
export function createHandOver({ db, temporal, log }: Pick<ApiDeps, 'db' | 'temporal' | 'log'>): HandOver {
  let awayUntil = 0;
  return {
    async now(delivery) {
      if (Date.now() < awayUntil) return;
      try {
        await temporal.withDeadline(Date.now() + DEADLINE_MS, () => give(temporal, delivery));
      } catch (error) {
        if (isAway(error)) awayUntil = Date.now() + PAUSE_MS;
        log.warn({ err: error, deliveryId: delivery.id }, 'Temporal did not take a delivery; the relay will');
        return;
      }
      // The relay would only find the workflow started, so nobody waits for this.
      void withOrganization(db, delivery.organization_id, (trx) => setHandedOver(trx, delivery.id)).catch(
        (error: unknown) =>
          log.warn({ err: error, deliveryId: delivery.id }, 'a hand-over could not be noted; the relay repeats it'),
      );
    },
    async fromBacklog(trx, delivery) {
      try {
        await temporal.withDeadline(Date.now() + RELAY_DEADLINE_MS, () => give(temporal, delivery));
      } catch (error) {
        await setFailedAttempt(trx, delivery.id, error instanceof Error ? error.message : String(error));
        return isAway(error) ? 'away' : 'refused';
      }
      awayUntil = 0;
      await setHandedOver(trx, delivery.id);
      return 'done';
    },
  };
}

/** Nobody answered, as opposed to an answer that says no. */
function isAway(error: unknown): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
    if (isGrpcServiceError(cause)) return cause.code === GRPC.UNAVAILABLE || cause.code === GRPC.DEADLINE_EXCEEDED;
  return false;
}

function give(client: Client, delivery: InboxRow): Promise<void> {
  if (delivery.kind === 'request') return start(client, delivery);
  return delivery.kind === 'undo' ? startUndo(client, delivery) : signal(client, delivery);
}

/** Starting twice is starting once: the id follows from the delivery's orchestration. */
async function start(client: Client, delivery: InboxRow): Promise<void> {
  const { organization_id: organizationId, orchestration_id: orchestrationId, body, source } = delivery;
  const input: OrchestrationInput = {
    organizationId,
    orchestrationId,
    slack: source === 'slack',
    analyze: body['analyze'] === true,
    ...(body['tool'] === true && { tool: true }),
    ...(typeof body['refusal'] === 'string' && { refusal: body['refusal'] as Refusal }),
  };
  try {
    await client.workflow.start(WORKFLOW.orchestration, {
      args: [input],
      taskQueue: QUEUE.orchestration,
      workflowId: orchestrationWorkflowId(input),
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      staticSummary: `${source === 'slack' ? 'Slack' : 'REST'} request (${String(body['language'])})`,
      priority: { fairnessKey: organizationId },
      typedSearchAttributes: [
        { key: SEARCH_ATTRIBUTE.organization, value: organizationId },
        { key: SEARCH_ATTRIBUTE.status, value: 'running' },
      ],
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/** One that runs already takes back what this one would; one that has ended may be tried again for what is left. */
async function startUndo(client: Client, delivery: InboxRow): Promise<void> {
  const { organization_id: organizationId, orchestration_id: orchestrationId, body } = delivery;
  const input: UndoInput = { organizationId, orchestrationId, userId: String(body['userId']) };
  await client.workflow.start(WORKFLOW.undo, {
    args: [input],
    taskQueue: QUEUE.orchestration,
    workflowId: undoWorkflowId(input),
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: 'Undo',
    priority: { fairnessKey: organizationId },
    typedSearchAttributes: [{ key: SEARCH_ATTRIBUTE.organization, value: organizationId }],
  });
}

/** A decision or a word for a run that is over came too late: nothing is left to do with it. */
async function signal(client: Client, delivery: InboxRow): Promise<void> {
  try {
    const { organization_id: organizationId, orchestration_id: orchestrationId } = delivery;
    const handle = client.workflow.getHandle(orchestrationWorkflowId({ organizationId, orchestrationId }));
    if (delivery.kind === 'steering')
      await handle.signal<[SteeringMessage]>(MESSAGE.steerFromSlack, delivery.body as unknown as SteeringMessage);
    else await handle.signal<[Decision]>(MESSAGE.decideFromSlack, delivery.body as unknown as Decision);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
