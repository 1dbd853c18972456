import { textsFor } from '../../contracts/texts.ts';
import type { StepRound } from '../../contracts/workflow.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { setHealing } from '../../db/queries/healing.ts';
import { setDelivered } from '../../db/queries/steering.ts';
import {
  insertTurnAndListSteps,
  stepUpdate,
  setStepAndProgress,
  type OrchestrationSteps,
  type StepForWork,
} from '../../db/queries/steps.ts';
import { isAnyTainted, listCallsOfTurns } from '../../db/queries/tool-calls.ts';
import { findTurn } from '../../db/queries/turns.ts';
import type { Attempt } from '../attempt.ts';
import { isContinuable, type ModelAnswer } from '../models/model-port.ts';
import {
  callModel,
  costOf,
  hasAnswer,
  payTurn,
  prepareTurn,
  reserveTurn,
  settleTurn,
  toTurnRow,
  type ReservedTurn,
  type TurnChange,
} from '../models/turn.ts';
import { isTaintedByTools } from '../tools/taint.ts';
import { toOutlines, writeWantedCalls } from '../tools/wanted-calls.ts';
import { progressOf } from './end-step.ts';
import { splitConfidence } from './prompts.ts';
import { setLeftOut, taintInputsOf, withTexts } from './step-tools.ts';
import { loadStepWork, type StepTarget, type StepTurnDeps, type StepWork } from './step-work.ts';

/**
 * Lets an agent work on a step: one turn of its model, keyed by step, attempt and round. Answers the calls that it wants
 * made before its next round; without any it has answered.
 */
export async function workOnStep(
  deps: StepTurnDeps,
  input: StepTarget,
  attempt: Attempt,
): Promise<StepRound | undefined> {
  const prepared = await prepareTurn(deps, input, (trx) => prepareStepTurn(trx, deps, input, attempt));
  if (!prepared.turn) return prepared.round;
  const { turn, work } = prepared;
  const given = await callModel(deps, turn, attempt);
  const isLast = input.last === true;
  // Calls that the last round wants all the same are not made, and no answer.
  const answer = { ...given, text: work.unfinished.text + given.text, calls: isLast ? [] : given.calls };
  const isAnswer = goesOn(work, answer) || hasAnswer(answer);
  return settleTurn(deps, turn, answer, attempt, (trx) => settleStepTurn(trx, deps, { turn, work }, answer), isAnswer);
}

/** Rounds in a row that only go on with an answer that was cut off. */
const MAX_CONTINUATIONS = 3;

/** The answer has not come to its end, and may be asked for the rest: the step goes on with another round. */
const goesOn = (
  { input, unfinished }: StepWork,
  { calls, stopReason }: Pick<ModelAnswer, 'calls' | 'stopReason'>,
): boolean => !input.last && calls.length === 0 && unfinished.rounds < MAX_CONTINUATIONS && isContinuable(stopReason);

interface ReservedStepTurn {
  readonly turn: ReservedTurn;
  readonly work: StepWork;
}

/** Reserves for the turn and shows that it has begun; or answers the calls that its stored answer wants. */
async function prepareStepTurn(
  trx: OrganizationTransaction,
  deps: StepTurnDeps,
  input: StepTarget,
  attempt: Attempt,
): Promise<ReservedStepTurn | { readonly turn?: undefined; readonly round: StepRound | undefined }> {
  const work = await loadStepWork(trx, deps, input);
  if (work.isAnswered) return { round: await loadStepRound(trx, work) };
  const change = await beginStep(trx, work);
  return { work, turn: await reserveTurn(trx, deps, work.turn, attempt, change) };
}

/** The calls that a stored answer wants made, none where it has to be gone on with; undefined when the step has ended. */
async function loadStepRound(
  trx: OrganizationTransaction,
  { tools, step, turn: { orchestrationId, request } }: StepWork,
): Promise<StepRound | undefined> {
  const { turnKey } = request;
  const rows = await listCallsOfTurns(trx, orchestrationId, [turnKey]);
  if (rows.length > 0) return { calls: toOutlines(rows, tools.offered) };
  const stored = step?.status === 'done' ? undefined : await findTurn(trx, { orchestrationId, turnKey });
  return stored && isContinuable(stored.stop_reason) ? { calls: [] } : undefined;
}

const now = () => new Date().toISOString();

