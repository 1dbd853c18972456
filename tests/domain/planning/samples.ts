import type { PlanDraft, PlanStep } from '../../../contracts/plan.ts';

/** A step of a plan: an agent's work that needs nothing. */
export const sampleStep = (id: string, changes: Partial<PlanStep> = {}): PlanStep => ({
  id,
  kind: 'agent',
  title: `Work on ${id}`,
  instruction: `Do what is needed for ${id}.`,
  agent: 'engineering',
  category: null,
  tool: null,
  needs: [],
  when: null,
  risk: 'read',
  ...changes,
});

export const samplePlan = (...steps: PlanStep[]): PlanDraft => ({ goal: 'Ship a healthy release', steps });

/** Steps that wait for each other, one after the other. */
export const sampleChain = (...ids: string[]): PlanStep[] =>
  ids.map((id, i) => sampleStep(id, { needs: ids.slice(Math.max(0, i - 1), i) }));
