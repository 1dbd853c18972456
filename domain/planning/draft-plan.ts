import type { Attempt } from '../attempt.ts';
import type { AgentDefinition, AgentId } from '../../contracts/agents.ts';
import { LIMITS } from '../../contracts/limits.ts';
import { errorSentence, reasonSentence, textsFor } from '../../contracts/texts.ts';
import type { OrchestrationTarget, StepFailure } from '../../contracts/workflow.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { updateOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { listPlans } from '../../db/queries/plans.ts';
import { listSteering, setDelivered } from '../../db/queries/steering.ts';
import { listSteps, type Step } from '../../db/queries/steps.ts';
import { isAnyTainted, listCallsOfSteps } from '../../db/queries/tool-calls.ts';
import { findTurnContext, type TurnContextRow } from '../../db/queries/turn-context.ts';
import { listTurns } from '../../db/queries/turns.ts';
import { hasEndedWithoutAnswer, mayHaveHappened, wordsOfCalls } from '../tools/earlier-tries.ts';
import type { OfferedTool, ToolHost } from '../tools/tool-host.ts';
import { plannerTools, plannerPrompt, plannerRequest, toolPurposes, type PlannerRequest } from './prompt.ts';
import { planSchema } from './schema.ts';
import { toContext, toOfferedTo, chooseModel, type ModelChoices, planTurnKey } from '../models/turn-context.ts';
import { stepName } from '../../contracts/phases.ts';
import { MAX_TOKENS, splitConfidence, toConversation } from '../steps/prompts.ts';
import { callAndStore, prepareTurn, reserveTurn, type ReservedTurn, type TurnDeps } from '../models/turn.ts';

/** One draft of a plan, under its own revision. */
export interface DraftTarget extends OrchestrationTarget {
  readonly revision: number;
  readonly why: 'first' | 'asked' | 'failure';
  /** Messages that the plan has to follow. */
  readonly constraints: readonly string[];
  /** The draft before it was refused; its mistakes are shown to the planner. */
  readonly repairs: boolean;
  readonly failures: readonly StepFailure[];
}

export interface PlanDeps extends TurnDeps, ModelChoices {
  readonly agents: ReadonlyMap<AgentId, AgentDefinition>;
  readonly host: Pick<ToolHost, 'offerIn'>;
}

const TRIES = 5;
/** Of what a failed step has changed, as the planner is told it. */
const CALLS_CHARS = 6_000;
/** Where the bar stands while the planner thinks. */
const PROGRESS = 10;

/** One turn of the planner. What it wrote is read, validated and priced by `adoptPlan`. */
export async function draftPlan(deps: PlanDeps, input: DraftTarget, attempt: Attempt): Promise<void> {
  const turn = await prepareTurn(deps, input, (trx) => prepareDraft(trx, deps, input, attempt));
  if (turn) await callAndStore(deps, turn, attempt);
}

/** Undefined when the draft is there already. */
async function prepareDraft(
  trx: OrganizationTransaction,
  deps: PlanDeps,
  input: DraftTarget,
  attempt: Attempt,
): Promise<ReservedTurn | undefined> {
  const { organizationId, orchestrationId, revision, constraints } = input;
  const turnKey = planTurnKey(revision);
  const { defaultLimits } = deps;
  const maxMessages = LIMITS.workingMemoryMessages;
  const row = await findTurnContext(trx, { orchestrationId, turnKey, maxMessages, defaultLimits });
  const { today, timeZone, money } = toContext(row);
  if (row.answer !== null) return undefined;
  const { tier, model, steppedDownFrom } = chooseModel(deps, 'deep', money);
  const offer = await deps.host.offerIn(trx, toOfferedTo(row));
  const tools = plannerTools(offer.tools, row.message);
  const request = {
    model,
    system: plannerPrompt({ agents: deps.agents, tools: toolPurposes(tools), today, timeZone }),
    messages: toConversation(row.history, plannerRequest(await plannerWords(trx, input, row))),
    maxTokens: MAX_TOKENS[tier],
    schema: planSchema(deps.agents.keys()),
    turnKey,
  };
  await setDelivered(trx, constraints, null);
  const changed = await showPlanning(trx, row, await readsUntrusted(trx, input, row, tools));
  const turn = { organizationId, orchestrationId, userId: row.user_id, agent: null, steppedDownFrom, request };
  return reserveTurn(trx, deps, { ...turn, tries: TRIES }, attempt, { changed });
}

