import type { Decision, JudgedDecision, OrchestrationTarget } from '../../contracts/workflow.ts';
import { storableText } from '../../contracts/json.ts';
import { isUuid, withOrganization, type DatabaseDeps } from '../../db/organization.ts';
import { findInboxRow } from '../../db/queries/inbox.ts';
import { getOrchestration } from '../../db/queries/orchestrations.ts';
import { insertAudit, rolesOf } from '../../db/queries/organizations.ts';
import { findAnswerers } from './policy.ts';

const SAID = ['verdict', 'userId', 'choice', 'approvalId', 'hash', 'editId'] as const;

/**
 * Who an answer comes from, as our tables know it at this moment, and whether it was accepted at all: whoever reaches
 * Temporal can send one, but only what stands in the inbox has come through an entry that knows its people.
 */
export function judgeDecision(
  deps: DatabaseDeps,
  {
    organizationId,
    orchestrationId,
    decision,
    others,
  }: OrchestrationTarget & { decision: Decision; others: readonly string[] },
): Promise<JudgedDecision> {
  return withOrganization(deps.db, organizationId, async (trx) => {
    const job = await getOrchestration(trx, orchestrationId);
    const row = isUuid(decision.id) ? await findInboxRow(trx, decision.id) : undefined;
    const isOfJob = row?.kind === 'decision' && row.orchestration_id === orchestrationId;
    const isAccepted = isOfJob && SAID.every((field) => row.body[field] === decision[field]);
    return { isAccepted, people: await findAnswerers(trx, job, [decision.userId, ...others]) };
  });
}

/** A message to the work that does not count. `id`: the same for every try to write it down. */
export type RefusedMessage = OrchestrationTarget & {
  readonly id: string;
  readonly action: string;
  readonly userId: string;
  readonly details: Readonly<Record<string, unknown>>;
};

const MAX_DETAIL_CHARS = 200;

/** Writes down who has tried what; somebody whom the organization does not know is named in the details only. */
export const recordRefusal = (
  deps: DatabaseDeps,
  { organizationId, orchestrationId, id, action, userId, details }: RefusedMessage,
): Promise<void> =>
  withOrganization(deps.db, organizationId, async (trx) => {
    const isKnown = isUuid(userId) && (await rolesOf(trx, [userId])).size > 0;
    const shown = Object.entries(details).map(([name, value]) => [
      name,
      storableText(String(value)).slice(0, MAX_DETAIL_CHARS),
    ]);
    await insertAudit(trx, {
      organization_id: organizationId,
      id,
      user_id: isKnown ? userId : null,
      action,
      subject: orchestrationId,
      outcome: 'rejected',
      details: JSON.stringify(Object.fromEntries(shown)),
    });
  });
