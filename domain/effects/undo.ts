import { randomUUID } from 'node:crypto';
import { isFinal } from '../../contracts/orchestration.ts';
import type { UndoAnswer } from '../../contracts/tool-calls.ts';
import { isUuid, withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { claimKeys, insertDelivery } from '../../db/queries/inbox.ts';
import { lockOrchestration, findOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { countEffects } from '../../db/queries/tool-views.ts';
import { audit } from '../audit.ts';
import type { DatabaseDeps } from '../deps.ts';
import type { DispatchDeps } from '../inbox/dispatcher.ts';
import { type Principal, notFound, RequestError } from '../../contracts/request.ts';

export type UndoDeps = DatabaseDeps & DispatchDeps;

/**
 * Has taken back what a job has changed outside, the last change first. Written down before anybody is told, so that
 * nothing is lost while Temporal is away. `keys` are the names under which the same wish may come again.
 * @throws RequestError 404 for an unknown job, 403 when it is somebody else's, 409 while it is at work or when nothing
 *   can be taken back, also when one of the keys has come before (its reason is `repeated` then).
 */
export async function undoJob(
  deps: UndoDeps,
  principal: Principal,
  jobId: string,
  keys: readonly string[] = [],
): Promise<UndoAnswer> {
  const { delivery, undoing } = await withOrganization(deps.db, principal.organizationId, (trx) =>
    write(trx, principal, jobId, keys),
  );
  await deps.dispatcher.now(delivery);
  return { jobId, undoing };
}

async function write(trx: OrganizationTransaction, principal: Principal, jobId: string, keys: readonly string[]) {
  const id = randomUUID();
  const { organizationId, userId } = principal;
  // A refused one gives its names back with the transaction.
  if (!(await claimKeys(trx, { organizationId, id, keys })))
    throw new RequestError('conflict', 'This has been said before.', undefined, 'repeated');
  if (!isUuid(jobId) || !(await findOrchestration(trx, jobId))) throw notFound('job');
  const job = await lockOrchestration(trx, jobId);
  refuseOthers(principal, job);
  if (!isFinal(job.status))
    throw new RequestError('conflict', 'The job is still at work. Stop or cancel it first, or let it end.');
  const undoing = (await countEffects(trx, [jobId]))[0]?.undoable ?? 0;
  if (undoing === 0)
    throw new RequestError('conflict', 'Nothing of what this job has changed can be taken back, or it already is.');
  const body = { userId };
  const delivery = { organizationId, id, source: 'rest', kind: 'undo', orchestrationId: jobId, body, keys } as const;
  await insertDelivery(trx, delivery);
  await audit(trx, principal, 'effects.undo', jobId, { undoing });
  return { delivery, undoing };
}

function refuseOthers({ role, userId }: Principal, job: Orchestration): void {
  if (role !== 'admin' && userId !== job.user_id)
    throw new RequestError(
      'forbidden',
      'Only the person who asked or an admin may take back what this job has changed.',
    );
}
