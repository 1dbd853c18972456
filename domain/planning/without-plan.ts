import { textsFor } from '../../contracts/texts.ts';
import type { OrchestrationTarget, RoutedWork } from '../../contracts/workflow.ts';
import { withOrganization, type DatabaseDeps } from '../../db/organization.ts';
import { lockOrchestration } from '../../db/queries/orchestrations.ts';
import { listPlans } from '../../db/queries/plans.ts';
import { insertAgentSteps } from '../../db/queries/steps.ts';
import { openQuestion } from '../approvals/questions.ts';
import { askFirst, toWork, type WorkDeps } from '../routing/route-request.ts';

/** How many of the planner's mistakes a human is shown. */
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
    await insertAgentSteps(trx, { ...target, agents: route.agents });
    const approval = await askFirst(deps, trx, orchestration, route, evidence);
    if (!approval) throw new Error('A question with evidence is always asked.');
    if (!options.dryRun && orchestration.approval?.id !== approval.id) await openQuestion(trx, orchestration, approval);
    return toWork(deps, orchestration, route, null, approval);
  });
}
