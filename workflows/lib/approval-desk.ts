import { condition, setHandler } from '@temporalio/workflow';
import type { Decision, DecisionOutcome, PlanOutline, Question, RevisedPlan } from '../../contracts/workflow.ts';
import { decideSignal, decideUpdate } from '../messages.ts';
import { nextNudge, type Nudge } from './nudges.ts';
import { refusalOf } from './refusals.ts';

/** What became of a question. `withdrawn`: the work has moved on, and nobody has to answer any more. */
export type Answer =
  | { readonly kind: 'decided'; readonly decision: Decision; readonly plan?: PlanOutline }
  | { readonly kind: 'expired' }
  | { readonly kind: 'withdrawn' };

/** Where decisions arrive: one question at a time, and its first valid answer counts. */
export interface ApprovalDesk {
  /** Waits for an answer; a question that another one keeps waiting takes its turn. */
  ask(question: Question): Promise<Answer>;
  /** Takes the present question back. */
  withdraw(): void;
}

/** What the desk has others do for it. */
export interface DeskHands {
  /** Tells people once more that somebody has to answer. */
  nudge(question: Question, nudge: Nudge): Promise<void>;
  /** Shows an approval that counts towards the quorum. */
  countApproval(decision: Decision): Promise<void>;
  /** Validates and prices an edited plan. */
  revise(decision: Decision): Promise<RevisedPlan>;
}

const MAX_EARLY = 10;

/** Sets the handlers of both messages; call it before the workflow's first await. */
export function openApprovalDesk(hands: DeskHands): ApprovalDesk {
  let question: Question | undefined;
  let answer: Answer | undefined;
  let revising = false;
  const early: Decision[] = [];
  const approvedBy = new Set<string>();
  const uncounted: Decision[] = [];
  const refusal = (given: Decision) => refusalOf(given, answer || revising ? undefined : question, approvedBy);

  setHandler(decideUpdate, (given) => (given.editId ? revise(given) : take(given)), {
    validator: (given) => {
      const refused = refusal(given);
      if (refused) throw refused;
    },
  });
  setHandler(decideSignal, (given) => {
    // A reply may overtake the question it answers by one workflow task.
    if (!question && early.length < MAX_EARLY) early.push(given);
    else if (!refusal(given)) take(given);
  });

  function take(given: Decision): DecisionOutcome {
    if (given.verdict === 'approve' && !given.choice) approvedBy.add(given.userId);
    if (given.verdict === 'approve' && !given.choice && approvedBy.size < (question?.policy.quorum ?? 1)) {
      uncounted.push(given);
      return { verdict: given.verdict, waiting: true };
    }
    answer = { kind: 'decided', decision: given };
    return { verdict: given.verdict };
  }

  /** While a plan is being revised nobody can answer: what was shown is about to change. */
  async function revise(given: Decision): Promise<DecisionOutcome> {
    revising = true;
    try {
      const revised = await hands.revise(given);
      if (revised.verdict === 'rejected') return { verdict: given.verdict, waiting: true, problems: revised.problems };
      approvedBy.clear();
      if (revised.verdict === 'approved') answer ??= { kind: 'decided', decision: given, plan: revised.plan };
      else question = revised.question;
      return { verdict: given.verdict, ...(revised.verdict === 'asked' && { waiting: true }) };
    } finally {
      revising = false;
    }
  }

  async function wait(asked: Question): Promise<Answer> {
    let nudged = 0;
    for (let deadline = Date.now() + asked.timeoutMs; ;) {
      const nudge = nextNudge(asked, nudged, deadline);
      const woken = await condition(
        () => answer !== undefined || uncounted.length > 0 || question !== asked,
        Math.max(1, (nudge?.at ?? deadline) - Date.now()),
      );
      if (answer) return answer;
      if (question && question !== asked) return wait(question);
      if (woken) await hands.countApproval(uncounted.shift() as Decision);
      else if (nudge) await hands.nudge(asked, { ...nudge, nth: ++nudged });
      else if (!revising) return { kind: 'expired' };
      else await condition(() => !revising);
    }
  }

  return {
    async ask(asked) {
      while (question) await condition(() => question === undefined);
      question = asked;
      answer = undefined;
      approvedBy.clear();
      uncounted.length = 0;
      const before = early.find((given) => !refusal(given));
      if (before) take(before);
      try {
        return await wait(asked);
      } finally {
        // Also after a cancel: while the end is written nothing waits any more.
        question = undefined;
      }
    },
    withdraw() {
      if (question) answer ??= { kind: 'withdrawn' };
    },
  };
}
