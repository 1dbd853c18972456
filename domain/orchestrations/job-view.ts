import { nanosToCents, type Nanos } from '../../contracts/money.ts';
import type { JobStatus } from '../../contracts/orchestration.ts';
import type { HealingView, PlanView, PricedStep, StepView } from '../../contracts/plan.ts';
import type { Language } from '../../contracts/agents.ts';
import { reasonSentence } from '../../contracts/texts.ts';
import type { SteeringView } from '../../contracts/steering.ts';
import type { Healing } from '../../db/queries/healing.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';
import type { StoredPlan } from '../../db/queries/plans.ts';
import type { Steering } from '../../db/queries/steering.ts';
import type { Step } from '../../db/queries/steps.ts';
import type { CountedEffects, ShownCall } from '../../db/queries/tool-views.ts';
import { toEffectCounts, toToolCallView } from '../effects/job-effects.ts';

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
}

/** An orchestration as people read it. Pure. */
export function toJobStatus(row: Orchestration, parts: JobParts): JobStatus {
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
    ...(row.result && { result: row.result }),
    ...(row.approval && { approval: row.approval }),
    ...(row.plan_decision && { planDecision: row.plan_decision }),
    ...(plan && { plan }),
    steering: parts.steering.map(toSteeringView),
    healing: parts.healing.map(toHealingView),
    ...(row.receipt && { receipt: row.receipt }),
    toolCalls: parts.calls.map(toToolCallView),
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
