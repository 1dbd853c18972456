import type { JobStatus } from '../../contracts/orchestration.ts';
import { type Principal, invalidField, notFound } from '../../contracts/request.ts';
import { isUuid, withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { costsOf } from '../../db/queries/budget.ts';
import { listHealingOf, type Healing } from '../../db/queries/healing.ts';
import { findVisibleJob } from '../../db/queries/access.ts';
import { JOBS_LOOKED_AT, listVisibleJobs, type OrchestrationFilter } from '../../db/queries/job-lists.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';
import { listPlansOf, type StoredPlan } from '../../db/queries/plans.ts';
import { listSteeringOf, type Steering } from '../../db/queries/steering.ts';
import { listStepsOf, type Step } from '../../db/queries/steps.ts';
import { countEffects, listCallsOf, type CountedEffects, type ShownCall } from '../../db/queries/tool-views.ts';
import { findJobFor, findWithheld, withheldResult } from '../access/access.ts';
import type { DatabaseDeps } from '../deps.ts';
import { nanosToCents, type Nanos } from '../../contracts/money.ts';
import type { HealingView, PlanView, PricedStep, StepView } from '../../contracts/plan.ts';
import type { Language } from '../../contracts/agents.ts';
import { reasonSentence, textsFor } from '../../contracts/texts.ts';
import type { SteeringView } from '../../contracts/steering.ts';
import { withoutRequestWords } from '../planning/edit-plan.ts';
import { toEffectCounts, toToolCallView } from '../effects/job-effects.ts';

export { JOBS_LOOKED_AT };

/** A job as it is now. @throws RequestError 404 */
export const readJob = ({ db }: DatabaseDeps, by: Principal, jobId: string): Promise<JobStatus> =>
  withOrganization(db, by.organizationId, async (trx) => {
    const [job] = await toJobs(trx, by, [await findJobFor(trx, by, jobId)]);
    if (!job) throw notFound('job');
    return job;
  });

/**
 * The newest jobs that a person may see and that fit, and with which the next page goes on: null when there are no more.
 * @throws RequestError 400 when `before` is none of them.
 */
export const readJobs = (
  { db }: DatabaseDeps,
  by: Principal,
  filter: OrchestrationFilter,
): Promise<{ jobs: JobStatus[]; next: string | null }> =>
  withOrganization(db, by.organizationId, async (trx) => {
    const { before } = filter;
    if (before !== undefined && !(isUuid(before) && (await findVisibleJob(trx, by, before))))
      throw invalidField('before', 'is no job of your organization. Take `next` of the page before.');
    const { jobs, next } = await listVisibleJobs(trx, by, filter);
    return { jobs: await toJobs(trx, by, jobs), next };
  });

/** Of each job in its status; `GET /api/jobs/:jobId/tool-calls` has them all. */
const SHOWN_CALLS = 50;

/** Jobs with all that belongs to them, in as many queries as for one. */
async function toJobs(
  trx: OrganizationTransaction,
  by: Principal,
  rows: readonly Orchestration[],
): Promise<JobStatus[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const planned = rows.filter(({ plan_decision }) => plan_decision?.used).map(({ id }) => id);
  const stepsOf = byJob(await listStepsOf(trx, ids));
  const steeringOf = byJob(await listSteeringOf(trx, ids));
  const healingOf = byJob(await listHealingOf(trx, ids));
  const planOf = byJob(await listPlansOf(trx, planned));
  const calls = await listCallsOf(trx, ids, SHOWN_CALLS);
  const callsOf = byJob(calls);
  // Effects come from calls: jobs without tools pay for one look only.
  const effectsOf = byJob(calls.length > 0 ? await countEffects(trx, ids) : []);
  const costs = await costsOf(trx, ids);
  const withheld = await findWithheld(trx, by, rows);
  return rows.map((row) =>
    toJobStatus(row, {
      steps: stepsOf(row),
      plan: planOf(row)[0],
      steering: steeringOf(row),
      healing: healingOf(row),
      calls: callsOf(row),
      effects: effectsOf(row)[0],
      costNanos: costs.get(row.id) ?? 0,
      withheld: withheld.has(row.id),
    }),
  );
}

const byJob = <T extends { orchestration_id: string }>(parts: readonly T[]) => {
  const groups = Map.groupBy(parts, ({ orchestration_id }) => orchestration_id);
  return ({ id }: Orchestration): readonly T[] => groups.get(id) ?? [];
};

/** What belongs to an orchestration beside its row. */
export interface JobParts {
  readonly steps: readonly Step[];
  /** The adopted plan, if there is one. */
  readonly plan?: StoredPlan | undefined;
  readonly steering: readonly Steering[];
  readonly healing: readonly Healing[];
  readonly calls: readonly ShownCall[];
  readonly effects?: CountedEffects | undefined;
  readonly costNanos: Nanos;
  /** What personal connections have answered is not for whoever looks. */
  readonly withheld?: boolean;
}

/** An orchestration as people read it; of a request that its author has deleted, without its words. Pure. */
export function toJobStatus(row: Orchestration, parts: JobParts): JobStatus {
  const view = toWholeJob(row, parts);
  return row.message_deleted_at ? withoutRequestWords(view, textsFor(row.language).words.deletedRequest) : view;
}

function toWholeJob(row: Orchestration, parts: JobParts): JobStatus {
  const end = row.finished_at ?? new Date();
  const plan = parts.plan && toPlanView(parts.plan, parts.steps, row.language);
  return {
    jobId: row.id,
    sessionId: row.session_id,
    status: row.status,
    progress: row.progress,
    step: row.step,
    message: row.message,
    category: row.category,
    agents: parts.steps.flatMap(({ agent, status, model, cost_nanos }) =>
      agent ? [{ agent, status, model, costCents: nanosToCents(cost_nanos) }] : [],
    ),
    ...(row.result && { result: parts.withheld ? withheldResult(row.result, row.language) : row.result }),
    ...(row.approval && { approval: row.approval }),
    ...(row.plan_decision && { planDecision: row.plan_decision }),
    ...(plan && { plan }),
    steering: parts.steering.map(toSteeringView),
    healing: parts.healing.map(toHealingView),
    ...(row.receipt && { receipt: row.receipt }),
    toolCalls: parts.calls.map((call) => toToolCallView(call, parts.withheld)),
    leftOut: row.left_out ?? [],
    effects: toEffectCounts(parts.effects),
    costCents: nanosToCents(parts.costNanos),
    dryRun: row.options.dryRun ?? false,
    durationMs: Math.max(0, end.getTime() - row.created_at.getTime()),
    ...(row.error && { error: row.error }),
    demo: row.demo,
    createdAt: row.created_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
  };
}

const toSteeringView = (row: Steering): SteeringView => ({
  id: row.id,
  message: row.message,
  mode: row.mode,
  status: row.status,
  by: row.user_id,
  via: row.via,
  at: row.created_at.toISOString(),
  deliveredAt: row.delivered_at?.toISOString() ?? null,
  stepId: row.step_id,
});

const toHealingView = (row: Healing): HealingView => ({
  stepId: row.step_id,
  attempt: row.attempt,
  rootCause: row.root_cause,
  action: row.action,
  detail: row.detail,
  decidedBy: row.decided_by,
  status: row.status,
  costCents: nanosToCents(row.cost_nanos),
  at: row.created_at.toISOString(),
});

/** A plan with how far it has come; steps that stand in no row yet have not begun. Pure. */
function toPlanView({ document, hash }: StoredPlan, rows: readonly Step[], language: Language): PlanView | undefined {
  if (!document) return undefined;
  const { steps, ...plan } = document;
  const begun = new Set(rows.map(({ id }) => id));
  const open = steps.filter(({ id }) => !begun.has(id)).map(toOpenStep);
  return { ...plan, hash: hash ?? '', steps: [...rows.map((row) => toStepView(row, language)), ...open] };
}

const toStepView = (row: Step, language: Language): StepView => ({
  id: row.id,
  kind: row.kind,
  title: row.title,
  instruction: row.instruction,
  agent: row.agent,
  category: row.category,
  tool: row.tool,
  needs: row.needs,
  when: row.condition,
  risk: row.risk,
  phase: row.phase,
  estimate: row.estimate,
  status: row.status,
  model: row.model,
  confidence: row.confidence,
  reason: row.reason && reasonSentence(row.reason, language),
  costCents: nanosToCents(row.cost_nanos),
  startedAt: row.started_at?.toISOString() ?? null,
  finishedAt: row.finished_at?.toISOString() ?? null,
});

const toOpenStep = (step: PricedStep): StepView => ({
  ...step,
  status: 'pending',
  model: null,
  confidence: null,
  reason: null,
  costCents: 0,
  startedAt: null,
  finishedAt: null,
});
