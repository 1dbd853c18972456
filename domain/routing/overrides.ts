import { randomUUID } from 'node:crypto';
import { Language } from '../../contracts/agents.ts';
import type {
  OverrideRequest,
  RoutingAccuracy,
  RoutingDecision,
  RoutingOverride as OverrideView,
} from '../../contracts/routing.ts';
import { withOrganization, isUuid, type OrganizationTransaction } from '../../db/organization.ts';
import {
  DECISIONS_LOOKED_AT,
  deleteOverride,
  listOverrides,
  putOverride,
  countDecisions,
  listDecisions,
  type RoutingOverride as OverrideRow,
  type DecisionCount,
} from '../../db/queries/routing.ts';
import { findJobFor } from '../access/access.ts';
import type { DatabaseDeps } from '../deps.ts';
import { audit } from '../audit.ts';
import { detectLanguage, textHashOf } from './text.ts';
import type { LocalRouter, Judgement } from './local-router.ts';
import { OVERRIDES_LEARNED } from './insert-with-route.ts';
import { type Principal, notFound } from '../../contracts/request.ts';

export { DECISIONS_LOOKED_AT };

const ACCURACY_DAYS = 90;
/** More requests say no more of how good the routing is, and take longer to count. */
export const ACCURACY_REQUESTS = 10_000;
/** A longer message is cut where decisions are listed. */
const SHOWN_CHARS = 500;

/**
 * Keeps an admin's word on who does what and writes down who gave it. Every process learns it with its next request; the job
 * it was about is not touched.
 * @throws RequestError 404 for an unknown job.
 */
export const addOverride = (deps: DatabaseDeps, by: Principal, given: OverrideRequest): Promise<OverrideView> =>
  withOrganization(deps.db, by.organizationId, async (trx) => {
    const { text, language, jobId } = await subjectOf(trx, by, given);
    const override = await putOverride(trx, {
      organization_id: by.organizationId,
      id: randomUUID(),
      text,
      text_hash: textHashOf(text),
      language,
      agents: JSON.stringify(given.agents),
      orchestration_id: jobId,
      user_id: by.userId,
    });
    await auditOverride(trx, by, 'routing.override', override);
    return toOverride(override);
  });

async function subjectOf(trx: OrganizationTransaction, by: Principal, { jobId, text, language }: OverrideRequest) {
  if (text !== undefined) return { text, language: language ?? detectLanguage(text), jobId: null };
  const job = await findJobFor(trx, by, jobId ?? '');
  return { text: job.message, language: job.language, jobId: job.id };
}

/** @throws RequestError 404 for an unknown override. */
export const removeOverride = (deps: DatabaseDeps, by: Principal, id: string): Promise<OverrideView> =>
  withOrganization(deps.db, by.organizationId, async (trx) => {
    const gone = isUuid(id) ? await deleteOverride(trx, { organizationId: by.organizationId, id }) : undefined;
    if (!gone) throw notFound('override');
    await auditOverride(trx, by, 'routing.override.delete', gone);
    return toOverride(gone);
  });

const auditOverride = (trx: OrganizationTransaction, by: Principal, action: string, override: OverrideRow) =>
  audit(trx, by, action, override.id, {
    agents: override.agents,
    jobId: override.orchestration_id,
    textHash: override.text_hash,
  });

/** Per language: what admins left as it was decided, and what the router makes of each override without having it. */
export async function measureAccuracy(
  deps: DatabaseDeps & { readonly router: Pick<LocalRouter, 'judge'> },
  organizationId: string,
): Promise<RoutingAccuracy[]> {
  const { counts, overrides } = await withOrganization(deps.db, organizationId, async (trx) => ({
    counts: await countDecisions(trx, { days: ACCURACY_DAYS, most: ACCURACY_REQUESTS }),
    overrides: await listOverrides(trx, OVERRIDES_LEARNED),
  }));
  const judgements = await deps.router.judge(overrides);
  return Language.options.map((language) => {
    const mine = judgements.filter((_, index) => overrides[index]?.language === language);
    return toAccuracy(language, counts, mine);
  });
}

/** What admins have taught the router, the newest first; the newest 500 count. */
export const readOverrides = ({ db }: DatabaseDeps, organizationId: string): Promise<OverrideView[]> =>
  withOrganization(db, organizationId, async (trx) => (await listOverrides(trx, OVERRIDES_LEARNED)).map(toOverride));

/** Decisions, the newest first, and the moment before which the next page goes on: null when there are no more. */
export const readDecisions = (
  { db }: DatabaseDeps,
  by: Principal,
  filter: Parameters<typeof listDecisions>[2],
): Promise<{ decisions: RoutingDecision[]; next: string | null }> =>
  withOrganization(db, by.organizationId, async (trx) => {
    const { decisions, next } = await listDecisions(trx, by, filter, SHOWN_CHARS);
    return { decisions: decisions.flatMap(toDecision), next };
  });

type DecisionRow = Awaited<ReturnType<typeof listDecisions>>['decisions'][number];

/** A decision as admins read it; rows from before scores were kept say that nobody was asked. */
const toDecision = ({
  id,
  message,
  language,
  route,
  unclear,
  correction,
  created_at,
}: DecisionRow): RoutingDecision[] =>
  route
    ? [
        {
          jobId: id,
          message,
          language,
          agents: route.agents,
          mode: route.mode,
          category: route.category,
          decidedBy: route.decidedBy,
          confidence: route.confidence,
          scores: route.scores ?? { local: null, model: null },
          alternatives: route.alternatives,
          reason: route.reason,
          ...(unclear && { unclear }),
          ...(correction && { overridden: correction }),
          createdAt: created_at.toISOString(),
        },
      ]
    : [];

const toOverride = (row: OverrideRow): OverrideView => ({
  id: row.id,
  text: row.text,
  language: row.language,
  agents: row.agents,
  jobId: row.orchestration_id,
  userId: row.user_id,
  createdAt: row.created_at.toISOString(),
});

/** How good the decisions in one language were. */
function toAccuracy(
  language: Language,
  counts: readonly DecisionCount[],
  judgements: readonly Judgement[],
): RoutingAccuracy {
  const mine = counts.filter((count) => count.language === language);
  const decisions = sumOf(mine.map((count) => count.decisions));
  const overridden = sumOf(mine.map((count) => count.overridden));
  const right = judgements.filter((judgement) => judgement === 'right').length;
  return {
    language,
    decisions,
    overridden,
    accuracy: shareOf(decisions - overridden, decisions),
    decidedBy: mine.map((count) => ({
      decidedBy: count.decidedBy,
      decisions: count.decisions,
      overridden: count.overridden,
      accuracy: (count.decisions - count.overridden) / count.decisions,
    })),
    leaveOneOut: {
      overrides: judgements.length,
      right,
      abstained: judgements.filter((judgement) => judgement === 'abstained').length,
      accuracy: shareOf(right, judgements.length),
    },
  };
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);
const shareOf = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
