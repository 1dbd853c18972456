import { toJsonb } from '../../contracts/json.ts';
import { LIMITS } from '../../contracts/limits.ts';
import { nanosToCents } from '../../contracts/money.ts';
import type { Plan, PlanDraft, PlanProblem } from '../../contracts/plan.ts';
import { textsFor } from '../../contracts/texts.ts';
import type { OrchestrationTarget, PlannedWork, PlanOutline, StepOutline } from '../../contracts/workflow.ts';
import { withOrganization, type DatabaseDeps, type OrganizationTransaction } from '../../db/organization.ts';
import { listRecentMessages } from '../../db/queries/sessions.ts';
import { changeOrchestration, lockOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { insertPlan, listPlans } from '../../db/queries/plans.ts';
import type { DefaultLimits } from '../../db/queries/budget.ts';
import { roomFor } from '../../db/queries/pressure.ts';
import { insertPlanSteps, listSteps, removeOpenSteps, type Step } from '../../db/queries/steps.ts';
import { findTurn } from '../../db/queries/turns.ts';
import type { EstimateDeps } from '../budgets/estimate.ts';
import { boundHistory } from '../steps/prompts.ts';
import { planTurnKey } from '../models/turn-context.ts';
import { withToolRisks } from './prompt.ts';
import { pricePlan, pastRunsOf } from './price.ts';
import { toPlanDraft } from './schema.ts';
import { validatePlan } from './validate.ts';
import { planQuestion } from './plan-question.ts';
import { openQuestion } from '../approvals/questions.ts';
import type { ToolHost } from '../tools/tool-host.ts';
import type { PolicyDeps } from '../approvals/policy.ts';
import { toQuestion } from '../approvals/approval.ts';

/** What a draft is checked with. */
interface CheckDeps extends EstimateDeps {
  readonly host: Pick<ToolHost, 'offerIn'>;
  readonly defaultLimits: DefaultLimits;
}

export interface AdoptPlanDeps extends DatabaseDeps, CheckDeps, PolicyDeps {}

export interface AdoptInput extends OrchestrationTarget {
  readonly revision: number;
  readonly why: 'first' | 'asked' | 'failure';
}

/**
 * Reads a planner's draft: validates, prices and adopts it, with the question to ask first if the policy wants one; or
 * records what is wrong with it. Safe to repeat: a revision is adopted or refused once.
 */
export function adoptPlan(deps: AdoptPlanDeps, input: AdoptInput): Promise<PlannedWork> {
  return withOrganization(deps.db, input.organizationId, async (trx) => {
    const orchestration = await lockOrchestration(trx, input.orchestrationId);
    const known = (await listPlans(trx, orchestration.id)).find(({ revision }) => revision === input.revision);
    if (known)
      return known.state === 'rejected' ? { verdict: 'rejected' } : toAdoptedWork(orchestration, known.document);
    const turn = await findTurn(trx, { orchestrationId: orchestration.id, turnKey: planTurnKey(input.revision) });
    const text = turn?.content ?? '';
    const read = toPlanDraft(text, [...deps.agents.keys()]);
    const checked = 'problems' in read ? read : await checkDraft(deps, trx, orchestration, read.draft);
    if ('problems' in checked) {
      await recordRejection(trx, input, text, checked.problems);
      return { verdict: 'rejected' };
    }
    const source = input.why === 'first' ? 'planner' : 'replanned';
    return adopt(deps, trx, orchestration, { ...checked, revision: input.revision, source }, input.why === 'failure');
  });
}

const toAdoptedWork = ({ approval }: Orchestration, plan: Plan | null): PlannedWork => {
  if (!plan) throw new Error('An adopted plan has no document.');
  const waits = approval?.plan.revision === plan.revision && !approval.decision;
  return { verdict: 'adopted', plan: toOutline(plan), ...(waits && { approval: toQuestion(approval, Date.now()) }) };
};

const recordRejection = (
  trx: OrganizationTransaction,
  input: AdoptInput,
  draft: string,
  problems: readonly PlanProblem[],
) =>
  insertPlan(trx, {
    organization_id: input.organizationId,
    orchestration_id: input.orchestrationId,
    revision: input.revision,
    source: input.why === 'first' ? 'planner' : 'replanned',
    state: 'rejected',
    draft,
    problems: toJsonb(problems),
  });

type Checked = Omit<Plan, 'revision' | 'source'>;

/** A draft with its price, or everything that is wrong with it, cost included. */
export async function checkDraft(
  deps: CheckDeps,
  trx: OrganizationTransaction,
  orchestration: Orchestration,
  draft: PlanDraft,
): Promise<Checked | { problems: PlanProblem[] }> {
  const steps = await listSteps(trx, orchestration.id);
  const finished = new Set(steps.filter(({ status }) => status === 'done').map(({ id }) => id));
  const { organization_id: organizationId, user_id: userId, category } = orchestration;
  const { tools } = await deps.host.offerIn(trx, { organizationId, userId, category: category ?? undefined });
  const world = {
    agents: new Set(deps.agents.keys()),
    tools: new Set(tools.map(({ name }) => name)),
    finished,
    request: orchestration.message,
  };
  const problems = [...validatePlan(draft, world), ...reusedIds(draft, steps)];
  if (problems.length > 0) return { problems };
  const withRisks = { ...draft, steps: withToolRisks(draft.steps, tools) };
  const priced = pricePlan(withRisks, deps, {
    requestBytes: await contextBytes(trx, orchestration),
    pastRuns: await pastRunsOf(deps, trx, draft),
  });
  const room = await roomFor(trx, orchestration.user_id, deps.defaultLimits);
  if (room !== null && priced.cents > nanosToCents(room))
    return { problems: [overBudget(priced.cents, nanosToCents(room))] };
  return { goal: draft.goal, ...priced };
}

/** What every step's prompt contains: the request and the conversation before it. */
async function contextBytes(trx: OrganizationTransaction, { id, session_id, message }: Orchestration): Promise<number> {
  const limit = LIMITS.workingMemoryMessages;
  const history = await listRecentMessages(trx, { sessionId: session_id, limit, exceptOrchestrationId: id });
  return boundHistory(history).reduce(
    (sum, { content }) => sum + Buffer.byteLength(content),
    Buffer.byteLength(message),
  );
}

/** The row of a step that has run is its evidence, so another one needs a name of its own. */
const reusedIds = ({ steps }: PlanDraft, before: readonly Step[]): PlanProblem[] => {
  const begun = new Set(
    before
      .filter(({ status }) => status === 'failed' || status === 'skipped' || status === 'running')
      .map(({ id }) => id),
  );
  return steps
    .filter(({ id }) => begun.has(id))
    .map(({ id }) => ({
      step: id,
      field: 'id',
      message: `A step “${id}” has run before; give the new one another id.`,
    }));
};

const overBudget = (cents: number, room: number): PlanProblem => ({
  step: null,
  field: 'cost',
  message: `The plan is expected to cost ${cents.toFixed(2)} cents, and the budget has ${Math.max(0, room).toFixed(2)} left. Use fewer or cheaper steps.`,
});

/** Makes a checked plan the one that runs: its steps replace those that have not begun. */
export async function adopt(
  deps: PolicyDeps,
  trx: OrganizationTransaction,
  orchestration: Orchestration,
  plan: Plan,
  /** A plan after a failure, which needs no second question while it stays within what was approved. */
  isContinuation: boolean,
): Promise<Extract<PlannedWork, { verdict: 'adopted' }>> {
  const { organization_id: organizationId, id: orchestrationId } = orchestration;
  const before = await listSteps(trx, orchestrationId);
  const approval = await planQuestion(deps, trx, orchestration, { plan, before, isContinuation });
  await insertPlan(trx, {
    organization_id: organizationId,
    orchestration_id: orchestrationId,
    revision: plan.revision,
    source: plan.source,
    state: 'adopted',
    hash: approval.hash,
    document: toJsonb(plan),
  });
  await removeOpenSteps(trx, orchestrationId);
  const { revision, steps } = plan;
  // The planner of a later revision has read what the steps before have answered.
  const tainted = orchestration.plan_tainted || before.some((step) => step.tainted);
  const firstPosition = before.length;
  await insertPlanSteps(trx, { organizationId, orchestrationId, revision, steps, firstPosition, tainted });
  if (approval.needed) await openQuestion(trx, orchestration, approval.document);
  else await setRunning(trx, orchestration, plan);
  return {
    verdict: 'adopted',
    plan: toOutline(plan),
    ...(approval.needed && { approval: toQuestion(approval.document, Date.now()) }),
  };
}

const setRunning = (trx: OrganizationTransaction, { organization_id, id, language }: Orchestration, plan: Plan) =>
  changeOrchestration(trx, {
    organizationId: organization_id,
    id,
    set: {
      status: 'running',
      step: textsFor(language).running(plan.steps[0]?.title ?? plan.goal, 1, plan.steps.length),
    },
    event: 'orchestration_progress',
  });

export const toOutline = ({ revision, steps }: Plan): PlanOutline => ({
  revision,
  steps: steps.map(({ id, kind, agent, needs, when }): StepOutline => ({
    id,
    kind,
    agent,
    needs,
    runs: 'after_success',
    conditional: when !== null,
  })),
});
