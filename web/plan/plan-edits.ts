import type { AgentId } from '../../contracts/agents.ts';
import type { PlanEdits, PricedStep } from '../../contracts/plan.ts';
import type { Problem } from '../../contracts/request.ts';
import { useMutation } from '@tanstack/react-query';
import type { Approval, Choice } from '../../contracts/approval.ts';
import { useApi } from '../api/queries.ts';

/** What a person has changed in one step so far. */
export interface StepDraft {
  readonly title?: string;
  readonly instruction?: string;
  readonly agent?: AgentId;
  readonly remove?: true;
}

export type PlanDraft = ReadonlyMap<string, StepDraft>;

/** Only what differs from the plan that is shown; nothing when nothing does. */
export function toEdits(steps: readonly PricedStep[], draft: PlanDraft): PlanEdits | undefined {
  const edits = steps.flatMap((step) => {
    const changes = changesOf(step, draft.get(step.id));
    return Object.keys(changes).length > 0 ? [{ id: step.id, ...changes }] : [];
  });
  return edits.length > 0 ? { steps: edits } : undefined;
}

function changesOf(step: PricedStep, draft: StepDraft = {}): StepDraft {
  if (draft.remove) return { remove: true };
  const { title, instruction, agent } = draft;
  return {
    ...(title !== undefined && title !== step.title && { title }),
    ...(instruction !== undefined && instruction !== step.instruction && { instruction }),
    ...(agent !== undefined && agent !== step.agent && { agent }),
  };
}

export const isChanged = (step: PricedStep, draft: StepDraft | undefined): boolean =>
  Object.keys(changesOf(step, draft)).length > 0;

type FieldErrors = NonNullable<Problem['errors']>;

/** What was wrong with edits, where it belongs. */
export interface EditProblems {
  /** By step id; `field` is empty when it concerns the whole step. */
  readonly byStep: ReadonlyMap<string, readonly { readonly field: string; readonly message: string }[]>;
  /** What belongs to no step. */
  readonly others: FieldErrors;
}

/** Sorts refused fields to their steps. A path names a step by its id or by its place in the edits that were sent. */
export function placeProblems(errors: FieldErrors, steps: readonly PricedStep[], edits?: PlanEdits): EditProblems {
  const byStep = new Map<string, { field: string; message: string }[]>();
  const others: FieldErrors = [];
  for (const error of errors) {
    const parts = error.path.split(/[./]/).filter((part) => part !== '' && part !== 'edits' && part !== 'steps');
    const step = parts[0] ?? '';
    const id = /^\d+$/.test(step) ? edits?.steps?.[Number(step)]?.id : step;
    if (id === undefined || !steps.some((step) => step.id === id)) others.push(error);
    else byStep.set(id, [...(byStep.get(id) ?? []), { field: parts[1] ?? '', message: error.message }]);
  }
  return { byStep, others };
}

/** An answer to a question: its verdict, with what else was chosen or changed. */
export interface Answer {
  readonly verdict: 'approve' | 'cancel';
  readonly choice?: Choice;
  readonly edits?: PlanEdits | undefined;
}

/** Sends an answer to exactly what was shown. */
export function useDecision(jobId: string, { id: approvalId, hash }: Pick<Approval, 'id' | 'hash'>) {
  const api = useApi();
  return useMutation({
    mutationFn: ({ verdict, choice, edits }: Answer) =>
      api[verdict](jobId, { approvalId, hash, ...(choice && { choice }), ...(edits && { edits }) }),
  });
}
