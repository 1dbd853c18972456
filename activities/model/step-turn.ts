import type { AgentDefinition, AgentId, Tier } from '../../contracts/agents.ts';
import { textsFor } from '../../contracts/texts.ts';
import type { StepRound } from '../../contracts/workflow.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { setHealing } from '../../db/queries/healing.ts';
import { lockOrchestration, updateOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { setDelivered } from '../../db/queries/steering.ts';
import { setStepAndList, type StepForWork } from '../../db/queries/steps.ts';
import { listCallsOfTurns } from '../../db/queries/tool-calls.ts';
import type { ToolHost } from '../../mcp/host/tool-host.ts';
import type { SkillCatalogue } from '../../skills/open.ts';
import { TASK_TIER, TOOL_TIER } from '../plan/price.ts';
import { toolsPrompt, type AgentTools } from '../tools/agent-tools.ts';
import { toOutlines } from '../tools/wanted-calls.ts';
import { loadContext, type Target } from './context.ts';
import { progressOf } from './progress.ts';
import { agentPrompt, MAX_TOKENS, splitConfidence, toConversation } from './prompts.ts';
import { loadRounds, roundKey } from './rounds.ts';
import { loadTools, setLeftOut, wantCalls } from './step-tools.ts';
import { loadStepWork, NO_MORE } from './step-work.ts';
import { chooseModel, type Means } from './tiers.ts';
import { agentTurnKey } from './turn-keys.ts';
import { takeTurn, type Turn, type TurnDeps } from './turn.ts';

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
  signal: AbortSignal,
): Promise<StepRound | undefined> {
  const { organizationId, orchestrationId } = input;
  const noted: Noted = { calls: 'unknown', tools: undefined, turnKey: '' };
  await takeTurn(deps, { organizationId, prepare: (trx) => prepareStep(trx, deps, input, noted) }, signal);
  if (noted.calls === 'none') return undefined;
  // An answer that was there already may have wanted calls too.
  const rows = await withOrganization(deps.db, organizationId, (trx) =>
    listCallsOfTurns(trx, orchestrationId, [noted.turnKey]),
  );
  return rows.length === 0 ? undefined : { calls: toOutlines(rows, noted.tools?.offered ?? []) };
}

/** What a turn has come to, beside its words. */
interface Noted {
  calls: 'unknown' | 'none' | 'some';
  tools: AgentTools | undefined;
  turnKey: string;
}

async function prepareStep(
  trx: OrganizationTransaction,
  deps: StepTurnDeps,
  input: StepTarget,
  noted: Noted,
): Promise<Turn> {
  const agent = deps.agents.get(input.agent);
  if (!agent) throw new Error(`There is no agent ${input.agent}.`);
  const { orchestration, history, today, timeZone, money, more } = await loadContext(trx, deps, input, () =>
    needsMore(input) ? loadStepWork(trx, input) : Promise.resolve(NO_MORE),
  );
  const { step: row } = more;
  const { organizationId, orchestrationId, step = input.agent, attempt = 0, round = 1, last = false } = input;
  const asked = input.tier ?? tierOfStep(row) ?? agent.tier;
  const { tier, model, steppedDownFrom } = chooseModel(deps, asked, money);
  const tryKey = agentTurnKey(step, row?.revision, attempt);
  const turnKey = roundKey(tryKey, round);
  const tools = await loadTools(trx, deps, agent, { orchestration, row });
  Object.assign(noted, { tools, turnKey });
  const rounds = await loadRounds(trx, orchestrationId, tryKey, round);
  const spentNanos = round > 1 ? (row?.cost_nanos ?? 0) : 0;
  const now = () => new Date().toISOString();
  return {
    organizationId,
    orchestrationId,
    userId: orchestration.user_id,
    agent: agent.id,
    steppedDownFrom,
    tries: input.tier ? TRIES.standIn : attempt > 0 ? TRIES.healed : TRIES.first,
    request: {
      model,
      system: agentPrompt(agent, today, timeZone) + toolsPrompt(tools),
      messages: [...toConversation(history, more.wordsFor(orchestration.message)), ...rounds],
      maxTokens: MAX_TOKENS[tier],
      turnKey,
      ...(tools.definitions.length > 0 && { tools: tools.definitions }),
      ...(last && { mustAnswer: true }),
    },
    onStart: async (trx) => {
      const shown = { status: 'running' as const, agent: agent.id, model, turn_key: turnKey, started_at: now() };
      const changed = await showStep(trx, orchestrationId, step, shown, more.steering.length > 0);
      await setDelivered(trx, more.steering, step);
      await setLeftOut(trx, orchestration, tools.leftOut);
      return changed;
    },
    onEnd: async (trx, { text, calls }, costNanos) => {
      noted.calls = calls.length > 0 && !last ? 'some' : 'none';
      if (noted.calls === 'some')
        return wantCalls(trx, {
          calls,
          tools,
          costNanos: spentNanos + costNanos,
          conversation: history,
          row,
          turnKey,
          input,
        });
      const { confidence } = splitConfidence(text);
      const shown = { status: 'done' as const, confidence, cost_nanos: spentNanos + costNanos, finished_at: now() };
      const changed = await showStep(trx, orchestrationId, step, shown, attempt > 0);
      if (attempt > 0)
        await setHealing(
          trx,
          { orchestrationId, stepId: step, attempt },
          { status: 'succeeded', cost_nanos: costNanos },
        );
      return changed;
    },
  };
}

const tierOfStep = (row: StepForWork | undefined): Tier | undefined => {
  if (row?.kind === 'tool') return TOOL_TIER;
  return row?.kind === 'task' && row.category ? TASK_TIER[row.category] : undefined;
};

/** A plain first try of a request without a plan is its agent and nothing more. */
const needsMore = ({ agent, step = agent, attempt = 0, round = 1, steering = [], ...input }: StepTarget): boolean =>
  input.withEarlierAnswers || step !== agent || attempt > 0 || round > 1 || steering.length > 0;

/**
 * Changes a step's row and, when that changes what people see, the orchestration's line. The orchestration's row is
 * locked first, so that steps that end together count each other.
 */
async function showStep(
  trx: OrganizationTransaction,
  orchestrationId: string,
  id: string,
  set: Parameters<typeof setStepAndList>[2],
  always: boolean,
): Promise<Orchestration | undefined> {
  const { language, step, progress, status } = await lockOrchestration(trx, orchestrationId);
  const steps = await setStepAndList(trx, { orchestrationId, id }, set);
  const next = progressOf(steps, textsFor(language));
  const planned = steps.some(({ revision }) => revision > 0);
  if (!always && !planned && next.step === step && next.progress <= progress) return undefined;
  // While a human is asked, the question stays what people read first.
  const shown = status === 'awaiting_approval' ? { progress: next.progress } : next;
  return updateOrchestration(trx, { id: orchestrationId, set: shown });
}
