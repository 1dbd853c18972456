import type { Approval } from '../../contracts/approval.ts';
import { hashOfJson } from '../json.ts';
import type { Question } from '../../contracts/workflow.ts';

/** The question itself. Its hash covers everything a person sees, so an answer can only mean what was shown. Pure. */
export function createApproval(given: {
  orchestrationId: string;
  message: string;
  /** Tells the questions of one job apart. */
  name: string;
  shown: Omit<Approval, 'id' | 'hash' | 'decision' | 'approvals' | 'reminded'>;
}): Approval {
  const { orchestrationId, message, name, shown } = given;
  return {
    id: `approval-${hashOfJson([orchestrationId, name]).slice(0, 24)}`,
    hash: hashOfJson([orchestrationId, message, shown]),
    ...shown,
  };
}

/** The question as the workflow knows it. */
export const toQuestion = ({ id, hash, policy, choices, expiresAt, kind }: Approval, now: number): Question => ({
  id,
  hash,
  policy,
  timeoutMs: Math.max(1, Date.parse(expiresAt) - now),
  ...(choices && { choices }),
  ...(choices?.[0] && kind !== 'step' && kind !== 'tool' && { approveMeans: choices[0] }),
});

/** What a thread shows of a question: the whole of it, or parts alone, which nobody can approve there. */
export const shownMark = (hash: string, isCut = false): string => (isCut ? `cut:${hash}` : hash);

/** Where a job is shown whole, in the console. */
export const jobPage = (publicUrl: string, jobId: string): string => `${publicUrl}/?job=${encodeURIComponent(jobId)}`;
