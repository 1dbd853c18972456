import type { PlanDraft, PlanProblem } from '../../contracts/plan.ts';
import type { Decision, RevisedPlan } from '../../contracts/workflow.ts';
import { withOrganization } from '../../db/organization.ts';
import { lockOrchestration } from '../../db/queries/orchestrations.ts';
import { findPlan, getEdits, listPlans, setApproval } from '../../db/queries/plans.ts';
import { applyEdits } from '../plan/edits.ts';
import type { StoreDeps, Target } from './index.ts';
import { adopt, checkDraft, toOutline } from './plan.ts';
import { policyNow } from './policy.ts';

/**
 * Applies a person's edits to the plan that waits: validated and priced anew under the next revision. The person's
 * approval covers it when the policy is content with one and nothing about it has become dearer or riskier than what
 * was shown; otherwise the new plan is asked about. Refused edits change nothing.
 */
export function revisePlan(deps: StoreDeps, input: Target & { decision: Decision }): Promise<RevisedPlan> {
  const { organizationId, orchestrationId, decision } = input;
  return withOrganization(deps.db, organizationId, async (trx) => {
    const orchestration = await lockOrchestration(trx, orchestrationId);
    const { approval } = orchestration;
    const stored = await findPlan(trx, orchestrationId);
    const before = stored?.document;
    if (!approval || approval.id !== decision.approvalId || !before || !decision.editId)
      return refused('There is no plan to edit: this question has none.');
    const edits = await getEdits(trx, decision.editId);
    const edited = applyEdits(toDraft(before), edits);
    const checked = 'problems' in edited ? edited : await checkDraft(deps, trx, orchestration, edited.draft);
    if ('problems' in checked) return { verdict: 'rejected', problems: checked.problems };
    const revision = Math.max(...(await listPlans(trx, orchestrationId)).map((plan) => plan.revision)) + 1;
    const plan = { ...checked, revision, source: 'edited' as const };
    const { answers } = await policyNow(trx, deps.approvalRules, { askerId: orchestration.user_id, now: Date.now() });
    const dearer = plan.cents > Math.max(before.cents, answers.thresholdCents);
    const riskier = plan.steps.some(
      (step) => step.risk !== 'read' && before.steps.find(({ id }) => id === step.id)?.risk !== step.risk,
    );
    const adopted = await adopt(deps, trx, orchestration, plan, false);
    const withdrawn = { verdict: 'withdrawn' as const, by: decision.userId, via: decision.via };
    await setApproval(trx, orchestrationId, {
      ...approval,
      decision: { ...withdrawn, at: new Date().toISOString() },
    });
    const isEnough = (answers.quorum ?? 1) === 1 && !dearer && !riskier;
    return isEnough || !adopted.approval
      ? { verdict: 'approved', plan: toOutline(plan) }
      : { verdict: 'asked', question: adopted.approval, plan: toOutline(plan) };
  });
}

const refused = (message: string): RevisedPlan => {
  const problem: PlanProblem = { step: null, field: 'edits', message };
  return { verdict: 'rejected', problems: [problem] };
};

const toDraft = ({ goal, steps }: PlanDraft): PlanDraft => ({ goal, steps });
