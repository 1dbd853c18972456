import { randomUUID } from 'node:crypto';
import { isFinal } from '../../contracts/orchestration.ts';
import type { UndoAnswer } from '../../contracts/tool-calls.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { claimKeys, insertDelivery, type InboxRow } from '../../db/queries/inbox.ts';
import { lockOrchestration, findOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import type { Principal } from '../../db/queries/people.ts';
import { countEffects } from '../../db/queries/tool-views.ts';
import { audit } from '../audit.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { notFound, ProblemError } from '../../api/problems.ts';

/** It was asked for by a message that has come before: that one stands. */
export class RepeatedUndoError extends Error {}

/**
 * Has taken back what a job has changed outside, the last change first. Written down before anybody is told, so that
 * nothing is lost while Temporal is away. `keys` are the names under which the same wish may come again.
 * @throws ProblemError 404 for an unknown job, 403 when it is somebody else's, 409 while it is at work or when nothing
 *   can be taken back; RepeatedUndoError when one of the keys has come before.
 */
export async function undoJob(
  deps: ApiDeps,
  principal: Principal,
  jobId: string,
  keys: readonly string[] = [],
): Promise<UndoAnswer> {
  const { delivery, undoing } = await withOrganization(deps.db, principal.organizationId, (trx) =>
    write(trx, principal, jobId, keys),
  );
  await deps.handOver.now(delivery);
  return { jobId, undoing };
}

async function write(trx: OrganizationTransaction, principal: Principal, jobId: string, keys: readonly string[]) {
  const id = randomUUID();
  const { organizationId, userId } = principal;
  // A refused one gives its names back with the transaction.
  if (!(await claimKeys(trx, { organizationId, id, keys }))) throw new RepeatedUndoError();
  const known = await findOrchestration(trx, jobId);
  if (!known) throw notFound('job');
  const job = await lockOrchestration(trx, jobId);
  refuseOthers(principal, job);
  if (!isFinal(job.status))
    throw new ProblemError('conflict', 'The job is still at work. Stop or cancel it first, or let it end.');
  const undoing = (await countEffects(trx, [jobId]))[0]?.undoable ?? 0;
  if (undoing === 0)
    throw new ProblemError('conflict', 'Nothing of what this job has changed can be taken back, or it already is.');
  const delivery: InboxRow = {
    organization_id: organizationId,
    id,
    source: 'rest',
    kind: 'undo',
    orchestration_id: jobId,
    body: { userId },
    received_at: new Date(),
    handed_over_at: null,
    attempts: 0,
    last_error: null,
  };
  const { body, source, kind } = delivery;
  await insertDelivery(trx, { organizationId, id, source, kind, orchestrationId: jobId, body, keys });
  await audit(trx, principal, 'effects.undo', jobId, { undoing });
  return { delivery, undoing };
}

function refuseOthers({ role, userId }: Principal, job: Orchestration): void {
  if (role !== 'admin' && userId !== job.user_id)
    throw new ProblemError(
      'forbidden',
      'Only the person who asked or an admin may take back what this job has changed.',
    );
}
