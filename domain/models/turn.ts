import type { Attempt } from '../attempt.ts';
import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { AgentId, Tier } from '../../contracts/agents.ts';
import { FAILURE, FailureError } from '../../contracts/failures.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { NoRoomInBudgetError, reserve, type DefaultLimits } from '../../db/queries/budget.ts';
import { forgetUncalled } from '../../db/queries/key-pool.ts';
import { tellChange, type Orchestration } from '../../db/queries/orchestrations.ts';
import { giveUp, release, settle } from '../../db/queries/settle.ts';
import { findTurn, insertTurn } from '../../db/queries/turns.ts';
import type { Database } from '../../db/tables/index.ts';
import type { ReachKillPoint } from '../kill-points.ts';
import { alertBudgets } from '../budgets/alerts.ts';
import { ModelCallError, type ModelAnswer, type ModelRequest, type PooledModel } from './model-port.ts';
import type { PriceTable } from './prices.ts';
import { retryWhileDatabaseUnavailable } from './retry-while-database-unavailable.ts';

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
  /** What becomes true together with the reservation; answers what people see then, if that has changed. */
  readonly onStart?: (trx: OrganizationTransaction) => Promise<Orchestration | undefined>;
  /** What becomes true together with the stored answer; answers as `onStart` does. */
  readonly onEnd?: (
    trx: OrganizationTransaction,
    answer: ModelAnswer,
    costNanos: number,
  ) => Promise<Orchestration | undefined>;
}

/** A turn that is made of what the transaction reads that reserves for it; it locks nothing yet. */
export interface TurnToPrepare {
  readonly organizationId: string;
  readonly prepare: (trx: OrganizationTransaction) => Promise<Turn>;
}

/**
 * Takes one turn of a model so that no answer is paid for twice: the answer is a row before the activity completes,
 * and a retry that finds the row returns it. The worst case is reserved before the call and replaced by the real
 * usage after it, holding the budget's rows, which everybody shares, as short as can be; a try that died in between counts at its worst case, because nobody can know whether it was billed.
 * @throws FailureError named in `FAILURE`.
 */
export async function takeTurn(deps: TurnDeps, given: Turn | TurnToPrepare, attempt: Attempt): Promise<string> {
  const usageId = randomUUID();
  const { turn, kept } = await startTurn(deps, given, { usageId, isRetry: attempt.number > 1 });
  if (kept !== undefined) return kept;
  deps.reachKillPoint('after-reserve');
  const answer = await callModel(deps, turn, usageId, attempt);
  deps.reachKillPoint('after-model-answer');
  // The answer has been paid for: a database that is away is asked again, not the model.
  const text = await retryWhileDatabaseUnavailable(() => endTurn(deps, turn, usageId, answer), attempt.signal);
  deps.reachKillPoint('after-turn-stored');
  return text;
}

interface Started {
  readonly turn: Turn;
  /** The answer, when there is one already. */
  readonly kept?: string;
}

async function startTurn(
  deps: TurnDeps,
  given: Turn | TurnToPrepare,
  { usageId, isRetry }: { readonly usageId: string; readonly isRetry: boolean },
): Promise<Started> {
  const { organizationId } = given;
  try {
    return await withOrganization(deps.db, organizationId, async (trx) => {
      const turn = 'prepare' in given ? await given.prepare(trx) : given;
      const { orchestrationId, request } = turn;
      const key = { orchestrationId, turnKey: request.turnKey };
      const kept = await findTurn(trx, key);
      if (kept) return { turn, kept: kept.content };
      const changed = await turn.onStart?.(trx);
      // A first try has nothing before it; what a reset run has left open expires by itself.
      if (isRetry) await giveUp(trx, key);
      const nanos = deps.prices.worstCaseOf(request.model, promptTokensAtMost(request), request.maxTokens);
      const { userId, agent, steppedDownFrom } = turn;
      const who = { id: usageId, ...key, organizationId, userId, agent, steppedDownFrom };
      const what = { model: request.model, nanos, expiresInSeconds: deps.reservationSeconds };
      await reserve(trx, { ...who, ...what }, deps.defaultLimits);
      if (changed) await tellChange(trx, changed, 'orchestration_progress');
      return { turn };
    });
  } catch (error) {
    throw error instanceof NoRoomInBudgetError ? toBudgetFailure(error) : error;
  } finally {
    deps.wakeReaders(organizationId);
  }
}

