import type { AgentDefinition, AgentId, Tier } from '../../contracts/agents.ts';
import { textsFor } from '../../contracts/texts.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { setHealing } from '../../db/queries/healing.ts';
import { lockOrchestration, updateOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { setDelivered } from '../../db/queries/steering.ts';
import { setStepAndList } from '../../db/queries/steps.ts';
import { TASK_TIER } from '../plan/price.ts';
import { loadContext, type Target } from './context.ts';
import { progressOf } from './progress.ts';
import { agentPrompt, MAX_TOKENS, splitConfidence, toConversation } from './prompts.ts';
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
}

export interface StepTurnDeps extends TurnDeps, Means {
  readonly agents: ReadonlyMap<AgentId, AgentDefinition>;
}

/** A model that fails this often is given up; a healed try has had its patience already, and a stand-in's all the more. */
const TRIES = { first: 5, healed: 3, standIn: 1 };

/** Lets an agent work on a step: one turn of its model, keyed by step and attempt. */
export async function workOnStep(deps: StepTurnDeps, input: StepTarget, signal: AbortSignal): Promise<void> {
  const { organizationId } = input;
  await takeTurn(deps, { organizationId, prepare: (trx) => prepareStep(trx, deps, input) }, signal);
}

async function prepareStep(trx: OrganizationTransaction, deps: StepTurnDeps, input: StepTarget): Promise<Turn> {
  const agent = deps.agents.get(input.agent);
  if (!agent) throw new Error(`There is no agent ${input.agent}.`);
  const { orchestration, history, today, timeZone, money, more } = await loadContext(trx, deps, input, () =>
    needsMore(input) ? loadStepWork(trx, input) : Promise.resolve(NO_MORE),
  );
  const { step: row } = more;
  const { organizationId, orchestrationId, step = input.agent, attempt = 0 } = input;
  const asked = input.tier ?? (row?.kind === 'task' && row.category ? TASK_TIER[row.category] : agent.tier);
  const { tier, model, steppedDownFrom } = chooseModel(deps, asked, money);
  const turnKey = agentTurnKey(step, row?.revision, attempt);
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
      system: agentPrompt(agent, today, timeZone),
      messages: toConversation(history, more.wordsFor(orchestration.message)),
      maxTokens: MAX_TOKENS[tier],
      turnKey,
    },
    onStart: async (trx) => {
      const shown = { status: 'running' as const, agent: agent.id, model, turn_key: turnKey, started_at: now() };
      const changed = await showStep(trx, orchestrationId, step, shown, more.steering.length > 0);
      await setDelivered(trx, more.steering, step);
      return changed;
    },
    onEnd: async (trx, { text }, costNanos) => {
      const { confidence } = splitConfidence(text);
      const shown = { status: 'done' as const, confidence, cost_nanos: costNanos, finished_at: now() };
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

/** A plain first try of a request without a plan is its agent and nothing more. */
const needsMore = ({ agent, step = agent, attempt = 0, steering = [], withEarlierAnswers }: StepTarget): boolean =>
  withEarlierAnswers || step !== agent || attempt > 0 || steering.length > 0;

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
