import { randomUUID } from 'node:crypto';
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { mayAnswer } from '../../contracts/approval-rules.ts';
import { FAILURE } from '../../contracts/failures.ts';
import { type DecisionRequest } from '../../contracts/approval.ts';
import { isFinal, type JobStatusName } from '../../contracts/orchestration.ts';
import { MESSAGE, orchestrationWorkflowId } from '../../contracts/queues.ts';
import type { PlanEdits, PlanProblem } from '../../contracts/plan.ts';
import type { Decision, DecisionOutcome } from '../../contracts/workflow.ts';
import { withOrganization } from '../../db/organization.ts';
import { insertMessage } from '../../db/queries/messages.ts';
import { changeOrchestration, findOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { insertEdits } from '../../db/queries/plans.ts';
import { insertAudit, type Principal } from '../../db/queries/people.ts';
import { textsFor } from '../../contracts/texts.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { notFound, ProblemError } from '../../api/problems.ts';

const DEADLINE_MS = 10_000;
/** The row can say "waiting" one workflow task before the workflow does; so often and so long it is asked again. */
const RETRIES = 5;
const RETRY_MS = 300;

/**
 * Gives a person's verdict to the workflow and answers when it counts. Refused attempts are audited.
 * @throws ProblemError 404 for an unknown job, 409 when nothing waits or something else was shown, 403 by policy.
 */
export async function decide(
  deps: ApiDeps,
  principal: Principal,
  jobId: string,
  given: DecisionRequest & { verdict: Decision['verdict'] },
): Promise<JobStatusName> {
  const orchestration = await withOrganization(deps.db, principal.organizationId, (trx) =>
    findOrchestration(trx, jobId),
  );
  if (!orchestration) throw notFound('job');
  if (orchestration.status !== 'awaiting_approval')
    return refuse(
      deps,
      principal,
      orchestration,
      new ProblemError('conflict', `Nothing waits for approval: the job is ${orchestration.status}.`),
    );
  const { verdict, approvalId, hash, reason, choice } = given;
  const editId =
    given.edits && verdict === 'approve' ? await keepEdits(deps, principal, jobId, given.edits) : undefined;
  const decision: Decision = {
    verdict,
    userId: principal.userId,
    role: principal.role,
    isAsker: principal.userId === orchestration.user_id,
    via: 'rest',
    // Whoever names neither answers what is stored as shown now.
    approvalId: approvalId ?? orchestration.approval?.id,
    hash: hash ?? orchestration.approval?.hash,
    ...(choice && { choice }),
    ...(editId && { editId }),
  };
  const outcome = await send(deps, orchestration, decision);
  if (outcome instanceof ProblemError) return refuse(deps, principal, orchestration, outcome);
  if (outcome.problems) return refuse(deps, principal, orchestration, invalidEdits(outcome.problems));
  const { version: policyVersion } = orchestration.approval?.policy ?? {};
  const details = {
    verdict,
    choice,
    reason,
    editId,
    approvalId: decision.approvalId,
    hash: decision.hash,
    policyVersion,
  };
  await audit(deps, principal, orchestration, { outcome: 'done', details });
  if (outcome.waiting) return 'awaiting_approval';
  return verdict === 'approve' ? 'running' : 'cancelled';
}

async function keepEdits(deps: ApiDeps, principal: Principal, jobId: string, edits: PlanEdits): Promise<string> {
  const { organizationId, userId } = principal;
  const row = { organization_id: organizationId, id: randomUUID(), orchestration_id: jobId, user_id: userId };
  await withOrganization(deps.db, organizationId, (trx) => insertEdits(trx, { ...row, edits: JSON.stringify(edits) }));
  return row.id;
}

/** The plan's mistakes as the fields a person can mend. */
const invalidEdits = (problems: readonly PlanProblem[]): ProblemError =>
  new ProblemError(
    'invalid-request',
    `The edited plan is not valid, and nothing was changed: ${problems[0]?.message ?? ''}`,
    problems.map(({ step, field, message }) => ({
      path: ['edits', ...(step ? ['steps', step] : []), ...(field ? [field] : [])].join('.'),
      message,
    })),
  );

const workflowIdOf = ({ organization_id: organizationId, id: orchestrationId }: Orchestration): string =>
  orchestrationWorkflowId({ organizationId, orchestrationId });

async function send(
  deps: ApiDeps,
  orchestration: Orchestration,
  decision: Decision,
): Promise<ProblemError | DecisionOutcome> {
  const handle = deps.temporal.workflow.getHandle(workflowIdOf(orchestration));
  for (let attempt = 1; ; attempt++) {
    try {
      return await deps.temporal.withDeadline(Date.now() + DEADLINE_MS, () =>
        handle.executeUpdate<DecisionOutcome, [Decision]>(MESSAGE.decide, { args: [decision] }),
      );
    } catch (error) {
      const type = failureTypeOf(error);
      if (type === FAILURE.notWaiting && attempt < RETRIES && (await stillWaiting(deps, orchestration))) {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        continue;
      }
      return toProblem(error, type);
    }
  }
}

const stillWaiting = (deps: ApiDeps, { organization_id, id }: Orchestration): Promise<boolean> =>
  withOrganization(deps.db, organization_id, async (trx) => {
    const now = await findOrchestration(trx, id);
    return now?.status === 'awaiting_approval' && !now.approval?.decision;
  });

function failureTypeOf(error: unknown): string | undefined {
  if (error instanceof WorkflowNotFoundError) return FAILURE.notWaiting;
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
  return cause instanceof ApplicationFailure ? (cause.type ?? undefined) : undefined;
}

function toProblem(error: unknown, type: string | undefined): ProblemError {
  if (type === FAILURE.notAllowed)
    return new ProblemError(
      'forbidden',
      'The approval policy does not name you for this answer; the job shows whom it names.',
    );
  if (type === FAILURE.noSuchChoice)
    return new ProblemError('conflict', 'This question has no such choice. The job shows the choices it has.');
  if (type === FAILURE.alreadyApproved)
    return new ProblemError('conflict', 'You have approved this already. Others have to approve it too.');
  if (type === FAILURE.approvalMismatch)
    return new ProblemError(
      'conflict',
      'What you answered is not what waits now. Read the job again and answer what it shows.',
    );
  if (type === FAILURE.notWaiting)
    return new ProblemError('conflict', 'Nothing waits for approval any more: somebody was faster, or it expired.');
  if (error instanceof Error)
    return new ProblemError(
      'unavailable',
      'The decision could not be confirmed. Read the job again before you repeat it.',
    );
  throw error;
}

async function refuse(
  deps: ApiDeps,
  principal: Principal,
  orchestration: Orchestration,
  problem: ProblemError,
): Promise<never> {
  await audit(deps, principal, orchestration, { outcome: 'rejected', details: { reason: problem.message } });
  throw problem;
}

/** Who decided what, and who tried; a person's reason stays here, out of the workflow's history. */
const audit = (
  deps: ApiDeps,
  principal: Principal,
  orchestration: Orchestration,
  { outcome, details }: { outcome: 'done' | 'rejected'; details: Record<string, unknown> },
) =>
  withOrganization(deps.db, principal.organizationId, (trx) =>
    insertAudit(trx, {
      organization_id: principal.organizationId,
      id: randomUUID(),
      user_id: principal.userId,
      action: 'approval.decide',
      subject: orchestration.id,
      outcome,
      details: JSON.stringify(details),
    }),
  );

/**
 * Cancels a job. One that waits for approval gets CANCEL as its answer from whoever may give it; the person who asked and
 * admins may stop their work at any time, also where they may not answer. Otherwise model calls under way are interrupted
 * and finished answers are kept. One that Temporal has not got yet is ended here.
 * @throws ProblemError 404 for an unknown job, 403 when it is somebody else's, 409 when it is over
 *   or when the answer names an approval that waits no more.
 */
export async function cancelJob(
  deps: ApiDeps,
  principal: Principal,
  jobId: string,
  given: DecisionRequest = {},
): Promise<JobStatusName> {
  const orchestration = await withOrganization(deps.db, principal.organizationId, (trx) =>
    findOrchestration(trx, jobId),
  );
  if (!orchestration) throw notFound('job');
  const isTheirs = principal.role === 'admin' || principal.userId === orchestration.user_id;
  const answers = orchestration.status === 'awaiting_approval' && mayGiveAnswer(principal, orchestration);
  if (!isTheirs && !answers)
    throw new ProblemError('forbidden', 'Only the person who asked or an admin may cancel this job.');
  if (isFinal(orchestration.status)) throw new ProblemError('conflict', `The job is over: ${orchestration.status}.`);
  if (answers) {
    const answered = await decide(deps, principal, jobId, { ...given, verdict: 'cancel' }).catch(unlessAway);
    if (answered) return answered;
  } else if (orchestration.status === 'awaiting_approval') await takeBack(deps, principal, orchestration, given);
  else if (given.approvalId ?? given.hash)
    throw new ProblemError(
      'conflict',
      'This approval waits for no answer any more. To stop the work itself, cancel the job without naming an approval.',
    );
  return stopWorkflow(deps, orchestration);
}

const mayGiveAnswer = ({ userId, role }: Principal, { approval, user_id: askerId }: Orchestration): boolean =>
  approval !== null && mayAnswer(approval.policy, { userId, role, isAsker: userId === askerId }, Date.now());

/** Writes down that a request is taken back by somebody who may not answer its question. */
async function takeBack(
  deps: ApiDeps,
  principal: Principal,
  orchestration: Orchestration,
  { approvalId, hash, reason }: DecisionRequest,
): Promise<void> {
  const { approval } = orchestration;
  const isOther = (approvalId && approvalId !== approval?.id) || (hash && hash !== approval?.hash);
  if (isOther) return refuse(deps, principal, orchestration, toProblem(undefined, FAILURE.approvalMismatch));
  const details = { verdict: 'cancel', takenBack: true, reason, approvalId: approval?.id, hash: approval?.hash };
  await audit(deps, principal, orchestration, { outcome: 'done', details });
}

/** Without a worker no update is answered, but a workflow can still be told to stop. */
function unlessAway(error: unknown): undefined {
  if (!(error instanceof ProblemError) || error.kind !== 'unavailable') throw error;
}

async function stopWorkflow(deps: ApiDeps, orchestration: Orchestration): Promise<JobStatusName> {
  try {
    const handle = deps.temporal.workflow.getHandle(workflowIdOf(orchestration));
    await deps.temporal.withDeadline(Date.now() + DEADLINE_MS, () => handle.cancel());
    return orchestration.status;
  } catch (error) {
    if (orchestration.status === 'pending' && (await cancelUnstarted(deps, orchestration))) return 'cancelled';
    if (error instanceof WorkflowNotFoundError) throw new ProblemError('conflict', 'The job has just ended.');
    throw new ProblemError('unavailable', 'Temporal is away, so the job could not be told to stop. Please try again.');
  }
}

/** The relay may start it all the same; it then finds a final row, runs nothing and ends. */
async function cancelUnstarted(
  deps: ApiDeps,
  { organization_id: organizationId, id, language, session_id }: Orchestration,
): Promise<boolean> {
  const content = textsFor(language).cancelled;
  const cancelled = await withOrganization(deps.db, organizationId, async (trx) => {
    const changed = await changeOrchestration(trx, {
      organizationId,
      id,
      set: { status: 'cancelled', step: content, finished_at: new Date().toISOString() },
      event: 'orchestration_failed',
    });
    if (!changed) return false;
    const answer = { organization_id: organizationId, id: randomUUID(), session_id, orchestration_id: id } as const;
    await insertMessage(trx, { ...answer, role: 'assistant', content });
    return true;
  });
  deps.wakeReaders(organizationId);
  return cancelled;
}
