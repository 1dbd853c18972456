import { useMutation } from '@tanstack/react-query';
import type { Approval, Choice } from '../../contracts/approval.ts';
import type { PlanEdits } from '../../contracts/plan.ts';
import { useApi } from '../api/api-context.tsx';

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
