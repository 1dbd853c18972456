import type { AggregatedResult } from '../../contracts/orchestration.ts';
import { notFound, RequestError, type AccessPolicy, type Principal } from '../../contracts/request.ts';
import { textsFor } from '../../contracts/texts.ts';
import { isUuid, withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import {
  findVisibleJob,
  getAccessPolicy,
  isVisibleSession,
  listPersonal,
  listVisibleIds,
  setAccessPolicy,
} from '../../db/queries/access.ts';
import { findOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { audit, auditRefusal } from '../audit.ts';
import type { DatabaseDeps } from '../deps.ts';
import type { Entry } from '../inbox/dispatcher.ts';

/**
 * A job as somebody may see it: who asked, who takes part in its conversation, who is in the Slack channel in which it
 * was asked, whom a question of it names, and admins where the organization wants that. All entries ask here. Who speaks in a Slack thread has the work before their eyes.
 * @throws RequestError 404, the same for a job that is not there and for one that is not for them
 */
export async function findJobFor(
  trx: OrganizationTransaction,
  principal: Principal,
  jobId: string,
  via: Entry['via'] = 'rest',
): Promise<Orchestration> {
  if (!isUuid(jobId)) throw notFound('job');
  const job = await (via === 'slack' ? findOrchestration(trx, jobId) : findVisibleJob(trx, principal, jobId));
  if (!job) throw notFound('job');
  return job;
}

/** Passes an error on, and writes down when it says that a job of the organization is not for this person. */
export async function auditUnseen(
  deps: DatabaseDeps,
  principal: Principal,
  [action, jobId]: readonly [action: string, jobId: string],
  error: unknown,
): Promise<never> {
  if (!(error instanceof RequestError) || error.kind !== 'not-found' || !isUuid(jobId)) throw error;
  const job = await withOrganization(deps.db, principal.organizationId, (trx) => findOrchestration(trx, jobId));
  if (job) return auditRefusal(deps, principal, [action, jobId], error);
  throw error;
}

/** @throws RequestError 404, the same for a conversation that is not there and for one that is not for them */
export const refuseSession: typeof isVisibleSession = async (trx, by, id, use) => {
  if (!isUuid(id) || !(await isVisibleSession(trx, by, id, use))) throw notFound('session');
  return true;
};

/** Which of these jobs a person may see; for streams, which are asked about many at once. */
export const findVisible = (
  { db }: DatabaseDeps,
  principal: Principal,
  ids: readonly string[],
): Promise<ReadonlySet<string>> =>
  withOrganization(db, principal.organizationId, (trx) => listVisibleIds(trx, principal, ids));

/**
 * Of these jobs, those whose answers of a personal connection are withheld from this person: they are for whoever asked,
 * which is the owner of the connection, and for admins only where the organization wants that.
 */
export async function findWithheld(
  trx: OrganizationTransaction,
  { userId, role }: Principal,
  jobs: readonly Pick<Orchestration, 'id' | 'user_id'>[],
): Promise<ReadonlySet<string>> {
  const others = jobs.filter(({ user_id }) => user_id !== userId).map(({ id }) => id);
  const withheld = await listPersonal(trx, others);
  if (withheld.size === 0 || role !== 'admin') return withheld;
  return (await getAccessPolicy(trx)).adminsSeePersonal ? new Set() : withheld;
}

/** A result of which only that it is there may be shown. */
export const withheldResult = (result: AggregatedResult, language: Orchestration['language']): AggregatedResult => ({
  ...result,
  primary_result: textsFor(language).withheld,
  supporting_insights: [],
});

/** What admins may see of other people's work. */
export const readAccessPolicy = ({ db }: DatabaseDeps, { organizationId }: Principal): Promise<AccessPolicy> =>
  withOrganization(db, organizationId, getAccessPolicy);

/** Sets what admins may see of other people's work, and writes down who did. */
export const changeAccessPolicy = ({ db }: DatabaseDeps, by: Principal, policy: AccessPolicy): Promise<AccessPolicy> =>
  withOrganization(db, by.organizationId, async (trx) => {
    await setAccessPolicy(trx, by.organizationId, policy);
    await audit(trx, by, 'access-policy.set', by.organizationId, policy);
    return getAccessPolicy(trx);
  });
