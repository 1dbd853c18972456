import type { PlannedWork, PlanOutline, Question, StepOutline } from '../../../contracts/workflow.ts';
import { QUESTION } from './scripted-activities.ts';

/** A step of a plan as the workflow sees it: Engineering's work that needs nothing. */
export const step = (id: string, changes: Partial<StepOutline> = {}): StepOutline => ({
  id,
  kind: 'agent',
  agent: 'engineering',
  needs: [],
  runs: 'after_success',
  conditional: false,
  ...changes,
});

/** A step that needs these. */
export const after = (id: string, ...needs: string[]): StepOutline => step(id, { needs });

/** A step that asks a human. */
export const ask = (id: string, ...needs: string[]): StepOutline => step(id, { kind: 'approval', agent: null, needs });

export const outline = (revision: number, ...steps: StepOutline[]): PlanOutline => ({ revision, steps });

/** A draft that became the plan and needs no question. */
export const adopted = (...steps: StepOutline[]): PlannedWork => ({ verdict: 'adopted', plan: outline(1, ...steps) });

/** A draft that became the plan and is asked about first. */
export const askedAbout = (question: Partial<Question>, ...steps: StepOutline[]): PlannedWork => ({
  verdict: 'adopted',
  plan: outline(1, ...steps),
  approval: { ...QUESTION, ...question },
});

export const REJECTED: PlannedWork = { verdict: 'rejected' };
