import type { JobStatus } from '../../contracts/orchestration.ts';
import { type Principal, notFound } from '../../contracts/request.ts';
import { isUuid, withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { costsOf } from '../../db/queries/budget.ts';
import { listHealingOf } from '../../db/queries/healing.ts';
import { findOrchestration, listOrchestrations, type Orchestration } from '../../db/queries/orchestrations.ts';
import { listPlansOf } from '../../db/queries/plans.ts';
import { listSteeringOf } from '../../db/queries/steering.ts';
import { listStepsOf } from '../../db/queries/steps.ts';
import { countEffects, listCallsOf } from '../../db/queries/tool-views.ts';
import type { DatabaseDeps } from '../deps.ts';
import { toJobStatus } from './job-view.ts';

/** A job as it is now. @throws RequestError 404 */
export const readJob = ({ db }: DatabaseDeps, { organizationId }: Principal, jobId: string): Promise<JobStatus> =>
  withOrganization(db, organizationId, async (trx) => {
    const row = isUuid(jobId) ? await findOrchestration(trx, jobId) : undefined;
    const [job] = row ? await toJobs(trx, [row]) : [];
    if (!job) throw notFound('job');
    return job;
  });

/** The newest jobs of an organization. */
export const readJobs = (
  { db }: DatabaseDeps,
  { organizationId }: Principal,
  { limit }: { limit: number },
): Promise<JobStatus[]> =>
  withOrganization(db, organizationId, async (trx) => toJobs(trx, await listOrchestrations(trx, limit)));

/** Of each job in its status; `GET /api/jobs/:jobId/tool-calls` has them all. */
const SHOWN_CALLS = 50;

/** Jobs with all that belongs to them, in as many queries as for one. */
async function toJobs(trx: OrganizationTransaction, rows: readonly Orchestration[]): Promise<JobStatus[]> {
  const ids = rows.map(({ id }) => id);
  const planned = rows.filter(({ plan_decision }) => plan_decision?.used).map(({ id }) => id);
  const stepsOf = byJob(await listStepsOf(trx, ids));
  const steeringOf = byJob(await listSteeringOf(trx, ids));
  const healingOf = byJob(await listHealingOf(trx, ids));
  const planOf = byJob(await listPlansOf(trx, planned));
  const calls = await listCallsOf(trx, ids, SHOWN_CALLS);
  const callsOf = byJob(calls);
  // Effects come from calls: jobs without tools pay for one look only.
  const effectsOf = byJob(calls.length > 0 ? await countEffects(trx, ids) : []);
  const costs = await costsOf(trx, ids);
  return rows.map((row) =>
    toJobStatus(row, {
      steps: stepsOf(row),
      plan: planOf(row)[0],
      steering: steeringOf(row),
      healing: healingOf(row),
      calls: callsOf(row),
      effects: effectsOf(row)[0],
      costNanos: costs.get(row.id) ?? 0,
    }),
  );
}

const byJob = <T extends { orchestration_id: string }>(parts: readonly T[]) => {
  const groups = Map.groupBy(parts, ({ orchestration_id }) => orchestration_id);
  return ({ id }: Orchestration): readonly T[] => groups.get(id) ?? [];
};
