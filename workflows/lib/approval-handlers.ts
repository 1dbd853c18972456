import { condition, setHandler } from '@temporalio/workflow';
import type { Decision, DecisionOutcome, Question } from '../../contracts/workflow.ts';
import { decideSignal, decideUpdate } from '../messages.ts';
import { wait, type Answer, type ApprovalHandlerDeps, type Present } from './awaiting.ts';
import { overtaken, refusalOf } from './refusals.ts';

/** Where decisions arrive: one question at a time, and its first valid answer counts. */
export interface ApprovalHandlers {
  /**
   * Waits for an answer. A question that another one keeps waiting is put when its turn has come, and not before: once
   * the answer to the other one has been written, which `settle` does.
   */
  ask(question: Question | (() => Promise<Question>), settle: (answer: Answer) => Promise<void>): Promise<Answer>;
  /** A question waits for its answer. */
  waits(): boolean;
  /** Takes the present question back. */
  withdraw(): void;
}

const MAX_EARLY = 10;

/** Sets the handlers of both messages; call it before the workflow's first await. */
export function createApprovalHandlers(hands: ApprovalHandlerDeps): ApprovalHandlers {
  const now: Present = {
    question: undefined,
    answer: undefined,
    revising: false,
    approvedBy: new Set(),
    uncounted: [],
    edited: undefined,
  };
  const early: Decision[] = [];
  let busy = false;
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
    if (!now.question && early.length < MAX_EARLY && given.approvalId && given.hash) early.push(given);
    else if (!refusal(given)) take(now, given);
  });

  return {
    async ask(asks, settle) {
      while (busy) await condition(() => !busy);
      busy = true;
      try {
        if (hands.isMoot()) return { kind: 'withdrawn' };
        const question = typeof asks === 'function' ? await asks() : asks;
        if (question.moot) return { kind: 'withdrawn' };
        if (hands.isMoot()) return { kind: 'withdrawn', question };
        Object.assign(now, { question, answer: undefined, edited: undefined });
        now.approvedBy.clear();
        now.uncounted.length = 0;
        for (const given of early) if (!refusal(given)) take(now, given);
        const answer = await wait(now, hands, question);
        await settle(answer);
        return answer;
      } finally {
        // Also after a cancel: while the end is written nothing waits any more.
        now.question = undefined;
        busy = false;
      }
    },
    waits: () => now.question !== undefined && !now.answer,
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

async function revise(now: Present, hands: ApprovalHandlerDeps, given: Decision): Promise<DecisionOutcome> {
  const { verdict } = given;
  const asked = now.question;
  now.revising = true;
  try {
    const revised = await hands.revise(given);
    if (revised.verdict === 'rejected') return { verdict, waiting: true, problems: revised.problems };
    // A cancel ends the question at once; a new question must not be left behind.
    if (now.question !== asked) throw overtaken();
    now.approvedBy.clear();
    now.uncounted.length = 0;
    if (revised.verdict === 'asked') Object.assign(now, { question: revised.question, edited: revised.plan });
    if (now.answer) throw overtaken();
    if (revised.verdict === 'approved') now.answer = { kind: 'decided', decision: given, plan: revised.plan };
    return { verdict, ...(revised.verdict === 'asked' && { waiting: true }) };
  } finally {
    now.revising = false;
  }
}
