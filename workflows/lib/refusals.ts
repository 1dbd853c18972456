import { ApplicationFailure } from '@temporalio/workflow';
import { mayAnswer } from '../../contracts/approval-rules.ts';
import { FAILURE } from '../../contracts/failures.ts';
import type { Decision, Question } from '../../contracts/workflow.ts';

/** Something else has ended the question first. */
export const overtaken = () => ApplicationFailure.nonRetryable('Nothing is waiting for approval.', FAILURE.notWaiting);

/**
 * Why a decision does not count: nothing waits, it means something else than what was shown, the question has no such
 * choice, the policy says no, or this person has approved already. Pure; `approvedBy` are those who have.
 */
export function refusalOf(
  given: Decision,
  question: Question | undefined,
  approvedBy: ReadonlySet<string>,
): ApplicationFailure | undefined {
  const refuse = (type: string, message: string) => ApplicationFailure.nonRetryable(message, type);
  if (!question) return overtaken();
  const otherApproval = given.approvalId !== undefined && given.approvalId !== question.id;
  const otherHash = given.hash !== undefined && given.hash !== question.hash;
  if (otherApproval || otherHash) return refuse(FAILURE.approvalMismatch, 'What was shown has changed since.');
  const choice = given.verdict === 'approve' ? (given.choice ?? question.approveMeans) : undefined;
  if (given.choice && !question.choices?.includes(given.choice))
    return refuse(FAILURE.noSuchChoice, `This question has no choice "${given.choice}".`);
  if (!mayAnswer(question.policy, given, Date.now(), choice))
    return refuse(FAILURE.notAllowed, 'The policy does not name this person for this answer.');
  if (given.verdict === 'approve' && !given.editId && approvedBy.has(given.userId))
    return refuse(FAILURE.alreadyApproved, 'This person has approved already; others have to.');
  return undefined;
}
