import { ApplicationFailure, isCancellation, log, TemporalFailure } from '@temporalio/workflow';
import { RECORDED } from '../../contracts/queues.ts';
import type { Decision, DecisionOutcome } from '../../contracts/workflow.ts';
import { mismatchOf, notWaiting, refusalOf } from './judge-answer.ts';
import type { ApprovalDeps, PendingQuestion } from './pending-question.ts';

/**
 * Asks our tables who it is that answers, and counts the answer in the same moment in which it is found to count: others
 * may have answered meanwhile. One that does not is written down. @throws ApplicationFailure
 */
export async function judgeAndCount(
  pending: PendingQuestion,
  deps: ApprovalDeps,
  given: Decision,
): Promise<DecisionOutcome> {
  const others = [...pending.approvedBy];
  const judged = await deps.judge(given, others);
  const refused = refusalOf(pending, given, judged, others);
  if (!refused) return given.editId ? revise(pending, deps, given) : countDecision(pending, given);
  await deps.recordRefusal(given, refused.message);
  throw ApplicationFailure.nonRetryable(refused.message, refused.type, RECORDED);
}

/** An answer that nobody waits for: one that does not count is written down, and fails nothing. */
export async function countIfItCounts(pending: PendingQuestion, deps: ApprovalDeps, given: Decision): Promise<void> {
  try {
    const mismatch = mismatchOf(pending, given);
    if (mismatch) return await deps.recordRefusal(given, mismatch.message);
    await judgeAndCount(pending, deps, given);
  } catch (error) {
    if (!(error instanceof TemporalFailure)) throw error;
    if (!isCancellation(error)) log.warn('An answer does not count', { reason: error.message });
  }
}

function countDecision(pending: PendingQuestion, given: Decision): DecisionOutcome {
  const { verdict, choice, userId } = given;
  const counts = verdict === 'approve' && !choice;
  if (counts) pending.approvedBy.add(userId);
  if (counts && pending.approvedBy.size < (pending.question?.policy.quorum ?? 1)) {
    pending.unrecorded.push(given);
    return { verdict, waiting: true };
  }
  pending.answer = { kind: 'decided', decision: given, ...(pending.editedPlan && { plan: pending.editedPlan }) };
  return { verdict };
}

async function revise(pending: PendingQuestion, deps: ApprovalDeps, given: Decision): Promise<DecisionOutcome> {
  const { verdict } = given;
  const asked = pending.question;
  pending.isRevising = true;
  try {
    const revised = await deps.revise(given);
    if (revised.verdict === 'rejected') return { verdict, waiting: true, problems: revised.problems };
    // A cancel ends the question at once; a new question must not be left behind.
    if (pending.question !== asked) throw notWaiting();
    pending.approvedBy.clear();
    pending.unrecorded.length = 0;
    if (revised.verdict === 'asked') Object.assign(pending, { question: revised.question, editedPlan: revised.plan });
    if (pending.answer) throw notWaiting();
    if (revised.verdict === 'approved') pending.answer = { kind: 'decided', decision: given, plan: revised.plan };
    return { verdict, ...(revised.verdict === 'asked' && { waiting: true }) };
  } finally {
    pending.isRevising = false;
  }
}
