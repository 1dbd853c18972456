import { type Attempt, retryWhileDatabaseUnavailable } from '../attempt.ts';
import { randomUUID } from 'node:crypto';
import type { Compilable, Kysely } from 'kysely';
import type { AgentId, Tier } from '../../contracts/agents.ts';
import { FAILURE, FailureError, type RefusalCause } from '../../contracts/failures.ts';
import { isRecord } from '../../contracts/json.ts';
import type { Nanos } from '../../contracts/money.ts';
import type { OrchestrationTarget } from '../../contracts/workflow.ts';
import { withLockedOrchestration, withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { NoRoomInBudgetError, reserve, type DefaultLimits } from '../../db/queries/budget.ts';
import { deleteUncalled } from '../../db/queries/key-pool.ts';
import { tellChange, type Orchestration } from '../../db/queries/orchestrations.ts';
import { release, settle, settleAsUnknown } from '../../db/queries/settle.ts';
import { findTurn, insertTurn } from '../../db/queries/turns.ts';
import type { Database } from '../../db/tables/index.ts';
import type { ReachKillPoint } from '../kill-points.ts';
import { alertBudgets } from '../budgets/limits.ts';
import {
  endOf,
  ModelCallError,
  type ModelAnswer,
  type ModelBlock,
  type ModelRequest,
  type PooledModel,
} from './model-port.ts';
import type { PriceTable } from './prices.ts';

export interface TurnDeps {
  readonly db: Kysely<Database>;
  readonly model: PooledModel;
  readonly prices: PriceTable;
  readonly defaultLimits: DefaultLimits;
  readonly reservationSeconds: number;
  /** Shares of a budget at which people are warned. */
  readonly alertThresholds: readonly number[];
  readonly reachKillPoint: ReachKillPoint;
  /** Wakes the readers of the organization's events, after a commit. */
  readonly wakeReaders: (organizationId: string) => void;
}

/** One question to a model, kept under its key: whoever asks again gets the stored answer. */
export interface Turn {
  readonly organizationId: string;
  readonly orchestrationId: string;
  readonly userId: string | null;
  readonly agent: AgentId | null;
  readonly request: ModelRequest;
  /** The tier that was asked for, when the pressure on a budget gave it a cheaper one. */
  readonly steppedDownFrom?: Tier;
  /** Attempts at the model after which its failure is final. */
  readonly tries: number;
}

/** What else becomes true with the beginning or the end of a turn. */
export interface TurnChange {
  /** The orchestration, if what people see of it has changed: that is told. */
  readonly changed?: Orchestration | undefined;
  /** Statements that go along in one round trip. */
  readonly along?: readonly Compilable[];
}

/** A turn whose worst case is reserved: its call may be made, once. */
export interface ReservedTurn extends Turn {
  readonly usageId: string;
}

/**
 * Every turn of a model is prepared, called and settled, so that no answer is paid for twice: the worst case is reserved
 * in the transaction that reads what the turn is made of, and replaced by the real usage in the one that stores the
 * answer, which is a row before the activity completes. A try that died in between counts at its worst case, because
 * nobody can know whether it was billed.
 */
export async function answerTurn(deps: TurnDeps, turn: Turn, attempt: Attempt): Promise<string> {
  const { orchestrationId, request } = turn;
  const prepared = await prepareTurn(deps, turn, async (trx) => {
    const kept = await findTurn(trx, { orchestrationId, turnKey: request.turnKey });
    return kept ? { kept: kept.content } : { reserved: await reserveTurn(trx, deps, turn, attempt) };
  });
  if (prepared.kept !== undefined) return prepared.kept;
  return (await callAndStore(deps, prepared.reserved, attempt)).text;
}

/** Calls the model of a prepared turn and stores and pays its answer, with what else becomes true together with it. */
export async function callAndStore(
  deps: TurnDeps,
  turn: ReservedTurn,
  attempt: Attempt,
  alsoStore?: (trx: OrganizationTransaction, answer: ModelAnswer) => Promise<unknown>,
): Promise<ModelAnswer> {
  const answer = await callModel(deps, turn, attempt);
  await settleTurn(deps, turn, answer, attempt, async (trx) => {
    await insertTurn(trx, toTurnRow(deps, turn, answer));
    await alsoStore?.(trx, answer);
    await payTurn(trx, deps, turn, answer);
  });
  return answer;
}

/**
 * Runs what prepares a turn in one transaction that holds the orchestration's row.
 * @throws FailureError `budgetExhausted` with what a person needs to decide.
 */
export async function prepareTurn<T>(
  deps: Pick<TurnDeps, 'db' | 'wakeReaders'>,
  target: OrchestrationTarget,
  prepare: (trx: OrganizationTransaction) => Promise<T>,
): Promise<T> {
  try {
    return await withLockedOrchestration(deps.db, target, prepare);
  } catch (error) {
    throw error instanceof NoRoomInBudgetError ? toBudgetFailure(error) : error;
  } finally {
    deps.wakeReaders(target.organizationId);
  }
}

/**
 * Reserves the worst case of a turn, then tells what people see of the orchestration if that has changed: the rows that
 * the whole organization shares are locked last. A retry first counts the lost try before it as unknown.
 * @throws NoRoomInBudgetError; the transaction must roll back.
 */
export async function reserveTurn(
  trx: OrganizationTransaction,
  deps: Pick<TurnDeps, 'prices' | 'reservationSeconds' | 'defaultLimits'>,
  turn: Turn,
  attempt: Attempt,
  { changed, along = [] }: TurnChange = {},
): Promise<ReservedTurn> {
  const { organizationId, orchestrationId, userId, agent, steppedDownFrom, request } = turn;
  const usageId = randomUUID();
  const key = { orchestrationId, turnKey: request.turnKey };
  // A first try has nothing before it; what a reset run has left open expires by itself.
  if (attempt.number > 1) await settleAsUnknown(trx, key);
  const nanos = deps.prices.worstCaseOf(request.model, maxPromptTokens(request), request.maxTokens);
  const who = { id: usageId, ...key, organizationId, userId, agent, steppedDownFrom };
  const what = { model: request.model, nanos, expiresInSeconds: deps.reservationSeconds };
  await reserve(trx, { ...who, ...what }, deps.defaultLimits, along);
  if (changed) await tellChange(trx, changed, 'orchestration_progress');
  return { ...turn, usageId };
}

/** A refusal with what a person needs to decide: whose limit, of which period and until when, and how much is missing. */
const toBudgetFailure = ({ message, scope, period, missingNanos, limitNanos, resetsAt }: NoRoomInBudgetError) =>
  FailureError.nonRetryable(message, FAILURE.budgetExhausted, scope, { period, missingNanos, limitNanos, resetsAt });

/**
 * Calls the model. A failed call gives its reservation back when it was certainly free, and counts as unknown otherwise.
 * @throws FailureError named in `FAILURE`.
 */
export async function callModel(deps: TurnDeps, turn: ReservedTurn, attempt: Attempt): Promise<ModelAnswer> {
  const { execution, number, signal } = attempt;
  deps.reachKillPoint('after-reserve');
  try {
    const answer = await deps.model.answer({ ...turn, execution, attempt: number }, signal);
    deps.reachKillPoint('after-model-answer');
    return answer;
  } catch (error) {
    if (!(error instanceof ModelCallError)) throw error;
    const { organizationId, orchestrationId, usageId, request } = turn;
    await withOrganization(deps.db, organizationId, async (trx) => {
      const { turnKey } = request;
      const moved = error.free ? await release(trx, usageId) : await settleAsUnknown(trx, { orchestrationId, turnKey });
      await deleteUncalled(trx, usageId);
      await alertBudgets(trx, turn, moved, deps.alertThresholds);
    });
    deps.wakeReaders(organizationId);
    throw error.failure;
  }
}

/**
 * Runs what stores and pays an answer in one transaction that holds the orchestration's row. The answer has been paid
 * for: a database that is away is asked again, not the model. What is no answer is paid for and stored nowhere.
 * @throws FailureError `modelRefused` with its cause when the model gave no answer.
 */
export async function settleTurn<T>(
  deps: TurnDeps,
  turn: ReservedTurn,
  answer: ModelAnswer,
  { signal }: Attempt,
  store: (trx: OrganizationTransaction) => Promise<T>,
  isAnswer = hasAnswer(answer),
): Promise<T> {
  const work = isAnswer ? store : (trx: OrganizationTransaction) => payTurn(trx, deps, turn, answer);
  const settled = await retryWhileDatabaseUnavailable(
    () => withLockedOrchestration<T | void>(deps.db, turn, work),
    signal,
  );
  deps.wakeReaders(turn.organizationId);
  if (!isAnswer) throw toNoAnswer(answer);
  deps.reachKillPoint('after-turn-stored');
  return settled as T;
}

/** Something to go on with: calls to make, or words; words that were cut off are marked by whoever shows them. */
export const hasAnswer = ({ calls, text, stopReason }: ModelAnswer): boolean =>
  endOf(stopReason) !== 'refused' && (calls.length > 0 || text.trim().length > 0);

/** Why there is nothing to go on with, for people. */
function toNoAnswer({ stopReason }: ModelAnswer): FailureError {
  const end = endOf(stopReason);
  const why: RefusalCause =
    end === 'refused' ? 'policy' : end === 'full' ? 'too_long' : end === 'cut' ? 'cut' : 'empty';
  const ended = stopReason === null ? '' : ` It ended with ${stopReason.slice(0, 60)}.`;
  return FailureError.nonRetryable(`The model gave no answer.${ended}`, FAILURE.modelRefused, why);
}

/** What a call has cost; what its provider does not say counts at the most that it can be. */
export function costOf({ prices }: Pick<TurnDeps, 'prices'>, { request }: Turn, { tokens }: ModelAnswer): Nanos {
  const { model, maxTokens } = request;
  const output = tokens.output ?? maxTokens;
  return tokens.input === null
    ? prices.worstCaseOf(model, maxPromptTokens(request), output)
    : prices.costOf(model, { ...tokens, input: tokens.input, output });
}

/** An answer as its row. Pure. */
export const toTurnRow = (deps: Pick<TurnDeps, 'prices'>, turn: Turn, answer: ModelAnswer) => ({
  organization_id: turn.organizationId,
  orchestration_id: turn.orchestrationId,
  turn_key: turn.request.turnKey,
  model: turn.request.model,
  content: answer.text,
  stop_reason: answer.stopReason,
  blocks: answer.blocks.length > 0 ? JSON.stringify(answer.blocks) : null,
  cost_nanos: costOf(deps, turn, answer),
});

/** Replaces the reservation by what the call has cost, tells what people see if that has changed, and warns of budgets. */
export async function payTurn(
  trx: OrganizationTransaction,
  deps: Pick<TurnDeps, 'prices' | 'alertThresholds'>,
  turn: ReservedTurn,
  answer: ModelAnswer,
  { changed, along = [] }: TurnChange = {},
): Promise<void> {
  const { cacheWrite5m, cacheWrite1h, cacheRead } = answer.tokens;
  const input = answer.tokens.input ?? maxPromptTokens(turn.request);
  const output = answer.tokens.output ?? turn.request.maxTokens;
  const tokens = {
    inputTokens: input,
    outputTokens: output,
    cacheWriteTokens: cacheWrite5m + cacheWrite1h,
    cacheReadTokens: cacheRead,
  };
  const moved = await settle(trx, turn.usageId, costOf(deps, turn, answer), tokens, along);
  if (changed) await tellChange(trx, changed, 'orchestration_progress');
  await alertBudgets(trx, turn, moved, deps.alertThresholds);
}

/** No tokenizer makes more tokens than bytes; the frame of a request adds a few. */
const FRAME_TOKENS = 200;
/** The provider's own prompt for tools: 264 to 346 tokens by model (docs.claude.com, tool use, pricing). */
const TOOLS_TOKENS = 400;
export const maxPromptTokens = (request: Pick<ModelRequest, 'system' | 'messages' | 'schema' | 'tools'>): number =>
  FRAME_TOKENS +
  Buffer.byteLength(request.system) +
  Buffer.byteLength(JSON.stringify(request.schema ?? '')) +
  (request.tools ? TOOLS_TOKENS + Buffer.byteLength(JSON.stringify(request.tools)) : 0) +
  request.messages.reduce(
    (sum, { content }) => sum + (typeof content === 'string' ? Buffer.byteLength(content) : maxTokensOf(content)),
    0,
  );

/** Of a picture up to 2,000 pixels wide: a token for 750 pixels (docs.claude.com, vision), whatever its bytes. */
const IMAGE_TOKENS = 6_000;

function maxTokensOf(blocks: readonly ModelBlock[]): number {
  let images = 0;
  const words = JSON.stringify(blocks, (_name, value: unknown) => {
    if (!isRecord(value) || value['type'] !== 'base64' || typeof value['data'] !== 'string') return value;
    images++;
    return { ...value, data: '' };
  });
  return Buffer.byteLength(words) + images * IMAGE_TOKENS;
}
