import type { Approval } from '../../contracts/approval.ts';
import { FAILURE, FailureError } from '../../contracts/failures.ts';
import { nanosToCents } from '../../contracts/money.ts';
import { isFinal, type Analysis, type Route } from '../../contracts/orchestration.ts';
import type { PlanDecision } from '../../contracts/plan.ts';
import { textsFor } from '../../contracts/texts.ts';
import type { OrchestrationTarget, RoutedWork } from '../../contracts/workflow.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { withOrganization, type DatabaseDeps } from '../../db/organization.ts';
import { changeOrchestration, getOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { findUser } from '../../db/queries/people.ts';
import { insertApproval } from '../../db/queries/plans.ts';
import { insertAgentSteps, listSteps } from '../../db/queries/steps.ts';
import type { LocalRoute } from '../../db/tables/work.ts';
import { progressOf } from '../steps/progress.ts';
import { decidePlanning } from '../planning/decide.ts';
import { createApproval, toQuestion } from '../approvals/approval.ts';
import { chooseAgents } from './choose-agents.ts';
import { estimateRun, type EstimateDeps } from '../budgets/estimate.ts';
import { currentPolicy, expiryOf, reasonToAsk, type PolicyDeps } from '../approvals/policy.ts';
import { rememberDecision } from './remember.ts';

/** Below this it is worth an operator's look: more examples, or an override. */
const UNSURE = 0.5;

/** The local understanding of a request, for when the model is away or was not asked. */
export type KeywordAnalysis = (input: {
  text: string;
  now: Date;
  timeZone: string;
  local: LocalRoute | null;
}) => Analysis;

/** What makes the work of a route, with the question to ask before it. */
export interface WorkDeps extends EstimateDeps, PolicyDeps {
  readonly maxExecutionMs: number;
}

export interface RouteRequestDeps extends DatabaseDeps, WorkDeps {
  readonly analyzeByKeywords: KeywordAnalysis;
  /** Tells the operator of a decision that may be wrong. */
  readonly warn: (message: string, details: Record<string, unknown>) => void;
}

/**
 * Decides who works, whether a plan is made first, what it may cost and whether to ask first, and stores all of it with
 * the event that tells it. Safe to repeat: a stored decision is returned as it is.
 */
export function routeRequest(deps: RouteRequestDeps, target: OrchestrationTarget): Promise<RoutedWork> {
  return withOrganization(deps.db, target.organizationId, async (trx) => {
    const orchestration = await getOrchestration(trx, target.orchestrationId);
    if (isFinal(orchestration.status)) throw FailureError.nonRetryable('The job is over.', FAILURE.alreadyOver);
    const { options, route: known } = orchestration;
    if (known) return toWork(deps, orchestration, known, orchestration.plan_decision, orchestration.approval);
    const analysis = orchestration.analysis ?? (await understand(deps, trx, orchestration));
    const { local_route: local, language } = orchestration;
    const route: Route = { ...chooseAgents(options, local, analysis), language };
    if (route.confidence < UNSURE)
      deps.warn('Unsure which agents a request is for', { decidedBy: route.decidedBy, confidence: route.confidence });
    const plan = decidePlanning({
      message: orchestration.message,
      options,
      analysis,
      agents: route.agents,
      language,
    });
    const asks = !plan.used && !options.dryRun;
    const approval = asks ? await askFirst(deps, trx, orchestration, route) : undefined;
    if (!plan.used) await insertAgentSteps(trx, { ...target, agents: route.agents });
    await rememberDecision(trx, orchestration, { route, analysis });
    if (approval) await insertApproval(trx, target, approval);
    await store(trx, orchestration, { analysis, route, plan, approval });
    return toWork(deps, orchestration, route, plan, approval ?? null);
  });
}

async function understand(deps: RouteRequestDeps, trx: OrganizationTransaction, orchestration: Orchestration) {
  const user = orchestration.user_id ? await findUser(trx, orchestration.user_id) : undefined;
  return deps.analyzeByKeywords({
    text: orchestration.message,
    now: orchestration.created_at,
    timeZone: user?.time_zone ?? 'UTC',
    local: orchestration.local_route,
  });
}

/** The question before work without a plan; with evidence it is asked whatever the policy says. */
export async function askFirst(
  deps: WorkDeps,
  trx: OrganizationTransaction,
  orchestration: Orchestration,
  route: Route,
  evidence?: readonly string[],
): Promise<Approval | undefined> {
  const now = Date.now();
  const { policy, answers } = await currentPolicy(trx, deps, { askerId: orchestration.user_id, now });
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

async function store(
  trx: OrganizationTransaction,
  orchestration: Orchestration,
  decided: { analysis: Analysis; route: Route; plan: PlanDecision; approval: Approval | undefined },
): Promise<void> {
  const { analysis, route, plan, approval } = decided;
  const texts = textsFor(orchestration.language);
  const step = async () => progressOf(await listSteps(trx, orchestration.id), texts).step;
  await changeOrchestration(trx, {
    organizationId: orchestration.organization_id,
    id: orchestration.id,
    set: {
      status: approval ? 'awaiting_approval' : 'running',
      progress: plan.used ? 8 : 15,
      step: approval ? texts.awaitingApproval : plan.used ? texts.planning : await step(),
      started_at: (orchestration.started_at ?? new Date()).toISOString(),
      category: route.category,
      analysis: JSON.stringify(analysis),
      route: JSON.stringify(route),
      plan_decision: JSON.stringify(plan),
      approval: approval ? JSON.stringify(approval) : null,
    },
    event: approval ? 'approval_requested' : 'orchestration_progress',
  });
}

export const toWork = (
  deps: WorkDeps,
  { options }: Orchestration,
  route: Route,
  plan: PlanDecision | null,
  approval: Approval | null,
): RoutedWork => ({
  agents: route.agents,
  mode: route.mode,
  category: route.category,
  maxExecutionMs: deps.maxExecutionMs,
  ...(approval && { approval: toQuestion(approval, Date.now()) }),
  ...(plan?.used && { planning: true }),
  ...(options.dryRun && { dryRun: true }),
});
