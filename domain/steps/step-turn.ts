import type { Attempt } from '../attempt.ts';
import type { AgentDefinition, AgentId, Tier } from '../../contracts/agents.ts';
import type { StepRound } from '../../contracts/workflow.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { setHealing } from '../../db/queries/healing.ts';
import type { Message } from '../../db/queries/messages.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';
import { setDelivered } from '../../db/queries/steering.ts';
import type { StepForWork } from '../../db/queries/steps.ts';
import { listCallsOfTurns } from '../../db/queries/tool-calls.ts';
import type { ToolHost } from '../tools/tool-host.ts';
import type { SkillCatalogue } from '../skills/open.ts';
import { TASK_TIER, TOOL_TIER } from '../planning/price.ts';
import { toolsPrompt, type AgentTools } from '../tools/agent-tools.ts';
import { isTainted } from '../tools/taint.ts';
import { toOutlines } from '../tools/wanted-calls.ts';
import { loadContext, type Target } from './context.ts';
import { agentPrompt, MAX_TOKENS, splitConfidence, toConversation } from './prompts.ts';
import type { ModelAnswer, ModelRequest } from '../models/model-port.ts';
import { loadRounds, roundKey } from './rounds.ts';
import { showStep } from './show-step.ts';
import { loadTools, setLeftOut, taintInputsOf, wantCalls } from './step-tools.ts';
import { loadStepWork, NO_MORE, type StepWork } from './step-work.ts';
import { chooseModel, type Means } from '../models/tiers.ts';
import { agentTurnKey } from '../models/turn-keys.ts';
import { takeTurn, type Turn, type TurnDeps } from '../models/turn.ts';

/** One try of one step by one agent. Histories from before plans name neither step nor attempt. */
export interface StepTarget extends Target {
  readonly agent: AgentId;
  /** The step comes with what the steps before it have answered. */
  readonly withEarlierAnswers: boolean;
  readonly step?: string;
  /** Counts healings; 0 is the first try. */
  readonly attempt?: number;
  /** Messages that this step takes up. */
  readonly steering?: readonly string[];
  /** Another tier than the agent's own, to heal a failure. */
  readonly tier?: Tier;
  /** From 1: every answer of tools is followed by another round of the same try. */
  readonly round?: number;
  /** No more calls: the round has to answer with what is known. */
  readonly last?: boolean;
}

export interface StepTurnDeps extends TurnDeps, Means {
  readonly agents: ReadonlyMap<AgentId, AgentDefinition>;
  readonly host: Pick<ToolHost, 'offerIn'>;
  readonly skills: SkillCatalogue;
}

/** A model that fails this often is given up; a healed try has had its patience already, and a stand-in's all the more. */
const TRIES = { first: 5, healed: 3, standIn: 1 };

/**
 * Lets an agent work on a step: one turn of its model, keyed by step, attempt and round. Answers the calls that it wants
 * made before its next round; without any it has answered.
 */
export async function workOnStep(
  deps: StepTurnDeps,
  input: StepTarget,
  attempt: Attempt,
): Promise<StepRound | undefined> {
  const { organizationId, orchestrationId } = input;
  const noted: RecordedTurn = { calls: 'unknown', tools: undefined, turnKey: '' };
  await takeTurn(deps, { organizationId, prepare: (trx) => prepareStep(trx, deps, input, noted) }, attempt);
  if (noted.calls === 'none') return undefined;
  // An answer that was there already may have wanted calls too.
  const rows = await withOrganization(deps.db, organizationId, (trx) =>
    listCallsOfTurns(trx, orchestrationId, [noted.turnKey]),
  );
  return rows.length === 0 ? undefined : { calls: toOutlines(rows, noted.tools?.offered ?? []) };
}

/** What a turn has come to, beside its words. */
interface RecordedTurn {
  calls: 'unknown' | 'none' | 'some';
  tools: AgentTools | undefined;
  turnKey: string;
}

