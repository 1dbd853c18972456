import { toJsonb } from '../../contracts/json.ts';
import type { Approval } from '../../contracts/approval.ts';
import { FAILURE, FailureError } from '../../contracts/failures.ts';
import { isFinal, type Analysis, type Route, type AgentChoice } from '../../contracts/orchestration.ts';
import type { PlanDecision } from '../../contracts/plan.ts';
import { textsFor, type Texts } from '../../contracts/texts.ts';
import type { OrchestrationTarget, RoutedWork } from '../../contracts/workflow.ts';
import { withOrganization, type OrganizationTransaction, type DatabaseDeps } from '../../db/organization.ts';
import {
  changeOrchestration,
  type Change,
  getOrchestration,
  type Orchestration,
} from '../../db/queries/orchestrations.ts';
import { findUser } from '../../db/queries/organizations.ts';
import { insertApproval } from '../../db/queries/plans.ts';
import { countHit, putCached, sweepCache } from '../../db/queries/routing-cache.ts';
import { agentStepsInsert } from '../../db/queries/steps.ts';
import type { LocalRoute, RequestOptions } from '../../db/tables/work.ts';
import { progressOf } from '../steps/end-step.ts';
import { currentPolicy } from '../approvals/policy.ts';
import { decidePlanning } from '../planning/decide-planning.ts';
import { approvalBeforeWork, toRoutedWork, type WorkDeps } from './routed-work.ts';
import type { AgentId } from '../../contracts/agents.ts';

/** Below this an operator is told: more examples or an override would help. */
const UNSURE = 0.5;

const KEPT_DAYS = 7;
/** What the model itself is less sure of is asked again. */
const MIN_CONFIDENCE = 0.6;
const SWEPT_AT_ONCE = 100;

const DATE_NAME = /date|day|dead.?line|due|time|week|month|quarter|year|until|when|날짜|기한|마감|시간|일정/i;
const DATE_VALUE = /\d{4}-\d{2}|\d{1,2}:\d{2}/;

/** The local understanding of a request, for when the model is away or was not asked. */
type LocalAnalysis = (input: { text: string; now: Date; timeZone: string; local: LocalRoute | null }) => Analysis;

export interface RouteRequestDeps extends DatabaseDeps, WorkDeps {
  readonly analyzeLocally: LocalAnalysis;
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
    const { options, route: stored } = orchestration;
    if (stored) return toRoutedWork(deps, orchestration, stored, orchestration.plan_decision, orchestration.approval);
    const [analysis, policy] = await Promise.all([
      orchestration.analysis ?? analyzeWithoutModel(deps, trx, orchestration),
      currentPolicy(trx, deps, { askerId: orchestration.user_id, now: Date.now() }),
    ]);
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
    const approval = asks ? approvalBeforeWork(deps, policy, orchestration, route) : undefined;
    await cacheDecision(trx, orchestration, analysis);
    if (approval) await insertApproval(trx, target, approval);
    await storeDecision(trx, orchestration, { analysis, route, plan, approval });
    return toRoutedWork(deps, orchestration, route, plan, approval ?? null);
  });
}

async function analyzeWithoutModel(deps: RouteRequestDeps, trx: OrganizationTransaction, orchestration: Orchestration) {
  const user = orchestration.user_id ? await findUser(trx, orchestration.user_id) : undefined;
  const analysis = deps.analyzeLocally({
    text: orchestration.message,
    now: orchestration.created_at,
    timeZone: user?.time_zone ?? 'UTC',
    local: orchestration.local_route,
  });
  // An agent's file says where its requests belong, also that of an agent nothing was trained on.
  return {
    ...analysis,
    category: deps.agents.get(analysis.agents[0]?.agent ?? 'general')?.category ?? analysis.category,
  };
}

async function storeDecision(
  trx: OrganizationTransaction,
  orchestration: Orchestration,
  decided: { analysis: Analysis; route: Route; plan: PlanDecision; approval: Approval | undefined },
): Promise<void> {
  const { analysis, route, plan, approval } = decided;
  const texts = textsFor(orchestration.language);
  const key = { organizationId: orchestration.organization_id, orchestrationId: orchestration.id };
  const steps = plan.used ? [] : [agentStepsInsert(trx, { ...key, agents: route.agents })];
  const change: Change = {
    organizationId: orchestration.organization_id,
    id: orchestration.id,
    set: {
      status: approval ? 'awaiting_approval' : 'running',
      progress: plan.used ? 8 : 15,
      step: approval ? texts.awaitingApproval : plan.used ? texts.planning : firstStep(route, texts),
      started_at: (orchestration.started_at ?? new Date()).toISOString(),
      category: route.category,
      analysis: toJsonb(analysis),
      route: toJsonb(route),
      plan_decision: toJsonb(plan),
      approval: approval ? toJsonb(approval) : null,
    },
    event: approval ? 'approval_requested' : 'orchestration_progress',
  };
  await changeOrchestration(trx, change, steps);
}

