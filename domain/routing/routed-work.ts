import type { Approval } from '../../contracts/approval.ts';
import { nanosToCents } from '../../contracts/money.ts';
import type { Route } from '../../contracts/orchestration.ts';
import type { PlanDecision } from '../../contracts/plan.ts';
import { textsFor } from '../../contracts/texts.ts';
import type { OrchestrationTarget, RoutedWork } from '../../contracts/workflow.ts';
import { withOrganization, type DatabaseDeps } from '../../db/organization.ts';
import { lockOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { listPlans } from '../../db/queries/plans.ts';
import { agentStepsInsert } from '../../db/queries/steps.ts';
import { createApproval, toQuestion } from '../approvals/approval.ts';
import { currentPolicy, type CurrentPolicy, expiryOf, reasonToAsk, type PolicyDeps } from '../approvals/policy.ts';
import { openQuestion } from '../approvals/questions.ts';
import { estimateRun, type EstimateDeps } from '../budgets/estimate.ts';

/** What makes the work of a route, with the question to ask before it. */
export interface WorkDeps extends EstimateDeps, PolicyDeps {
  readonly maxExecutionMs: number;
}

/** What a route means for the workflow. */
export const toRoutedWork = (
  { maxExecutionMs }: Pick<WorkDeps, 'maxExecutionMs'>,
  { options }: Orchestration,
  route: Route,
  plan: PlanDecision | null,
  approval: Approval | null,
): RoutedWork => ({
  agents: route.agents,
  mode: route.mode,
  category: route.category,
  maxExecutionMs,
  searchable: 'with_status',
  ...(approval && { approval: toQuestion(approval, Date.now()) }),
  ...(plan?.used && { planning: true }),
  ...(options.dryRun && { dryRun: true }),
});

/** The question before work without a plan; with evidence it is asked whatever the policy says. */
export function approvalBeforeWork(
  deps: WorkDeps,
  { policy, answers, at: now }: CurrentPolicy,
  orchestration: Orchestration,
  route: Route,
  evidence?: readonly string[],
): Approval | undefined {
  const estimate = estimateRun(deps, {
    agents: route.agents.map(({ agent }) => agent),
    requestBytes: Buffer.byteLength(orchestration.message),
    sequential: route.mode === 'sequential',
  });
  const estimatedCents = nanosToCents(estimate.usualNanos);
  const required = evidence !== undefined || (orchestration.options.requireApproval ?? false);
  const kind = reasonToAsk({ estimatedCents, category: route.category, required }, policy, deps.approvalRules);
  if (!kind) return undefined;
  return createApproval({
    orchestrationId: orchestration.id,
    message: orchestration.message,
    name: evidence ? 'without-plan' : '1',
    shown: {
      kind,
      expiresAt: expiryOf(policy, deps.approvalRules, now),
      policy: answers,
      plan: {
        agents: route.agents,
        mode: route.mode,
        estimatedCents,
        worstCaseCents: nanosToCents(estimate.worstNanos),
        question: textsFor(orchestration.language).question,
        ...(evidence && { evidence: [...evidence] }),
      },
    },
  });
}

/** How many of the planner's mistakes a person is shown. */
const PROBLEMS_SHOWN = 5;

/**
 * Neither draft was a plan: the human is shown why, and asked whether the routed agents shall answer without one. Safe
 * to repeat.
 */
export function proposeWithoutPlan(deps: DatabaseDeps & WorkDeps, target: OrchestrationTarget): Promise<RoutedWork> {
  return withOrganization(deps.db, target.organizationId, async (trx) => {
    const orchestration = await lockOrchestration(trx, target.orchestrationId);
    const { route, options, language } = orchestration;
    if (!route) throw new Error('A job that has no route has no agents to offer.');
    const problems = (await listPlans(trx, orchestration.id)).at(-1)?.problems ?? [];
    const evidence = [
      textsFor(language).planMissing,
      ...problems.slice(0, PROBLEMS_SHOWN).map(({ step, message }) => (step ? `${step}: ${message}` : message)),
    ];
    await agentStepsInsert(trx, { ...target, agents: route.agents }).execute();
    const policy = await currentPolicy(trx, deps, { askerId: orchestration.user_id, now: Date.now() });
    const approval = approvalBeforeWork(deps, policy, orchestration, route, evidence);
    if (!approval) throw new Error('A question with evidence is always asked.');
    if (!options.dryRun && orchestration.approval?.id !== approval.id) await openQuestion(trx, orchestration, approval);
    return toRoutedWork(deps, orchestration, route, null, approval);
  });
}
