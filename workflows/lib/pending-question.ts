import { ApplicationFailure, condition } from '@temporalio/workflow';
import { mayAnswer } from '../../contracts/approval-rules.ts';
import { FAILURE } from '../../contracts/failures.ts';
import type { Decision, OpenQuestion, PlanOutline, Question, RevisedPlan } from '../../contracts/workflow.ts';
import type { Continuation } from './continuation.ts';

/**
 * What became of a question. `withdrawn`: the work has moved on, and nobody has to answer any more; `question` is what
 * was asked last, if it came to that.
 */
export type Answer =
  | { readonly kind: 'decided'; readonly decision: Decision; readonly plan?: PlanOutline }
  | { readonly kind: 'expired'; readonly question?: Question }
  | { readonly kind: 'withdrawn'; readonly question?: Question };

/** The question still waits, as edits have left it, and the next run of the workflow asks on. */
export interface Suspension {
  readonly kind: 'suspended';
  readonly open: OpenQuestion;
  readonly plan?: PlanOutline;
}

/** A reminder, or the moment from which more people may answer. */
interface Reminder {
  readonly at: number;
  readonly escalates: boolean;
  /** Counts up from 1 within a question. */
  readonly nth: number;
}

export interface ApprovalDeps {
  /** Tells people once more that somebody has to answer; nobody waits for that. */
  remind(question: Question, reminder: Reminder): void;
  /** Shows an approval that counts towards the quorum. */
  countApproval(decision: Decision): Promise<void>;
  /** Validates and prices an edited plan. */
  revise(decision: Decision): Promise<RevisedPlan>;
  /** The work has moved on: what has not been asked yet need not be. */
  isMoot(): boolean;
  continuation(): Continuation;
}

/** The question that waits, and what has been said to it. */
export interface PendingQuestion {
  question: Question | undefined;
  answer: Answer | undefined;
  /** While a plan is being revised nobody can answer: what was shown is about to change. */
  isRevising: boolean;
  readonly approvedBy: Set<string>;
  /** Approvals towards the quorum that have not been written down yet. */
  readonly unrecorded: Decision[];
  /** The plan that edits have made of the one that was asked about. */
  editedPlan: PlanOutline | undefined;
  remindersSent: number;
}

/**
 * Waits for the answer, reminding people on the way; an edited plan starts the wait anew. A question that may be
 * suspended gives way when the workflow has to continue as new.
 */
export async function waitForAnswer(
  pending: PendingQuestion,
  deps: ApprovalDeps,
  asked: Question,
  maySuspend: boolean,
): Promise<Answer | Suspension> {
  const deadline = Date.now() + asked.timeoutMs;
  const isAnswered = () => pending.answer !== undefined && !pending.isRevising;
  const hasNews = () => isAnswered() || pending.unrecorded.length > 0 || pending.question !== asked;
  const isSuspensionDue = () => maySuspend && !pending.isRevising && deps.continuation().isDue();
  for (;;) {
    const reminder = nextReminder(asked, pending.remindersSent, deadline);
    const woken = await condition(
      () => hasNews() || isSuspensionDue(),
      Math.max(1, (reminder?.at ?? deadline) - Date.now()),
    );
    const counted = pending.unrecorded.shift();
    if (counted) await deps.countApproval(counted);
    else if (pending.answer && !pending.isRevising)
      return pending.answer.kind === 'decided'
        ? pending.answer
        : { ...pending.answer, question: pending.question ?? asked };
    else if (pending.question && pending.question !== asked) {
      pending.remindersSent = 0;
      return waitForAnswer(pending, deps, pending.question, maySuspend);
    } else if (isSuspensionDue()) {
      // An answer that comes meanwhile counts here: nothing of it is carried over.
      if (await deps.continuation().prepare(() => !hasNews() && !pending.isRevising))
        return suspend(pending, asked, deadline);
    } else if (woken) continue;
    else if (reminder) {
      pending.remindersSent++;
      deps.remind(asked, reminder);
    } else if (!pending.isRevising) return { kind: 'expired', question: asked };
    else await condition(() => !pending.isRevising);
  }
}

const suspend = (pending: PendingQuestion, asked: Question, deadline: number): Suspension => ({
  kind: 'suspended',
  ...(pending.editedPlan && { plan: pending.editedPlan }),
  open: {
    question: { ...asked, timeoutMs: Math.max(1, deadline - Date.now()) },
    remindersSent: pending.remindersSent,
    approvedBy: [...pending.approvedBy],
  },
});

/** The next reminder of a question before its deadline, after as many as were sent; undefined when none is left. Pure. */
function nextReminder({ policy }: Question, sent: number, deadline: number): Reminder | undefined {
  const times = [
    ...(policy.reminders ?? []).map((at) => ({ at: Date.parse(at), escalates: false })),
    ...(policy.escalation ? [{ at: Date.parse(policy.escalation.at), escalates: true }] : []),
  ].sort((a, b) => a.at - b.at);
  const next = times[sent];
  return next && next.at < deadline ? { ...next, nth: sent + 1 } : undefined;
}

/** Something else has ended the question first. */
export const notWaiting = () => ApplicationFailure.nonRetryable('Nothing is waiting for approval.', FAILURE.notWaiting);

/**
 * Why a decision does not count: nothing waits, it means something else than what was shown, the question has no such
 * choice, the policy says no, or this person has approved already.
 */
export function refusalOf(pending: PendingQuestion, given: Decision): ApplicationFailure | undefined {
  const question = pending.answer || pending.isRevising ? undefined : pending.question;
  const refuse = (type: string, message: string) => ApplicationFailure.nonRetryable(message, type);
  if (!question) return notWaiting();
  const otherApproval = given.approvalId !== undefined && given.approvalId !== question.id;
  // Without a hash nobody can know what an approval was given to.
  const otherHash = (given.hash !== undefined || given.verdict === 'approve') && given.hash !== question.hash;
  if (otherApproval || otherHash) return refuse(FAILURE.approvalMismatch, 'What was shown has changed since.');
  const choice = given.verdict === 'approve' ? (given.choice ?? question.approveMeans) : undefined;
  if (given.choice && !question.choices?.includes(given.choice))
    return refuse(FAILURE.noSuchChoice, `This question has no choice "${given.choice}".`);
  if (!mayAnswer(question.policy, given, Date.now(), choice))
    return refuse(FAILURE.notAllowed, 'The policy does not name this person for this answer.');
  if (given.verdict === 'approve' && !given.editId && pending.approvedBy.has(given.userId))
    return refuse(FAILURE.alreadyApproved, 'This person has approved already; others have to.');
  return undefined;
}
