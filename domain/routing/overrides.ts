import { randomUUID } from 'node:crypto';
import { Language } from '../../contracts/agents.ts';
import type { OverrideRequest, RoutingAccuracy } from '../../contracts/routing.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { findOrchestration } from '../../db/queries/orchestrations.ts';
import { insertAudit, type Principal } from '../../db/queries/people.ts';
import { deleteOverride, listOverrides, putOverride, type RoutingOverride } from '../../db/queries/routing.ts';
import { countDecisions } from '../../db/queries/routing-decisions.ts';
import { textHashOf } from './text.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { OVERRIDES_LEARNED } from './insert-with-route.ts';
import { notFound } from '../../api/problems.ts';
import { isUuid } from '../../api/routes/responses.ts';
import { toAccuracy } from '../../api/views/routing.ts';

const ACCURACY_DAYS = 90;

/**
 * Keeps an admin's word on who does what and writes down who gave it. Doors learn it with their next request; the job
 * it was about is not touched.
 * @throws ProblemError 404 for an unknown job.
 */
export const addOverride = (
  deps: ApiDeps,
  { organizationId, userId }: Principal,
  given: OverrideRequest,
): Promise<RoutingOverride> =>
  withOrganization(deps.db, organizationId, async (trx) => {
    const { text, language, jobId } = await subjectOf(deps, trx, given);
    const override = await putOverride(trx, {
      organization_id: organizationId,
      id: randomUUID(),
      text,
      text_hash: textHashOf(text),
      language,
      agents: JSON.stringify(given.agents),
      orchestration_id: jobId,
      user_id: userId,
    });
    await audit(trx, userId, 'routing.override', override);
    return override;
  });

async function subjectOf(deps: ApiDeps, trx: OrganizationTransaction, { jobId, text, language }: OverrideRequest) {
  if (text !== undefined) return { text, language: language ?? deps.detectLanguage(text), jobId: null };
  const job = jobId !== undefined && isUuid(jobId) ? await findOrchestration(trx, jobId) : undefined;
  if (!job) throw notFound('job');
  return { text: job.message, language: job.language, jobId: job.id };
}

/** @throws ProblemError 404 for an unknown override. */
export const removeOverride = (
  deps: ApiDeps,
  { organizationId, userId }: Principal,
  id: string,
): Promise<RoutingOverride> =>
  withOrganization(deps.db, organizationId, async (trx) => {
    const gone = isUuid(id) ? await deleteOverride(trx, { organizationId, id }) : undefined;
    if (!gone) throw notFound('override');
    await audit(trx, userId, 'routing.override.delete', gone);
    return gone;
  });

const audit = (trx: OrganizationTransaction, userId: string, action: string, override: RoutingOverride) =>
  insertAudit(trx, {
    organization_id: override.organization_id,
    id: randomUUID(),
    user_id: userId,
    action,
    subject: override.id,
    outcome: 'done',
    details: JSON.stringify({
      agents: override.agents,
      jobId: override.orchestration_id,
      textHash: override.text_hash,
    }),
  });

/** Per language: what admins left as it was decided, and what the router makes of each override without having it. */
export async function measureAccuracy(deps: ApiDeps, organizationId: string): Promise<RoutingAccuracy[]> {
  const { counts, overrides } = await withOrganization(deps.db, organizationId, async (trx) => ({
    counts: await countDecisions(trx, ACCURACY_DAYS),
    overrides: await listOverrides(trx, OVERRIDES_LEARNED),
  }));
  const judgements = await deps.router.judge(overrides);
  return Language.options.map((language) => {
    const mine = judgements.filter((_, index) => overrides[index]?.language === language);
    return toAccuracy(language, counts, mine);
  });
}
