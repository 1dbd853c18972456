import { condition } from '@temporalio/workflow';
import type {
  Decision,
  JudgedDecision,
  OpenQuestion,
  PlanOutline,
  Question,
  RevisedPlan,
} from '../../contracts/workflow.ts';
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
  /** Finds out who an answer comes from, and who these others are now. */
  judge(decision: Decision, others: readonly string[]): Promise<JudgedDecision>;
  /** Writes down an answer that does not count. */
  recordRefusal(decision: Decision, reason: string): Promise<void>;
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
