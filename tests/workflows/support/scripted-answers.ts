import { ApplicationFailure } from '@temporalio/common';
import type { FailureType } from '../../../contracts/failures.ts';
import type { Answerer, Decision, Question } from '../../../contracts/workflow.ts';

export const QUESTION: Question = {
  id: 'approval-1',
  hash: 'hash-1',
  timeoutMs: 60_000,
  policy: { roles: ['admin'], asker: true, thresholdCents: 100 },
};

/** An answer with what the tables say of the person; the scripted ones read it from here. */
export type ScriptedDecision = Decision & Pick<Answerer, 'role' | 'isAsker'> & { readonly isForged?: boolean };

export const decision = (changes: Partial<ScriptedDecision> = {}): ScriptedDecision => ({
  id: '00000000-0000-4000-8000-00000000dec1',
  verdict: 'approve',
  userId: 'u1',
  role: 'admin',
  isAsker: false,
  via: 'rest',
  approvalId: QUESTION.id,
  hash: QUESTION.hash,
  ...changes,
});

/** A business failure that no retry mends. */
export const failure = (type: FailureType, ...details: unknown[]) =>
  ApplicationFailure.nonRetryable(`It said ${type}.`, type, ...details);

const choicesOf = (kind: string): Partial<Question> => {
  if (kind === 'step') return {};
  if (kind === 'tool') return { choices: ['skip', 'stop'] };
  if (kind === 'effect') return { choices: ['skip', 'done', 'retry', 'stop'], approveMeans: 'skip' };
  return kind === 'budget'
    ? { choices: ['raise', 'skip', 'stop'], approveMeans: 'raise' }
    : { choices: kind === 'replan' ? ['retry', 'stop'] : ['retry', 'skip', 'stop'], approveMeans: 'retry' };
};

/** The question of a number, as the workflow is told it. */
export const midwayQuestion = (kind: string, nth: number): Question => ({
  ...QUESTION,
  id: `approval-${kind}-${nth}`,
  hash: `hash-${kind}-${nth}`,
  ...choicesOf(kind),
});