async function prepareStep(
  trx: OrganizationTransaction,
  deps: StepTurnDeps,
  input: StepTarget,
  noted: RecordedTurn,
): Promise<Turn> {
  const agent = deps.agents.get(input.agent);
  if (!agent) throw new Error(`There is no agent ${input.agent}.`);
  const { orchestration, history, today, timeZone, money, more } = await loadContext(trx, deps, input, () =>
    needsMore(input) ? loadStepWork(trx, input) : Promise.resolve(NO_MORE),
  );
  const { step: row } = more;
  const { organizationId, orchestrationId, step = input.agent, attempt = 0, round = 1, last = false } = input;
  const { tier, model, steppedDownFrom } = chooseModel(deps, input.tier ?? tierOfStep(row) ?? agent.tier, money);
  const tryKey = agentTurnKey(step, row?.revision, attempt);
  const turnKey = roundKey(tryKey, round);
  const tools = await loadTools(trx, deps, agent, { orchestration, row });
  Object.assign(noted, { tools, turnKey });
  const rounds = await loadRounds(trx, orchestrationId, tryKey, round);
  const request: ModelRequest = {
    model,
    system: agentPrompt(agent, today, timeZone) + toolsPrompt(tools),
    messages: [...toConversation(history, more.wordsFor(orchestration.message)), ...rounds],
    maxTokens: MAX_TOKENS[tier],
    turnKey,
    ...toolsOf(tools, last),
  };
  const work: Working = { input, step, attempt, round, row, tools, request, history, orchestration, more };
  return {
    organizationId,
    orchestrationId,
    userId: orchestration.user_id,
    agent: agent.id,
    steppedDownFrom,
    tries: triesOf(input),
    request,
    onStart: (trx) => begin(trx, work),
    onEnd: (trx, answer, costNanos) => {
      noted.calls = answer.calls.length > 0 && !last ? 'some' : 'none';
      return (noted.calls === 'some' ? goOn : end)(trx, work, answer, costNanos);
    },
  };
}

/** On the last round tools are only there because the conversation has called them. */
const toolsOf = ({ definitions }: AgentTools, last: boolean): Pick<ModelRequest, 'tools' | 'mustAnswer'> =>
  definitions.length === 0 ? {} : { tools: definitions, ...(last && { mustAnswer: true }) };

const triesOf = ({ tier, attempt = 0 }: StepTarget): number =>
  tier ? TRIES.standIn : attempt > 0 ? TRIES.healed : TRIES.first;

/** A turn of a step, as its beginning and its end need to know it. */
interface Working {
  readonly input: StepTarget;
  readonly step: string;
  readonly attempt: number;
  readonly round: number;
  readonly row: StepForWork | undefined;
  readonly tools: AgentTools;
  readonly request: ModelRequest;
  readonly history: readonly Message[];
  readonly orchestration: Orchestration;
  readonly more: StepWork;
}

const now = () => new Date().toISOString();

async function begin(
  trx: OrganizationTransaction,
  { input, step, round, row, request, tools, history, orchestration, more: { steering } }: Working,
): Promise<Orchestration | undefined> {
  const { model, turnKey } = request;
  const first = round === 1 && { started_at: now() };
  // Kept with the step, so that whoever reads its answer later is warned as it was itself.
  const tainted = await isTainted(trx, taintInputsOf(input, row, history), tools.offered);
  const shown = {
    status: 'running' as const,
    agent: input.agent,
    model,
    turn_key: turnKey,
    ...first,
    ...(tainted && { tainted }),
  };
  const changed = await showStep(trx, orchestration.id, step, shown, steering.length > 0);
  await setDelivered(trx, steering, step);
  await setLeftOut(trx, orchestration, tools.leftOut);
  return changed;
}

/** What the try has cost before this turn. */
const spentBefore = ({ round, row }: Working): number => (round > 1 ? (row?.cost_nanos ?? 0) : 0);

const goOn = (trx: OrganizationTransaction, work: Working, { calls }: ModelAnswer, costNanos: number) =>
  wantCalls(trx, {
    calls,
    tools: work.tools,
    costNanos: spentBefore(work) + costNanos,
    conversation: work.history,
    row: work.row,
    turnKey: work.request.turnKey,
    input: work.input,
  });

async function end(
  trx: OrganizationTransaction,
  work: Working,
  { text }: ModelAnswer,
  costNanos: number,
): Promise<Orchestration | undefined> {
  const { step, attempt, orchestration } = work;
  const { confidence } = splitConfidence(text);
  const spent = spentBefore(work) + costNanos;
  const shown = { status: 'done' as const, confidence, cost_nanos: spent, finished_at: now() };
  const changed = await showStep(trx, orchestration.id, step, shown, attempt > 0);
  if (attempt > 0)
    await setHealing(
      trx,
      { orchestrationId: orchestration.id, stepId: step, attempt },
      { status: 'succeeded', cost_nanos: spent },
    );
  return changed;
}

const tierOfStep = (row: StepForWork | undefined): Tier | undefined => {
  if (row?.kind === 'tool') return TOOL_TIER;
  return row?.kind === 'task' && row.category ? TASK_TIER[row.category] : undefined;
};

/** A plain first try of a request without a plan is its agent and nothing more. */
const needsMore = ({ agent, step = agent, attempt = 0, round = 1, steering = [], ...input }: StepTarget): boolean =>
  input.withEarlierAnswers || step !== agent || attempt > 0 || round > 1 || steering.length > 0;
