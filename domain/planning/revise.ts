import type { Plan, PlanDraft, PlanProblem } from '../../contracts/plan.ts';
import type { Decision, OrchestrationTarget, Question, RevisedPlan } from '../../contracts/workflow.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { lockOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { getEdits, listPlans, setApproval } from '../../db/queries/plans.ts';
import { applyEdits } from './edits.ts';
import { toQuestion } from '../approvals/approval.ts';
import { adopt, checkDraft, toOutline, type AdoptPlanDeps } from './adopt-plan.ts';
import { currentPolicy, type PolicyDeps } from '../approvals/policy.ts';

/**
 * Applies a person's edits to the plan that waits: validated and priced anew under the next revision. The person's
 * approval covers it when the policy is content with one and nothing about it has become dearer or riskier than what
 * was shown; otherwise the new plan is asked about. Refused edits change nothing. Safe to repeat: edits are applied once.
 */
export function revisePlan(
  deps: AdoptPlanDeps,
  input: OrchestrationTarget & { decision: Decision },
): Promise<RevisedPlan> {
  const { organizationId, orchestrationId, decision } = input;
  return withOrganization(deps.db, organizationId, async (trx) => {
    const orchestration = await lockOrchestration(trx, orchestrationId);
    const { approval } = orchestration;
    const plans = await listPlans(trx, orchestrationId);
    const [last, before] = plans.flatMap(({ document }) => document ?? []).toReversed();
    if (!approval || !last || !decision.editId) return refused();
    const wasOf = approval.plan.revision;
    // Whoever decides names the question that waits, so a newer edited plan is what came of these edits already.
    const isNewer = approval.id !== decision.approvalId || (wasOf ?? last.revision) < last.revision;
    if (last.source === 'edited' && before && isNewer) {
      const asked = wasOf === last.revision && !approval.decision ? toQuestion(approval, Date.now()) : undefined;
      return outcomeOf(deps, trx, orchestration, { before, plan: last, asked });
    }
    // Questions about a step, a budget or a failure have no plan to edit.
    if (approval.id !== decision.approvalId || approval.decision || wasOf !== last.revision) return refused();
    const edited = applyEdits(toDraft(last), await getEdits(trx, decision.editId));
    const checked = 'problems' in edited ? edited : await checkDraft(deps, trx, orchestration, edited.draft);
    if ('problems' in checked) return { verdict: 'rejected', problems: checked.problems };
    const revision = Math.max(...plans.map((plan) => plan.revision)) + 1;
    const plan = { ...checked, revision, source: 'edited' as const };
    const adopted = await adopt(deps, trx, orchestration, plan, false);
    const withdrawn = { verdict: 'withdrawn' as const, by: decision.userId, via: decision.via };
    await setApproval(trx, orchestrationId, {
      ...approval,
      decision: { ...withdrawn, at: new Date().toISOString() },
    });
    return outcomeOf(deps, trx, orchestration, { before: last, plan, asked: adopted.approval });
  });
}

/** Whether the editor's own approval covers the edited plan. */
async function outcomeOf(
  deps: PolicyDeps,
  trx: OrganizationTransaction,
  orchestration: Orchestration,
  { before, plan, asked }: { before: Plan; plan: Plan; asked: Question | undefined },
): Promise<RevisedPlan> {
  const { answers } = await currentPolicy(trx, deps, { askerId: orchestration.user_id, now: Date.now() });
  const dearer = plan.cents > Math.max(before.cents, answers.thresholdCents);
  const riskier = plan.steps.some(
    (step) => step.risk !== 'read' && before.steps.find(({ id }) => id === step.id)?.risk !== step.risk,
  );
  const isEnough = (answers.quorum ?? 1) === 1 && !dearer && !riskier;
  return isEnough || !asked
    ? { verdict: 'approved', plan: toOutline(plan) }
    : { verdict: 'asked', question: asked, plan: toOutline(plan) };
}

function refused(): RevisedPlan {
  const problem: PlanProblem = {
    step: null,
    field: 'edits',
    message: 'There is no plan to edit: this question has none.',
  };
  return { verdict: 'rejected', problems: [problem] };
}

const toDraft = ({ goal, steps }: PlanDraft): PlanDraft => ({ goal, steps });
