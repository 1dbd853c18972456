import { condition, setHandler } from '@temporalio/workflow';
import type { Decision, DecisionOutcome, OpenQuestion, Question } from '../../contracts/workflow.ts';
import { decideSignal, decideUpdate } from '../messages.ts';
import {
  notWaiting,
  refusalOf,
  waitForAnswer,
  type Answer,
  type ApprovalDeps,
  type PendingQuestion,
  type Suspension,
} from './pending-question.ts';

/** Where decisions arrive: one question at a time, and its first valid answer counts. */
export interface ApprovalHandlers {
  /**
   * Waits for an answer. A question that another one keeps waiting is put when its turn has come, and not before: once
   * the answer to the other one has been written, which `settle` does.
   */
  ask(
    question: OpenQuestion | (() => Promise<Question>),
    settle: (answer: Answer) => Promise<void>,
    maySuspend: boolean,
  ): Promise<Answer | Suspension>;
  /** A question waits for its answer. */
  isWaiting(): boolean;
  /** Takes the present question back. */
  withdraw(): void;
  /** Decisions that came before their question. */
  earlyDecisions(): readonly Decision[];
}

const MAX_EARLY = 10;

/** Sets the handlers of both messages; call it before the workflow's first await. */
export function createApprovalHandlers(deps: ApprovalDeps, early: Decision[]): ApprovalHandlers {
  const pending: PendingQuestion = {
    question: undefined,
    answer: undefined,
    isRevising: false,
    approvedBy: new Set(),
    unrecorded: [],
    editedPlan: undefined,
    remindersSent: 0,
  };
  let isBusy = false;

  setHandler(decideUpdate, (given) => (given.editId ? revise(pending, deps, given) : countDecision(pending, given)), {
    validator: (given) => {
      const refused = refusalOf(pending, given);
      if (refused) throw refused;
    },
  });
  setHandler(decideSignal, (given) => {
    // A reply may overtake the question it answers by one workflow task.
    if (!pending.question && early.length < MAX_EARLY && given.approvalId && given.hash) early.push(given);
    else if (!refusalOf(pending, given)) countDecision(pending, given);
  });

  return {
    async ask(subject, settle, maySuspend) {
      while (isBusy) await condition(() => !isBusy);
      isBusy = true;
      try {
        const open = async () => (typeof subject === 'function' ? newQuestion(await subject()) : subject);
        const answer: Answer | Suspension = deps.isMoot()
          ? { kind: 'withdrawn' }
          : await askNow(pending, deps, early, await open(), maySuspend);
        if (answer.kind !== 'suspended') await settle(answer);
        return answer;
      } finally {
        // Also after a cancel: while the end is written nothing waits any more.
        pending.question = undefined;
        isBusy = false;
      }
    },
    isWaiting: () => pending.question !== undefined && !pending.answer,
    withdraw() {
      if (pending.question) pending.answer ??= { kind: 'withdrawn' };
    },
    earlyDecisions: () => early,
  };
}

async function askNow(
  pending: PendingQuestion,
  deps: ApprovalDeps,
  early: readonly Decision[],
  open: OpenQuestion,
  maySuspend: boolean,
): Promise<Answer | Suspension> {
  const { question } = open;
  if (question.moot) return { kind: 'withdrawn' };
  if (deps.isMoot()) return { kind: 'withdrawn', question };
  put(pending, open);
  for (const given of early) if (!refusalOf(pending, given)) countDecision(pending, given);
  return waitForAnswer(pending, deps, question, maySuspend);
}

/** A question that nothing has been done about yet. */
export const newQuestion = (question: Question): OpenQuestion => ({ question, remindersSent: 0, approvedBy: [] });

function put(pending: PendingQuestion, { question, remindersSent, approvedBy }: OpenQuestion): void {
  Object.assign(pending, { question, answer: undefined, editedPlan: undefined, remindersSent });
  pending.approvedBy.clear();
  for (const userId of approvedBy) pending.approvedBy.add(userId);
  pending.unrecorded.length = 0;
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
