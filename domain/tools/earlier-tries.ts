import type { StepStatus } from '../../contracts/plan.ts';
import type { ToolResult } from '../../contracts/tools.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { listSteps } from '../../db/queries/steps.ts';
import { listCallsOfSteps, type CallWithEffect } from '../../db/queries/tool-calls.ts';
import { tryOfTurn } from '../models/turn-context.ts';
import { inTag } from '../planning/prompt.ts';
import { errorResult, toModelAnswer } from './results.ts';
import type { CallContext } from './taint.ts';
import type { OfferedTool } from './tool-host.ts';

/** A step that ended without an answer may have changed something before: whoever stands in for it has to know. */
export const hasEndedWithoutAnswer = ({ status }: { readonly status: StepStatus }): boolean =>
  status === 'failed' || status === 'skipped';

/** It happened, or nobody knows; an effect that is still open counts as not known. */
export const mayHaveHappened = ({ effect }: CallWithEffect): boolean => effect !== null && effect !== 'FAILED';

/** What a call comes to that an earlier try has made already: the model is told first, and a person is asked then. */
type Repetition = { readonly answer: ToolResult } | { readonly asks: true };

/** Says of a wanted change whether an earlier try has made, or may have made, exactly this; undefined for most. */
export type FindRepetition = (
  tool: Pick<OfferedTool, 'name' | 'idempotent'>,
  argumentsHash: string,
) => Repetition | undefined;

/**
 * Looks at what was changed before in other tries of this step and by steps that ended without an answer. The same
 * change in a later turn of the same try is meant, and made; only one of which nobody knows whether it has happened is
 * asked about there too. What twice is once may be repeated.
 */
export async function createRepetitionFinder(
  trx: OrganizationTransaction,
  { orchestrationId, step, turnKey }: Pick<CallContext, 'orchestrationId' | 'step' | 'turnKey'>,
): Promise<FindRepetition> {
  const ended = (await listSteps(trx, orchestrationId)).filter((one) => one.id !== step && hasEndedWithoutAnswer(one));
  const calls = await listCallsOfSteps(trx, orchestrationId, [step, ...ended.map(({ id }) => id)]);
  const isOfThisTry = (call: CallWithEffect) =>
    call.step_id === step && tryOfTurn(call.turn_key ?? '') === tryOfTurn(turnKey);
  return ({ name, idempotent }, argumentsHash) => {
    if (idempotent) return undefined;
    const same = calls.filter((call) => call.tool === name && call.arguments_hash === argumentsHash);
    if (same.some((call) => isOfThisTry(call) && mayHaveHappened(call) && call.effect !== 'DONE'))
      return { asks: true };
    const before = same.findLast((call) => !isOfThisTry(call) && mayHaveHappened(call));
    if (!before) return undefined;
    return same.some(isOfThisTry) ? { asks: true } : { answer: errorResult(wordsOfRepetition(before)) };
  };
}

const AGAIN = 'Only if it has to happen once more, call it again: a person is asked first.';

const wordsOfRepetition = (before: CallWithEffect): string =>
  before.effect === 'DONE'
    ? `An earlier try has made exactly this call and it has happened, so it was not made again. ${AGAIN} Its answer was:\n${answerOf(before)}`
    : `An earlier try has made exactly this call and we couldn’t confirm whether it has happened, so it was not made again. Say so in your answer, so that a person can look. ${AGAIN}`;

/** Characters of one answer, and of all that is told of earlier tries. */
const ANSWER_CHARS = 4_000;
const ALL_CHARS = 48_000;

const answerOf = (call: CallWithEffect): string => {
  const { text } = toModelAnswer({ ...call, status: isOpen(call) ? 'unknown' : call.status });
  return text.length <= ANSWER_CHARS ? text : `${text.slice(0, ANSWER_CHARS).toWellFormed()}\n[…]`;
};

/** Whatever the call itself says: its change was sent, and what became of it is not known. */
const isOpen = ({ effect }: CallWithEffect): boolean => effect === 'UNKNOWN' || effect === 'PENDING';

function outcomeOf(call: CallWithEffect): string {
  if (isOpen(call) || call.status === 'unknown') return 'unknown';
  if (call.effect === 'DONE') return 'happened';
  if (call.status === 'done') return 'answered';
  return call.effect === 'FAILED' ? 'did not happen' : 'not made';
}

/** Calls as lines of a prompt, the newest kept where all are longer than `maxChars`. Pure. */
export function wordsOfCalls(calls: readonly CallWithEffect[], maxChars = ALL_CHARS): string {
  let room = maxChars;
  const lines = calls.toReversed().flatMap((call) => {
    const words = `${JSON.stringify(call.arguments)}\n${answerOf(call)}`;
    const line = inTag('earlier_call', words, ANSWER_CHARS * 2, { tool: call.tool, outcome: outcomeOf(call) });
    room -= line.length;
    return room < 0 ? [] : [line];
  });
  const left = calls.length - lines.length;
  return [...(left > 0 ? [`(${left} still earlier calls are left out.)`] : []), ...lines.toReversed()].join('\n');
}

/**
 * What a new try has to know of those before it: every call of this step's other tries, and what steps that ended
 * without an answer may have changed. The first try of a step, where nothing has failed before, asks for nothing.
 */
export async function listEarlierCalls(
  trx: OrganizationTransaction,
  orchestrationId: string,
  given: {
    readonly step: string;
    readonly turnKey: string;
    readonly isFirstTry: boolean;
    readonly steps: readonly { readonly id: string; readonly status: StepStatus }[];
  },
): Promise<CallWithEffect[]> {
  const { step, turnKey, isFirstTry, steps } = given;
  const ended = steps.filter((one) => one.id !== step && hasEndedWithoutAnswer(one)).map(({ id }) => id);
  if (isFirstTry && ended.length === 0) return [];
  const calls = await listCallsOfSteps(trx, orchestrationId, [...(isFirstTry ? [] : [step]), ...ended]);
  return calls.filter((call) =>
    call.step_id === step ? tryOfTurn(call.turn_key ?? '') !== tryOfTurn(turnKey) : mayHaveHappened(call),
  );
}
