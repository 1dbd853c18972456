import { toJsonb } from '../../contracts/json.ts';
import { randomUUID } from 'node:crypto';
import type { Approval } from '../../contracts/approval.ts';
import { centsToNanos } from '../../contracts/money.ts';
import { textsFor } from '../../contracts/texts.ts';
import type { Decision, OrchestrationTarget } from '../../contracts/workflow.ts';
import { withOrganization, type DatabaseDeps, type OrganizationTransaction } from '../../db/organization.ts';
import { NoRoomInBudgetError, type DefaultLimits } from '../../db/queries/budget.ts';
import { openEnvelope } from '../../db/queries/envelopes.ts';
import { changeOrchestration, lockOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { insertAudit } from '../../db/queries/organizations.ts';
import { setApproval } from '../../db/queries/plans.ts';
import { listSteps } from '../../db/queries/steps.ts';
import { approveCalls } from '../../db/queries/tool-calls.ts';
import { raiseLimit } from '../../db/queries/usage.ts';
import { progressOf } from '../steps/end-step.ts';

/** What money is set aside and raised with. */
interface BudgetDeps {
  readonly defaultLimits: DefaultLimits;
  /** Money set aside for a plan is given back if nobody closes it for so long, s. */
  readonly envelopeSeconds: number;
}

export interface RecordDecisionDeps extends DatabaseDeps, BudgetDeps {}

/** `partial`: it counts towards a quorum, and others have to follow. */
export type DecisionInput = OrchestrationTarget & { readonly decision: Decision; readonly partial?: boolean };

/**
 * Records what a person has decided, with its immediate effects: the money of an approved plan is reserved, a budget is
 * raised. Safe to repeat: the first decision of a question stands. Where the worst case of the whole
 * plan has no room nothing is set aside: each call finds its own room, or asks for it.
 */
export async function recordDecision(deps: RecordDecisionDeps, input: DecisionInput): Promise<void> {
  try {
    await record(deps, input, true);
  } catch (error) {
    if (!(error instanceof NoRoomInBudgetError)) throw error;
    await record(deps, input, false);
  }
}

const record = (deps: RecordDecisionDeps, input: DecisionInput, reserve: boolean): Promise<void> =>
  withOrganization(deps.db, input.organizationId, async (trx) => {
    const { orchestrationId, decision, partial } = input;
    const orchestration = await lockOrchestration(trx, orchestrationId);
    const { approval } = orchestration;
    // An edited plan has a question of its own by now, which its editor has answered with the edits.
    const named = decision.editId ? approval?.id : decision.approvalId;
    if (!approval || approval.decision || (named !== undefined && named !== approval.id)) return;
    const recorded = partial ? withApproval(approval, decision) : withDecision(approval, decision);
    if (!partial && decision.verdict === 'approve') {
      if (reserve) await reservePlan(deps, trx, orchestration, approval);
      await raiseBudget(deps, trx, orchestration, approval, decision);
      if (approval.kind === 'tool' && !decision.choice)
        await approveCalls(trx, { orchestrationId, approvalId: approval.id });
    }
    await setApproval(trx, orchestrationId, recorded);
    await auditDecision(trx, input, recorded);
    await publish(trx, orchestration, recorded);
  });

const byWhom = ({ userId: by, via }: Decision) => ({ by, via, at: new Date().toISOString() });

function withApproval(approval: Approval, decision: Decision): Approval {
  const others = (approval.approvals ?? []).filter(({ by }) => by !== decision.userId);
  return { ...approval, approvals: [...others, byWhom(decision)] };
}

const withDecision = (approval: Approval, decision: Decision): Approval => ({
  ...(decision.verdict === 'approve' && approval.policy.quorum ? withApproval(approval, decision) : approval),
  decision: {
    id: decision.id,
    verdict: decision.verdict,
    ...(decision.choice && { choice: decision.choice }),
    ...byWhom(decision),
  },
});

/** The worst case of an approved plan. @throws NoRoomInBudgetError; the transaction must roll back. */
async function reservePlan(
  deps: BudgetDeps,
  trx: OrganizationTransaction,
  { organization_id: organizationId, id: orchestrationId, user_id: userId }: Orchestration,
  { plan }: Approval,
): Promise<void> {
  if (!plan.steps) return;
  const nanos = centsToNanos(plan.worstCaseCents);
  const wanted = { organizationId, orchestrationId, userId, nanos, expiresInSeconds: deps.envelopeSeconds };
  await openEnvelope(trx, wanted, deps.defaultLimits);
}

/** A budget is raised by what was shown, and the audit says by whom. */
async function raiseBudget(
  deps: BudgetDeps,
  trx: OrganizationTransaction,
  { organization_id: organizationId, user_id: userId, id: orchestrationId }: Orchestration,
  { kind, plan, choices }: Approval,
  decision: Decision,
): Promise<void> {
  const raises = kind === 'budget' && (decision.choice ?? choices?.[0]) === 'raise' && plan.raise;
  if (!raises) return;
  const { scope, period, byCents } = raises;
  await raiseLimit(
    trx,
    {
      organizationId,
      scope,
      ...(scope === 'user' && userId && { userId }),
      period: period as 'day' | 'month' | 'year',
      raise: { byNanos: centsToNanos(byCents) },
    },
    deps.defaultLimits,
  );
  await insertAudit(trx, {
    organization_id: organizationId,
    id: randomUUID(),
    user_id: decision.userId,
    action: 'budget.raised',
    subject: (scope === 'user' && userId) || organizationId,
    outcome: 'done',
    details: toJsonb({ ...raises, orchestrationId, via: decision.via }),
  });
}

async function publish(trx: OrganizationTransaction, row: Orchestration, approval: Approval): Promise<void> {
  const { decision } = approval;
  const { step } = progressOf(await listSteps(trx, row.id), textsFor(row.language));
  await changeOrchestration(trx, {
    organizationId: row.organization_id,
    id: row.id,
    set: {
      ...(decision?.verdict === 'approve' && { status: 'running', step }),
      approval: toJsonb(approval),
    },
    event: decision ? 'approval_decided' : 'orchestration_progress',
  });
}

/** Decisions over REST are audited where they arrive, with their reason. */
async function auditDecision(
  trx: OrganizationTransaction,
  { organizationId, orchestrationId, decision, partial }: DecisionInput,
  approval: Approval,
): Promise<void> {
  if (decision.via !== 'slack') return;
  const { verdict, choice, via } = decision;
  await insertAudit(trx, {
    organization_id: organizationId,
    id: randomUUID(),
    user_id: decision.userId,
    action: 'approval.decide',
    subject: orchestrationId,
    outcome: 'done',
    details: toJsonb({
      verdict,
      choice,
      via,
      partial,
      approvalId: approval.id,
      hash: approval.hash,
      policyVersion: approval.policy.version,
    }),
  });
}
