import { randomUUID } from 'node:crypto';
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { FAILURE } from '../../contracts/failures.ts';
import { isFinal, type JobStatusName } from '../../contracts/orchestration.ts';
import { MESSAGE, orchestrationWorkflowId } from '../../contracts/queues.ts';
import type { SteerRequest, SteeringMode } from '../../contracts/steering.ts';
import type { OrchestrationTarget, SteeringMessage } from '../../contracts/workflow.ts';
import { withOrganization } from '../../db/organization.ts';
import { changeOrchestration, findOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import type { Principal } from '../../db/queries/people.ts';
import { dropSteering, insertSteering } from '../../db/queries/steering.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { notFound, ProblemError } from '../../api/problems.ts';

const DEADLINE_MS = 10_000;

export interface Steered {
  readonly steeringId: string;
  readonly mode: SteeringMode;
  readonly status: 'pending';
}

/**
 * Gives a person's words to running work: written down first, then told to the workflow, which takes them up at the next
 * step boundary.
 * @throws ProblemError 404 for an unknown job, 403 when it is somebody else's, 409 when it is over, 503 when it could
 *   not be told; then the words are dropped.
 */
export async function steerJob(
  deps: ApiDeps,
  principal: Principal,
  jobId: string,
  { message, mode }: SteerRequest,
): Promise<Steered> {
  const { organizationId, userId, role } = principal;
  const orchestration = await withOrganization(deps.db, organizationId, (trx) => findOrchestration(trx, jobId));
  if (!orchestration) throw notFound('job');
  if (role !== 'admin' && userId !== orchestration.user_id)
    throw new ProblemError('forbidden', 'Only the person who asked or an admin may steer this job.');
  if (message.length === 0 && mode !== 'stop')
    throw new ProblemError('invalid-request', 'message: Say what should change.', [
      { path: 'message', message: 'Say what should change.' },
    ]);
  if (isFinal(orchestration.status)) throw over(orchestration.status);
  const id = randomUUID();
  await writeDown(deps, orchestration, { id, userId, via: 'rest', mode, message });
  try {
    await tell(deps, { organizationId, orchestrationId: jobId }, { id, mode });
  } catch (error) {
    await withOrganization(deps.db, organizationId, (trx) => dropSteering(trx, id));
    throw toProblem(error, orchestration.status);
  } finally {
    deps.wakeReaders(organizationId);
  }
  return { steeringId: id, mode, status: 'pending' };
}

const over = (status: string) =>
  new ProblemError('conflict', `The job is over: ${status}. Ask again in the same session to go on from its answer.`);

/** The words, and that people see them as pending. */
const writeDown = (
  deps: ApiDeps,
  { organization_id: organizationId, id: orchestrationId }: Orchestration,
  words: { id: string; userId: string; via: string; mode: SteeringMode; message: string },
) =>
  withOrganization(deps.db, organizationId, async (trx) => {
    await insertSteering(trx, {
      organization_id: organizationId,
      id: words.id,
      orchestration_id: orchestrationId,
      user_id: words.userId,
      via: words.via,
      mode: words.mode,
      message: words.message,
    });
    await changeOrchestration(trx, { organizationId, id: orchestrationId, set: {}, event: 'orchestration_progress' });
  });

async function tell(
  deps: ApiDeps,
  target: OrchestrationTarget,
  message: { id: string; mode: SteeringMode },
): Promise<void> {
  const handle = deps.temporal.workflow.getHandle(orchestrationWorkflowId(target));
  await deps.temporal.withDeadline(Date.now() + DEADLINE_MS, () =>
    handle.executeUpdate<void, [SteeringMessage]>(MESSAGE.steer, { args: [message] }),
  );
}

function toProblem(error: unknown, status: JobStatusName): unknown {
  if (error instanceof WorkflowNotFoundError && status !== 'pending') return over('ended');
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
  if (cause instanceof ApplicationFailure && cause.type === FAILURE.alreadyOver) return over('ended');
  if (cause instanceof ApplicationFailure && cause.type === FAILURE.tooManyMessages)
    return new ProblemError('conflict', 'This job has taken as many messages as one job takes. Stop it or let it end.');
  return new ProblemError(
    'unavailable',
    'The job could not be told just now, and your words were dropped. Please try again.',
  );
}