/** A refusal with what a person needs to decide: whose limit, of which period, and how much is missing. */
export const toBudgetFailure = ({ message, scope, period, missingNanos, limitNanos }: NoRoomInBudgetError) =>
  FailureError.nonRetryable(message, FAILURE.budgetExhausted, scope, { period, missingNanos, limitNanos });

async function callModel(deps: TurnDeps, turn: Turn, usageId: string, attempt: Attempt): Promise<ModelAnswer> {
  const { execution, number, signal } = attempt;
  try {
    return await deps.model.answer({ ...turn, usageId, execution, attempt: number }, signal);
  } catch (error) {
    if (!(error instanceof ModelCallError)) throw error;
    const { orchestrationId, request } = turn;
    await withOrganization(deps.db, turn.organizationId, async (trx) => {
      const turnKey = request.turnKey;
      const moved = error.free ? await release(trx, usageId) : await giveUp(trx, { orchestrationId, turnKey });
      await forgetUncalled(trx, usageId);
      await alertBudgets(trx, turn, moved, deps.alertThresholds);
    });
    deps.wakeReaders(turn.organizationId);
    throw error.failure;
  }
}

async function endTurn(deps: TurnDeps, turn: Turn, usageId: string, answer: ModelAnswer): Promise<string> {
  const { organizationId, request } = turn;
  const costNanos = deps.prices.costOf(request.model, answer.tokens);
  // Words before a call that was cut off are no answer yet.
  const said = answer.calls.length > 0 || (answer.text.trim().length > 0 && !answer.cutOff);
  const answered = answer.stopReason !== 'refusal' && said;
  const text = await withOrganization(deps.db, organizationId, async (trx) => {
    const changed = answered ? await keepAnswer(trx, turn, answer, costNanos) : undefined;
    const moved = await settle(trx, usageId, costNanos, {
      inputTokens: answer.tokens.input,
      outputTokens: answer.tokens.output,
      cacheWriteTokens: answer.tokens.cacheWrite5m + answer.tokens.cacheWrite1h,
      cacheReadTokens: answer.tokens.cacheRead,
    });
    if (changed) await tellChange(trx, changed, 'orchestration_progress');
    await alertBudgets(trx, turn, moved, deps.alertThresholds);
    return answered ? answer.text : undefined;
  });
  deps.wakeReaders(organizationId);
  if (text === undefined) throw FailureError.nonRetryable('The model gave no answer.', FAILURE.modelRefused);
  return text;
}

async function keepAnswer(
  trx: OrganizationTransaction,
  turn: Turn,
  answer: ModelAnswer,
  costNanos: number,
): Promise<Orchestration | undefined> {
  const { organizationId, orchestrationId, request } = turn;
  await insertTurn(trx, {
    organization_id: organizationId,
    orchestration_id: orchestrationId,
    turn_key: request.turnKey,
    model: request.model,
    content: answer.text,
    stop_reason: answer.stopReason,
    blocks: answer.calls.length > 0 ? JSON.stringify(answer.blocks) : null,
    cost_nanos: costNanos,
  });
  return turn.onEnd?.(trx, answer, costNanos);
}

/** No tokenizer makes more tokens than bytes; the frame of a request adds a few. */
const FRAME_TOKENS = 200;
/** The provider's own prompt for tools: 264 to 346 tokens by model (docs.claude.com, tool use, pricing). */
const TOOLS_TOKENS = 400;
export const promptTokensAtMost = (request: Pick<ModelRequest, 'system' | 'messages' | 'schema' | 'tools'>): number =>
  FRAME_TOKENS +
  Buffer.byteLength(request.system) +
  Buffer.byteLength(JSON.stringify(request.schema ?? '')) +
  (request.tools ? TOOLS_TOKENS + Buffer.byteLength(JSON.stringify(request.tools)) : 0) +
  request.messages.reduce(
    (sum, { content }) => sum + Buffer.byteLength(typeof content === 'string' ? content : JSON.stringify(content)),
    0,
  );
