import { condition } from '@temporalio/workflow';
import type { Decision, PlanOutline, Question, RevisedPlan } from '../../contracts/workflow.ts';
import { nextReminder, type Reminder } from './reminders.ts';

/**
 * What became of a question. `withdrawn`: the work has moved on, and nobody has to answer any more; `question` is what
 * was asked last, if it came to that.
 */
export type Answer =
  | { readonly kind: 'decided'; readonly decision: Decision; readonly plan?: PlanOutline }
  | { readonly kind: 'expired'; readonly question?: Question }
  | { readonly kind: 'withdrawn'; readonly question?: Question };

/** What the desk has others do for it. */
export interface ApprovalHandlerDeps {
  /** Tells people once more that somebody has to answer; nobody waits for that. */
  nudge(question: Question, nudge: Reminder): void;
  /** Shows an approval that counts towards the quorum. */
  countApproval(decision: Decision): Promise<void>;
  /** Validates and prices an edited plan. */
  revise(decision: Decision): Promise<RevisedPlan>;
  /** The work has moved on: what has not been asked yet need not be. */
  isMoot(): boolean;
}

/** The question that waits, and what has been said to it. */
export interface Present {
  question: Question | undefined;
  answer: Answer | undefined;
  /** While a plan is being revised nobody can answer: what was shown is about to change. */
  revising: boolean;
  readonly approvedBy: Set<string>;
  readonly uncounted: Decision[];
  /** The plan that edits have made of the one that was asked about. */
  edited: PlanOutline | undefined;
}

/** Waits for the answer, reminding people on the way; an edited plan starts the wait anew. */
export async function wait(now: Present, hands: ApprovalHandlerDeps, asked: Question): Promise<Answer> {
  const deadline = Date.now() + asked.timeoutMs;
  for (let nudged = 0; ;) {
    const nudge = nextReminder(asked, nudged, deadline);
    const woken = await condition(
      () => (now.answer !== undefined && !now.revising) || now.uncounted.length > 0 || now.question !== asked,
      Math.max(1, (nudge?.at ?? deadline) - Date.now()),
    );
    const counted = now.uncounted.shift();
    if (counted) await hands.countApproval(counted);
    else if (now.answer && !now.revising)
      return now.answer.kind === 'decided' ? now.answer : { ...now.answer, question: now.question ?? asked };
    else if (now.question && now.question !== asked) return wait(now, hands, now.question);
    else if (woken) continue;
    else if (nudge) hands.nudge(asked, { ...nudge, nth: ++nudged });
    else if (!now.revising) return { kind: 'expired', question: asked };
    else await condition(() => !now.revising);
  }
}
