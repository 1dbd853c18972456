import { condition, setHandler } from '@temporalio/workflow';
import type { Decision, OpenQuestion, Question } from '../../contracts/workflow.ts';
import { decideSignal, decideUpdate } from '../messages.ts';
import { countIfItCounts, judgeAndCount } from './count-answer.ts';
import { mismatchOf } from './judge-answer.ts';
import {
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

  setHandler(decideUpdate, (given) => judgeAndCount(pending, deps, given), {
    validator: (given) => {
      const refused = mismatchOf(pending, given);
      if (refused) throw refused;
    },
  });
  setHandler(decideSignal, async (given) => {
    // A reply may overtake the question it answers by one workflow task.
    if (!pending.question && early.length < MAX_EARLY && given.approvalId && given.hash) early.push(given);
    else await countIfItCounts(pending, deps, given);
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
  const ofThis = early.filter(({ approvalId }) => approvalId === question.id);
  for (const given of ofThis) await countIfItCounts(pending, deps, given);
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
