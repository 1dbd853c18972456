import { ApplicationFailure } from '@temporalio/workflow';
import { mayAnswer } from '../../contracts/approval-rules.ts';
import type { Choice } from '../../contracts/approval.ts';
import { FAILURE, type FailureType } from '../../contracts/failures.ts';
import type { Answerer, Decision, JudgedDecision } from '../../contracts/workflow.ts';
import type { PendingQuestion } from './pending-question.ts';

/** Something else has ended the question first. */
export const notWaiting = () => ApplicationFailure.nonRetryable('Nothing is waiting for approval.', FAILURE.notWaiting);

const refuse = (type: FailureType, message: string) => ApplicationFailure.nonRetryable(message, type);

/**
 * Why a decision does not count, whoever it comes from: nothing waits, it means something else than what was shown, or
 * the question has no such choice.
 */
export function mismatchOf(pending: PendingQuestion, given: Decision): ApplicationFailure | undefined {
  const question = pending.answer || pending.isRevising ? undefined : pending.question;
  if (!question) return notWaiting();
  const otherApproval = given.approvalId !== undefined && given.approvalId !== question.id;
  // Without a hash nobody can know what an approval was given to.
  const otherHash = (given.hash !== undefined || given.verdict === 'approve') && given.hash !== question.hash;
  if (otherApproval || otherHash) return refuse(FAILURE.approvalMismatch, 'What was shown has changed since.');
  if (given.choice && !question.choices?.includes(given.choice))
    return refuse(FAILURE.noSuchChoice, `This question has no choice "${given.choice}".`);
  return undefined;
}

/**
 * Why a decision does not count, now that it is known who it comes from: it is not what the inbox says, the policy says
 * no, or this person has approved already. Of the `others`, who have
 * approved before, those whom the policy names no more are forgotten.
 */
export function refusalOf(
  pending: PendingQuestion,
  given: Decision,
  { isAccepted, people }: JudgedDecision,
  others: readonly string[],
): ApplicationFailure | undefined {
  const mismatch = mismatchOf(pending, given);
  const { question } = pending;
  if (mismatch ?? !question) return mismatch ?? notWaiting();
  const choice = given.verdict === 'approve' ? (given.choice ?? question.approveMeans) : undefined;
  const may = (id: string, what: Choice | undefined): boolean => {
    const who: Answerer | undefined = people.find(({ userId }) => userId === id);
    return who !== undefined && mayAnswer(question.policy, who, Date.now(), what);
  };
  if (!isAccepted || !may(given.userId, choice))
    return refuse(FAILURE.notAllowed, 'The policy does not name this person for this answer.');
  if (given.verdict === 'approve' && !given.editId && pending.approvedBy.has(given.userId))
    return refuse(FAILURE.alreadyApproved, 'This person has approved already; others have to.');
  for (const id of others) if (!may(id, question.approveMeans)) pending.approvedBy.delete(id);
  return undefined;
}
