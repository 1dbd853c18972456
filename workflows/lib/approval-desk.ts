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

/** The question that waits, and what has been said to it. */
interface Present {
  question: Question | undefined;
  answer: Answer | undefined;
  /** While a plan is being revised nobody can answer: what was shown is about to change. */
  revising: boolean;
  readonly approvedBy: Set<string>;
  readonly uncounted: Decision[];
  /** The plan that edits have made of the one that was asked about. */
  edited: PlanOutline | undefined;
}

/** Sets the handlers of both messages; call it before the workflow's first await. */
export function openApprovalDesk(hands: DeskHands): ApprovalDesk {
  const now: Present = {
    question: undefined,
    answer: undefined,
    revising: false,
    approvedBy: new Set(),
    uncounted: [],
    edited: undefined,
  };
  const early: Decision[] = [];
  const refusal = (given: Decision) =>
    refusalOf(given, now.answer || now.revising ? undefined : now.question, now.approvedBy);

  setHandler(decideUpdate, (given) => (given.editId ? revise(now, hands, given) : take(now, given)), {
    validator: (given) => {
      const refused = refusal(given);
      if (refused) throw refused;
    },
  });
  setHandler(decideSignal, (given) => {
    // A reply may overtake the question it answers by one workflow task.
    if (!now.question && early.length < MAX_EARLY) early.push(given);
    else if (!refusal(given)) take(now, given);
  });

  return {
    async ask(asked) {
      while (now.question) await condition(() => now.question === undefined);
      Object.assign(now, { question: asked, answer: undefined, edited: undefined });
      now.approvedBy.clear();
      now.uncounted.length = 0;
      const before = early.find((given) => !refusal(given));
      if (before) take(now, before);
      try {
        return await wait(now, hands, asked);
      } finally {
        // Also after a cancel: while the end is written nothing waits any more.
        now.question = undefined;
      }
    },
    withdraw() {
      if (now.question) now.answer ??= { kind: 'withdrawn' };
    },
  };
}

function take(now: Present, given: Decision): DecisionOutcome {
  const { verdict, choice, userId } = given;
  const counts = verdict === 'approve' && !choice;
  if (counts) now.approvedBy.add(userId);
  if (counts && now.approvedBy.size < (now.question?.policy.quorum ?? 1)) {
    now.uncounted.push(given);
    return { verdict, waiting: true };
  }
  now.answer = { kind: 'decided', decision: given, ...(now.edited && { plan: now.edited }) };
  return { verdict };
}

async function revise(now: Present, hands: DeskHands, given: Decision): Promise<DecisionOutcome> {
  const { verdict } = given;
  now.revising = true;
  try {
    const revised = await hands.revise(given);
    if (revised.verdict === 'rejected') return { verdict, waiting: true, problems: revised.problems };
    now.approvedBy.clear();
    if (revised.verdict === 'approved') now.answer ??= { kind: 'decided', decision: given, plan: revised.plan };
    else Object.assign(now, { question: revised.question, edited: revised.plan });
    return { verdict, ...(revised.verdict === 'asked' && { waiting: true }) };
  } finally {
    now.revising = false;
  }
}

/** Waits for the answer, reminding people on the way; an edited plan starts the wait anew. */
async function wait(now: Present, hands: DeskHands, asked: Question): Promise<Answer> {
  const deadline = Date.now() + asked.timeoutMs;
  for (let nudged = 0; ;) {
    const nudge = nextNudge(asked, nudged, deadline);
    const woken = await condition(
      () => now.answer !== undefined || now.uncounted.length > 0 || now.question !== asked,
      Math.max(1, (nudge?.at ?? deadline) - Date.now()),
    );
    if (now.answer) return now.answer;
    if (now.question && now.question !== asked) return wait(now, hands, now.question);
    const counted = now.uncounted.shift();
    if (woken && counted) await hands.countApproval(counted);
    else if (nudge) await hands.nudge(asked, { ...nudge, nth: ++nudged });
    else if (!now.revising) return { kind: 'expired' };
    else await condition(() => !now.revising);
  }
}