/**
 * Whether this draft is made from anything untrusted: what strangers say of their tools, the conversation before, what
 * others than the asker have said to the work, and what steps have answered that had read such text themselves.
 */
async function readsUntrusted(
  trx: OrganizationTransaction,
  { orchestrationId, why, repairs }: DraftTarget,
  { user_id: askerId, history }: TurnContextRow,
  tools: readonly OfferedTool[],
): Promise<boolean> {
  if (tools.some(({ untrusted }) => untrusted === true)) return true;
  const before = [...new Set(history.flatMap(({ orchestration_id: id }) => id ?? []))];
  const isFirst = why === 'first' && !repairs;
  if (await isAnyTainted(trx, isFirst ? before : [orchestrationId, ...before])) return true;
  if (isFirst) return false;
  const said = await listSteering(trx, orchestrationId);
  return said.some(({ user_id: userId, message }) => message !== '' && (userId === null || userId !== askerId));
}

const showPlanning = (trx: OrganizationTransaction, { id, language }: Orchestration, tainted: boolean) =>
  updateOrchestration(trx, {
    id,
    set: {
      // It stays so: the next draft is made from this one.
      ...(tainted && { plan_tainted: true }),
      status: 'running',
      progress: PROGRESS,
      step: textsFor(language).planning,
      started_at: new Date().toISOString(),
    },
  });

/** What the planner is told: the request, what is done already, what failed, what people want, and its own mistakes. */
async function plannerWords(
  trx: OrganizationTransaction,
  { revision, constraints, repairs, failures, why }: DraftTarget,
  orchestration: Orchestration,
): Promise<PlannerRequest> {
  const first = why === 'first' && !repairs;
  if (first) return { message: orchestration.message };
  const steps = await listSteps(trx, orchestration.id);
  const turns = await listTurns(trx, orchestration.id);
  const messages = await listSteering(trx, orchestration.id);
  const reasonOf = (step: Step) => failures.find((one) => (one.step ?? one.agent) === step.id)?.reason;
  const failed = steps.filter((step) => reasonOf(step) !== undefined || hasEndedWithoutAnswer(step));
  const calls = await listCallsOfSteps(
    trx,
    orchestration.id,
    failed.map(({ id }) => id),
  );
  const before = repairs
    ? (await listPlans(trx, orchestration.id)).find((plan) => plan.revision === revision - 1)
    : undefined;
  const resultOf = (turnKey: string | null) => {
    const turn = turns.find(({ turn_key: key }) => key === turnKey);
    return turn ? splitConfidence(turn.content).content : '';
  };
  return {
    message: orchestration.message,
    steering: messages.filter(({ mode }) => mode === 'steer').map(({ message }) => message),
    constraint: messages
      .filter(({ id }) => constraints.includes(id))
      .map(({ message }) => message)
      .join('\n'),
    finished: steps
      .filter(({ status }) => status === 'done')
      .map((step) => ({ id: step.id, title: stepName(step), result: resultOf(step.turn_key) })),
    failed: failed.flatMap((step) => {
      const reason = reasonOf(step);
      const called = wordsOfCalls(
        calls.filter((call) => call.step_id === step.id && mayHaveHappened(call)),
        CALLS_CHARS,
      );
      // A plan that somebody asked for is told of what failed before only where that has changed something.
      if (reason === undefined && called === '') return [];
      const sentence = reason ? errorSentence(reason, 'en') : reasonSentence(step.reason ?? 'internal', 'en');
      return [{ id: step.id, title: stepName(step), reason: sentence, ...(called && { calls: called }) }];
    }),
    ...(before && { previous: { draft: before.draft ?? '', problems: before.problems } }),
  };
}
