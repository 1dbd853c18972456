import type { Language } from '../../contracts/agents.ts';
import { nanosToCents } from '../../contracts/money.ts';
import type { PlanView, PricedStep, StepView } from '../../contracts/plan.ts';
import { reasonSentence } from '../../contracts/texts.ts';
import type { StoredPlan } from '../../db/queries/plans.ts';
import type { Step } from '../../db/queries/steps.ts';

/** A plan with how far it has come; steps that stand in no row yet have not begun. Pure. */
export function toPlanView(
  { document, hash }: StoredPlan,
  rows: readonly Step[],
  language: Language,
): PlanView | undefined {
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