async function beginStep(trx: OrganizationTransaction, work: StepWork): Promise<TurnChange> {
  const { input, id, context, step, tools, turn } = work;
  const { model, turnKey } = turn.request;
  const steering = context.steering.map((message) => message.id);
  // Kept with the step, so that whoever reads its answer later is warned as it was itself.
  const tainted =
    context.tainted ||
    (await isTaintedByTools(trx, taintInputsOf(input, step, context), tools.inRequest)) ||
    (work.readsOthersCalls && (await isAnyTainted(trx, [context.id])));
  const set = {
    status: 'running' as const,
    agent: input.agent,
    model,
    turn_key: turnKey,
    ...((input.round ?? 1) === 1 && { started_at: now() }),
    ...(tainted && { tainted }),
  };
  const changed = await showStep(trx, context, { orchestrationId: context.id, id }, set, steering.length > 0);
  await setDelivered(trx, steering, id);
  await setLeftOut(trx, context, tools.leftOut);
  return changed;
}

/** Stores and pays the answer, and writes what follows from it: the calls that it wants, or the end of the step. */
async function settleStepTurn(
  trx: OrganizationTransaction,
  deps: StepTurnDeps,
  { turn, work }: ReservedStepTurn,
  answer: ModelAnswer,
): Promise<StepRound | undefined> {
  const { input, step } = work;
  const state = await insertTurnAndListSteps(trx, toTurnRow(deps, turn, answer));
  const costNanos = ((input.round ?? 1) > 1 ? (step?.cost_nanos ?? 0) : 0) + costOf(deps, turn, answer);
  const wantsCalls = answer.calls.length > 0;
  const isOpen = goesOn(work, answer);
  const key = { orchestrationId: turn.orchestrationId, id: work.id };
  const follow = wantsCalls ? writeCalls : endStep;
  const change = isOpen
    ? { along: [stepUpdate(trx, key, { cost_nanos: costNanos })] }
    : await follow(trx, work, state, answer, costNanos);
  await payTurn(trx, deps, turn, answer, change);
  return wantsCalls ? loadStepRound(trx, work) : isOpen ? { calls: [] } : undefined;
}

/** The turn wants tools called: the calls are written, and the step goes on after them. */
async function writeCalls(
  trx: OrganizationTransaction,
  { input, id, context, step, tools, turn, readsOthersCalls }: StepWork,
  { status, language }: OrchestrationSteps,
  { calls }: ModelAnswer,
  costNanos: number,
): Promise<TurnChange> {
  const { organizationId, orchestrationId, request } = turn;
  const inputs = taintInputsOf(input, step, context);
  const buildsOnOthers = inputs.buildsOnOthers || readsOthersCalls;
  const callContext = { organizationId, step: id, turnKey: request.turnKey, ...inputs, buildsOnOthers };
  const { tainted } = await writeWantedCalls(trx, callContext, calls, await withTexts(trx, tools, calls));
  const key = { orchestrationId, id };
  const set = { cost_nanos: costNanos, ...(tainted && { tainted }) };
  // While a human is asked, the question stays what people read first.
  if (status === 'awaiting_approval') return { along: [stepUpdate(trx, key, set)] };
  const shown = { step: textsFor(language).tools.callingTool(calls[0]?.name ?? '') };
  return { changed: await setStepAndProgress(trx, key, set, shown) };
}

async function endStep(
  trx: OrganizationTransaction,
  { input: { attempt = 0 }, id, turn: { orchestrationId } }: StepWork,
  state: OrchestrationSteps,
  { text }: ModelAnswer,
  costNanos: number,
): Promise<TurnChange> {
  const { confidence } = splitConfidence(text);
  const set = { status: 'done' as const, confidence, cost_nanos: costNanos, finished_at: now() };
  const changed = await showStep(trx, state, { orchestrationId, id }, set, attempt > 0);
  const healed = { status: 'succeeded' as const, cost_nanos: costNanos };
  if (attempt > 0) await setHealing(trx, { orchestrationId, stepId: id, attempt }, healed);
  return changed;
}

/**
 * Changes a step's row and, when that changes what people see, the orchestration's line. Its row is locked, so that
 * steps that end together count each other.
 */
async function showStep(
  trx: OrganizationTransaction,
  { language, step, progress, status, steps }: OrchestrationSteps,
  key: { readonly orchestrationId: string; readonly id: string },
  set: Parameters<typeof stepUpdate>[2] & Partial<Pick<StepForWork, 'status' | 'agent'>>,
  always: boolean,
): Promise<TurnChange> {
  const changed = steps.map((one) =>
    one.id === key.id ? { ...one, status: set.status ?? one.status, agent: set.agent ?? one.agent } : one,
  );
  const next = progressOf(changed, textsFor(language));
  const isPlanned = steps.some(({ revision }) => revision > 0);
  if (!always && !isPlanned && next.step === step && next.progress <= progress)
    return { along: [stepUpdate(trx, key, set)] };
  // While a human is asked, the question stays what people read first.
  const shown = status === 'awaiting_approval' ? { progress: next.progress } : next;
  return { changed: await setStepAndProgress(trx, key, set, shown) };
}
