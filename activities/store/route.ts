import { ApplicationFailure } from '@temporalio/common';
import { FAILURE } from '../../contracts/failures.ts';
import { type Approval } from '../../contracts/approval.ts';
import { isFinal, type Analysis, type Route } from '../../contracts/orchestration.ts';
import { textsFor } from '../../contracts/texts.ts';
import type { RoutedWork } from '../../contracts/workflow.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { withOrganization } from '../../db/organization.ts';
import { progressOf } from '../model/progress.ts';
import { insertAgentSteps, listSteps } from '../../db/queries/steps.ts';
import { changeOrchestration, getOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { findUser } from '../../db/queries/people.ts';
import type { LocalRoute } from '../../db/tables/work.ts';
import { approvalFor } from './approval.ts';
import { chooseAgents } from './choose.ts';
import { estimateRun } from './estimate.ts';
import type { StoreDeps, Target } from './index.ts';
import { rememberDecision } from './remember.ts';

/** The local understanding of a request, for when the model is away or was not asked. */
export type KeywordAnalysis = (input: {
  text: string;
  now: Date;
  timeZone: string;
  local: LocalRoute | null;
}) => Analysis;

/**
 * Decides who works, what it may cost and whether to ask first, and stores all of it with the event that tells it.
 * Safe to repeat: a stored decision is returned as it is.
 */
export function routeRequest(deps: StoreDeps, target: Target): Promise<RoutedWork> {
  return withOrganization(deps.db, target.organizationId, async (trx) => {
    const orchestration = await getOrchestration(trx, target.orchestrationId);
    if (isFinal(orchestration.status)) throw ApplicationFailure.nonRetryable('The job is over.', FAILURE.alreadyOver);
    if (orchestration.route) return toWork(deps, orchestration.route, orchestration.approval);
    const analysis = orchestration.analysis ?? (await understand(deps, trx, orchestration));
    const { options, local_route: local, language } = orchestration;
    const route: Route = { ...chooseAgents(options, local, analysis), language };
    const approval = askAbout(deps, orchestration, route);
    await insertAgentSteps(trx, { ...target, agents: route.agents });
    await rememberDecision(trx, orchestration, { route, analysis });
    await store(trx, orchestration, { analysis, route, approval });
    return toWork(deps, route, approval ?? null);
  });
}

async function understand(deps: StoreDeps, trx: OrganizationTransaction, orchestration: Orchestration) {
  const user = orchestration.user_id ? await findUser(trx, orchestration.user_id) : undefined;
  return deps.analyzeByKeywords({
    text: orchestration.message,
    now: orchestration.created_at,
    timeZone: user?.time_zone ?? 'UTC',
    local: orchestration.local_route,
  });
}

function askAbout(deps: StoreDeps, orchestration: Orchestration, route: Route): Approval | undefined {
  const estimate = estimateRun(deps, {
    agents: route.agents.map(({ agent }) => agent),
    requestBytes: Buffer.byteLength(orchestration.message),
    sequential: route.mode === 'sequential',
  });
  return approvalFor(
    {
      orchestrationId: orchestration.id,
      message: orchestration.message,
      route,
      estimate,
      required: orchestration.options.requireApproval ?? false,
      question: textsFor(orchestration.language).question,
    },
    deps.approvalRules,
  );
}

async function store(
  trx: OrganizationTransaction,
  orchestration: Orchestration,
  decided: { analysis: Analysis; route: Route; approval: Approval | undefined },
): Promise<void> {
  const { analysis, route, approval } = decided;
  const texts = textsFor(orchestration.language);
  await changeOrchestration(trx, {
    organizationId: orchestration.organization_id,
    id: orchestration.id,
    set: {
      status: approval ? 'awaiting_approval' : 'running',
      progress: 15,
      step: approval ? texts.awaitingApproval : progressOf(await listSteps(trx, orchestration.id), texts).step,
      started_at: (orchestration.started_at ?? new Date()).toISOString(),
      category: route.category,
      analysis: JSON.stringify(analysis),
      route: JSON.stringify(route),
      approval: approval ? JSON.stringify(approval) : null,
    },
    event: approval ? 'approval_requested' : 'orchestration_progress',
  });
}

const toWork = (deps: StoreDeps, route: Route, approval: Approval | null): RoutedWork => ({
  agents: route.agents,
  mode: route.mode,
  category: route.category,
  maxExecutionMs: deps.maxExecutionMs,
  ...(approval && {
    approval: {
      id: approval.id,
      hash: approval.hash,
      policy: approval.policy,
      timeoutMs: deps.approvalRules.timeoutMs,
    },
  }),
});