/** What people read while the first of the agents begins. */
const firstStep = ({ agents }: Route, texts: Texts): string =>
  progressOf(
    agents.map(({ agent }) => ({ id: agent, title: '', agent, status: 'pending' })),
    texts,
  ).step;

/**
 * Keeps the model's decision for the next request in the same words, or counts that a kept one was used. The cache is
 * locked before the orchestration's row and the event counter, by everybody.
 */
async function cacheDecision(
  trx: OrganizationTransaction,
  orchestration: Orchestration,
  analysis: Analysis,
): Promise<void> {
  const { cacheable, textHash } = orchestration.local_route ?? {};
  if (!cacheable || !textHash) return;
  if (analysis.cached) await countHit(trx, { textHash, demo: orchestration.demo });
  if (analysis.source !== 'model' || analysis.cached || !isLasting(analysis)) return;
  await putCached(trx, orchestration, { textHash, analysis, days: KEPT_DAYS });
  // One decision in sixteen sweeps, which keeps the table small.
  if (textHash.startsWith('0')) await sweepCache(trx, SWEPT_AT_ONCE);
}

/** Sure, and still true tomorrow: a deadline said as "Friday" means another day next week. */
const isLasting = ({ confidence, entities }: Analysis): boolean =>
  confidence >= MIN_CONFIDENCE &&
  !Object.entries(entities).some(([name, value]) => DATE_NAME.test(name) || DATE_VALUE.test(value));

/** Below this share of the request an agent that the model named is not worth its price. */
const MIN_RELEVANCE = 0.15;
const MAX_ALTERNATIVES = 3;

type Choice = Pick<Route, 'agents' | 'decidedBy' | 'confidence' | 'reason'>;

/**
 * Who works on a request: whom it names, else whom an admin gave these words to, else the local router when it is sure,
 * else the model (or what it said of the same words before), else what the keywords say, else `general`. Pure; the
 * reason and everybody's scores are kept with the decision.
 */
export function chooseAgents(options: RequestOptions, local: LocalRoute | null, analysis: Analysis): Route {
  const choice = choose(options, local, analysis);
  return {
    ...choice,
    mode: options.mode ?? analysis.mode,
    category: options.category ?? analysis.category,
    alternatives: alternativesTo(choice.agents, local),
    scores: {
      local: local?.scores ? toScores(local.scores) : null,
      model: analysis.source === 'model' ? toScores(analysis.agents) : null,
    },
  };
}

function choose(options: RequestOptions, local: LocalRoute | null, analysis: Analysis): Choice {
  if (options.agents)
    return {
      agents: [...new Set(options.agents)].map((agent) => ({ agent, relevance: 1 })),
      decidedBy: 'request',
      confidence: 1,
      reason: 'The request names its agents.',
    };
  if (local && !local.abstained) {
    const { agents, confidence, reason, decidedBy = 'local' } = local;
    return { agents, decidedBy, confidence, reason };
  }
  const named = analysis.agents.filter(({ relevance }) => relevance >= MIN_RELEVANCE);
  if (named.length > 0) {
    const unsure = local ? `The local router was unsure (${local.confidence.toFixed(2)}).` : 'No local decision.';
    return {
      agents: named.sort((a, b) => b.relevance - a.relevance),
      decidedBy: analysis.source === 'model' ? (analysis.cached ? 'cache' : 'model') : 'keywords',
      confidence: analysis.confidence,
      reason: analysis.cached ? `${unsure} The model has decided about the same words before.` : unsure,
    };
  }
  return {
    agents: [{ agent: 'general', relevance: 1 }],
    decidedBy: 'default',
    confidence: 0,
    reason: 'No agent fits clearly enough.',
  };
}

/** Whom the local router thought of besides those who work. */
function alternativesTo(agents: readonly AgentChoice[], local: LocalRoute | null): AgentChoice[] {
  const chosen = new Set(agents.map(({ agent }) => agent));
  const others = (local?.scores ?? local?.alternatives ?? []).filter(({ agent }) => !chosen.has(agent));
  return others.slice(0, MAX_ALTERNATIVES);
}

const toScores = (choices: readonly AgentChoice[]): Record<AgentId, number> =>
  Object.fromEntries(choices.map(({ agent, relevance }) => [agent, relevance]));
