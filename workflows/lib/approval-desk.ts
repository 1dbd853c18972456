import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import { FAILURE } from '../../contracts/failures.ts';
import type { Decision, RoutedWork } from '../../contracts/workflow.ts';
import { decideSignal, decideUpdate } from '../messages.ts';

type Question = NonNullable<RoutedWork['approval']>;

/** Where decisions arrive: one question at a time, and its first valid answer counts. */
export interface ApprovalDesk {
  /** Waits for an answer; undefined when nobody gave one in time. */
  ask(question: Question): Promise<Decision | undefined>;
}

/** Sets the handlers of both messages; call it before the workflow's first await. */
export function openApprovalDesk(): ApprovalDesk {
  let question: Question | undefined;
  let answer: Decision | undefined;
  const early: Decision[] = [];

  setHandler(
    decideUpdate,
    (given) => {
      answer ??= given;
      return { verdict: answer.verdict };
    },
    {
      validator: (given) => {
        const refusal = refusalOf(given, answer ? undefined : question);
        if (refusal) throw refusal;
      },
    },
  );
  setHandler(decideSignal, (given) => {
    // A reply may overtake the question it answers by one workflow task.
    if (!question && early.length < MAX_EARLY) early.push(given);
    else if (!refusalOf(given, question)) answer ??= given;
  });

  return {
    async ask(asked) {
      question = asked;
      answer ??= early.find((given) => !refusalOf(given, asked));
      try {
        await condition(() => answer !== undefined, asked.timeoutMs);
        return answer;
      } finally {
        // Also after a cancel: while the end is written nothing waits any more.
        question = undefined;
      }
    },
  };
}

const MAX_EARLY = 10;

/** Why a decision does not count: nothing waits, it means something else than what was shown, or the policy says no. */
function refusalOf(given: Decision, question: Question | undefined): ApplicationFailure | undefined {
  const refuse = (type: string, message: string) => ApplicationFailure.nonRetryable(message, type);
  if (!question) return refuse(FAILURE.notWaiting, 'Nothing is waiting for approval.');
  const otherApproval = given.approvalId !== undefined && given.approvalId !== question.id;
  const otherHash = given.hash !== undefined && given.hash !== question.hash;
  if (otherApproval || otherHash) return refuse(FAILURE.approvalMismatch, 'What was shown has changed since.');
  const allowed = question.policy.roles.includes(given.role) || (question.policy.asker && given.isAsker);
  return allowed && given.role !== 'guest'
    ? undefined
    : refuse(FAILURE.notAllowed, 'Only the person who asked or an admin may answer.');
}
