import type { PlanDraft, PlanEdits, PlanProblem, PlanStep } from '../../contracts/plan.ts';

type StepEdit = NonNullable<PlanEdits['steps']>[number];

/**
 * A plan as a person changed it, still to be validated and priced. What needed a removed step needs what that step
 * needed; a condition about it is left to the person.
 */
export function applyEdits(
  draft: PlanDraft,
  { goal = draft.goal, steps: edits = [] }: PlanEdits,
): { draft: PlanDraft } | { problems: PlanProblem[] } {
  const problems = edits.flatMap((edit, i) => problemsOf(edit, draft, edits.slice(0, i)));
  if (problems.length > 0) return { problems };
  const changes = new Map(edits.map((edit) => [edit.id, edit]));
  const edited = draft.steps.map((step) => withEdit(step, changes.get(step.id)));
  const removed = new Map(edited.filter(({ id }) => changes.get(id)?.remove).map((step) => [step.id, step]));
  const steps = edited
    .filter(({ id }) => !removed.has(id))
    .map((step) => ({ ...step, needs: relinked(step.needs, removed) }));
  const asking = steps.flatMap((step) => problemsOfCondition(step, removed));
  if (asking.length > 0) return { problems: asking };
  if (steps.length === 0)
    return { problems: [{ step: null, field: 'steps', message: 'Without these steps nothing is left of the plan.' }] };
  return { draft: { goal, steps } };
}

function problemsOf(edit: StepEdit, draft: PlanDraft, before: readonly StepEdit[]): PlanProblem[] {
  const about = (field: string, message: string): PlanProblem => ({ step: edit.id, field, message });
  const step = draft.steps.find(({ id }) => id === edit.id);
  if (!step) return [about('id', `The plan has no step “${edit.id}”.`)];
  if (before.some(({ id }) => id === edit.id)) return [about('id', `The step “${edit.id}” is changed twice.`)];
  if (edit.agent !== undefined && edit.category !== undefined)
    return [about('agent', 'Name an agent or a category, not both.')];
  const worker = edit.agent === undefined ? edit.category && 'category' : 'agent';
  return worker !== undefined && (step.kind === 'tool' || step.kind === 'approval')
    ? [about(worker, `A step of kind ${step.kind} has no ${worker}.`)]
    : [];
}

/** Whoever names an agent wants that one to work, and whoever names a category anybody who fits it. */
function withEdit(step: PlanStep, edit: StepEdit | undefined): PlanStep {
  if (!edit) return step;
  const { id: _, remove: __, agent, category, ...fields } = edit;
  const named = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const worker: Partial<PlanStep> =
    agent !== undefined
      ? { kind: 'agent', agent, category: null }
      : category !== undefined
        ? { kind: 'task', agent: null, category }
        : {};
  return { ...step, ...named, ...worker };
}

function relinked(needs: readonly string[], removed: ReadonlyMap<string, PlanStep>): string[] {
  const found = new Set<string>();
  const seen = new Set<string>();
  const follow = (need: string): void => {
    const gone = removed.get(need);
    if (!gone) return void found.add(need);
    if (seen.has(need)) return;
    seen.add(need);
    gone.needs.forEach(follow);
  };
  needs.forEach(follow);
  return [...found];
}

function problemsOfCondition({ id, when }: PlanStep, removed: ReadonlyMap<string, PlanStep>): PlanProblem[] {
  return [...removed.keys()]
    .filter(
      (gone) => when !== null && new RegExp(`\\bsteps\\s*(?:\\.\\s*${gone}\\b|\\[\\s*["']${gone}["'])`).test(when),
    )
    .map((gone) => ({
      step: id,
      field: 'when',
      message: `Its condition asks about “${gone}”, which is removed; change the condition too.`,
    }));
}
