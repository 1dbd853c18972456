import { randomUUID } from 'node:crypto';
import type { CancelRequest } from '../../contracts/approval.ts';
import type { EffectCounts } from '../../contracts/effects.ts';
import { FAILURE } from '../../contracts/failures.ts';
import { isFinal, type JobStatusName } from '../../contracts/orchestration.ts';
import { type Principal, RequestError } from '../../contracts/request.ts';
import { textsFor } from '../../contracts/texts.ts';
import { withOrganization } from '../../db/organization.ts';
import { insertMessage } from '../../db/queries/sessions.ts';
import { changeOrchestration, getOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { countEffects } from '../../db/queries/tool-views.ts';
import { answererOf, decide, isNamed, refuseRepeated, type DecideDeps } from '../approvals/decide.ts';
import { refuseAnswer, toRefusal } from '../approvals/refusals.ts';
import { auditUnseen, findJobFor } from '../access/access.ts';
import { audit } from '../audit.ts';
import { toEffectCounts } from '../effects/job-effects.ts';
import { mayUndo } from '../effects/undo.ts';
import { DIRECT, type Entry } from '../inbox/dispatcher.ts';
import type { WorkflowPort } from './workflow-port.ts';

export interface CancelDeps extends DecideDeps {
  readonly workflows: Pick<WorkflowPort, 'decide' | 'cancel'>;
}

/**
 * Cancels a job, from whatever entry. One that waits for approval gets CANCEL as its answer from whoever may give it; the
 * person who asked and admins may stop their work at any time, also where they may not answer. Otherwise model calls
 * under way are interrupted and finished answers are kept. One that Temporal has not got yet is ended here.
 * @throws RequestError 404 for an unknown job, 403 when it is somebody else's, 409 when it is over
 *   or when the answer names an approval that waits no more.
 */
export async function cancelJob(
  deps: CancelDeps,
  principal: Principal,
  jobId: string,
  given: CancelRequest = {},
  entry: Entry = DIRECT,
): Promise<JobStatusName> {
  const answer = { ...given, verdict: 'cancel' } as const;
  const { job, who } = await withOrganization(deps.db, principal.organizationId, async (trx) => {
    await refuseRepeated(trx, entry);
    const found = await findJobFor(trx, principal, jobId, entry.via);
    return { job: found, who: await answererOf(trx, principal, found) };
  }).catch((error: unknown) => auditUnseen(deps, principal, ['approval.decide', jobId], error));
  const isTheirs = principal.role === 'admin' || (principal.role !== 'guest' && principal.userId === job.user_id);
  const isAsked = job.status === 'awaiting_approval';
  if (isAsked && isNamed(who, job)) {
    const answered = await decide(deps, principal, jobId, answer, entry).catch(unlessAway);
    return answered ?? stopWorkflow(deps, job);
  }
  if (!isTheirs) {
    const refusal = new RequestError(
      'forbidden',
      'Only the person who asked or an admin may cancel this job.',
      undefined,
      isAsked ? 'not_named' : 'not_theirs',
    );
    return refuseAnswer(deps, principal, { jobId, answer, entry }, refusal);
  }
  if (isFinal(job.status))
    throw new RequestError('conflict', `The job is over: ${job.status}.`, undefined, 'not_waiting');
  if (isAsked) await withdraw(deps, principal, job, given, entry);
  else if (given.approvalId ?? given.hash)
    throw new RequestError(
      'conflict',
      'This approval waits for no answer any more. To stop the work itself, cancel the job without naming an approval.',
    );
  return stopWorkflow(deps, job);
}

/** A cancel's answer: what the work has changed outside by now, and how that is taken back. */
interface CancelReceipt {
  readonly changes?: EffectCounts;
  readonly undo?: string;
  readonly note?: string;
}

/**
 * What is known right after a cancel, counted as the job view counts it. Work that still ends may add to it, which is said.
 * Empty when it cannot be read now: the cancel counts all the same.
 */
export const readCancelReceipt = (deps: CancelDeps, principal: Principal, jobId: string): Promise<CancelReceipt> =>
  withOrganization(deps.db, principal.organizationId, async (trx) => {
    const job = await getOrchestration(trx, jobId);
    const changes = toEffectCounts((await countEffects(trx, [jobId]))[0]);
    const isUndoable = changes.undoable > 0 && mayUndo(principal, job);
    return {
      changes,
      ...(isUndoable && { undo: `POST /api/jobs/${jobId}/undo` }),
      ...(!isFinal(job.status) && { note: textsFor(job.language).words.stillEnding }),
    };
  }).catch((): CancelReceipt => ({}));

/** Writes down that a request is taken back by somebody who may not answer its question. */
async function withdraw(
  deps: CancelDeps,
  principal: Principal,
  { id: jobId, approval }: Orchestration,
  given: CancelRequest,
  entry: Entry,
): Promise<void> {
  const { approvalId, hash, reason } = given;
  const isOther = (approvalId && approvalId !== approval?.id) || (hash && hash !== approval?.hash);
  const answer = { ...given, verdict: 'cancel' } as const;
  if (isOther) return refuseAnswer(deps, principal, { jobId, answer, entry }, toRefusal(FAILURE.approvalMismatch));
  const details = { verdict: 'cancel', takenBack: true, reason, approvalId: approval?.id, hash: approval?.hash };
  await withOrganization(deps.db, principal.organizationId, (trx) =>
    audit(trx, principal, 'approval.decide', jobId, details),
  );
}

/** Without a worker no update is answered, but a workflow can still be told to stop. */
function unlessAway(error: unknown): undefined {
  if (!(error instanceof RequestError) || error.kind !== 'unavailable') throw error;
}

async function stopWorkflow(deps: CancelDeps, job: Orchestration): Promise<JobStatusName> {
  const stopped = await deps.workflows.cancel({ organizationId: job.organization_id, orchestrationId: job.id });
  if (stopped.status === 'done') return job.status;
  if (job.status === 'pending' && (await cancelUnstarted(deps, job))) return 'cancelled';
  if (stopped.status === 'not_found') throw new RequestError('conflict', 'The job has just ended.');
  throw new RequestError('unavailable', 'Temporal is away, so the job could not be told to stop. Please try again.');
}

/** The relay may start it all the same; it then finds a final row, runs nothing and ends. */
async function cancelUnstarted(
  deps: CancelDeps,
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
