import type { AgentDefinition, AgentId, Category, Tier } from '../../contracts/agents.ts';
import { nanosToCents, type Nanos } from '../../contracts/money.ts';
import type { Plan, PlanDraft, PlanStep, PricedStep, StepEstimate } from '../../contracts/plan.ts';
import { MAX_TOKENS, USUAL_OUTPUT_TOKENS } from '../steps/prompts.ts';
import type { EstimateDeps } from '../budgets/estimate.ts';
import { answersGivenTo, EARLIER_ANSWER_BYTES, phasesOf } from './graph.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { pastCosts } from '../../db/queries/costs.ts';

/** Who works on steps of kind `task`, with the model that their category wants. */
const TASK_AGENT: AgentId = 'general';
export const TASK_TIER: Readonly<Record<Category, Tier>> = {
  quick: 'fast',
  ultrabrain: 'deep',
  'visual-engineering': 'balanced',
  artistry: 'balanced',
};

/** Who fills in the arguments of a planned tool step, and how often it thinks: before the call, and after. */
export const TOOL_TIER: Tier = 'fast';
const TOOL_ROUNDS = 2;
/** A tool's definition and its answer, as far as a model gets them. */
const TOOL_BYTES = 40_000;

/** Bytes of one token in usual text; only for what is expected, the worst case counts every byte. */
const BYTES_PER_TOKEN = 4;
/** The day, tags and the frame of a request around what is counted. */
const FRAME_BYTES = 1_000;
/** For what is expected; a model's first token takes some seconds. */
const TOKENS_PER_SECOND: Readonly<Record<Tier, number>> = { fast: 120, balanced: 60, deep: 40 };
const SECONDS_TO_BEGIN = 3;
const TOOL_SECONDS = 10;
/** Fewer runs than this say nothing. */
const MIN_RUNS = 3;

/** What runs of an agent came to, on average. */
export interface PastRuns {
  readonly runs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly seconds: number | null;
}

export interface PriceContext {
  /** Bytes that every step is told: the request, and the conversation before it. */
  readonly requestBytes: number;
  readonly pastRuns?: ReadonlyMap<string, PastRuns>;
}

/** The model that a step thinks with; undefined for steps that need none. */
export function tierOf(step: PlanStep, agents: ReadonlyMap<AgentId, AgentDefinition>): Tier | undefined {
  if (step.kind === 'task') return TASK_TIER[step.category ?? 'quick'];
  if (step.kind === 'tool') return TOOL_TIER;
  return step.kind === 'agent' && step.agent !== null ? agents.get(step.agent)?.tier : undefined;
}

/**
 * A validated plan with the price of every step and of the whole. The worst case of a step is never below what its
 * reservation takes, as long as earlier answers are handed on as `earlierAnswer` cuts them.
 */
export function pricePlan(
  draft: PlanDraft,
  deps: EstimateDeps,
  context: PriceContext,
): Pick<Plan, 'steps' | 'phases' | 'minutes' | 'cents' | 'worstCents'> {
  const phases = phasesOf(draft.steps);
  const priced = draft.steps.map((step) => ({ step, cost: costOf(step, draft.steps, deps, context) }));
  const steps: PricedStep[] = priced.map(({ step, cost: { estimate } }) => ({
    ...step,
    phase: phases.get(step.id) ?? 1,
    estimate,
  }));
  return {
    steps,
    phases: Math.max(0, ...steps.map(({ phase }) => phase)),
    minutes: minutesOf(steps),
    cents: nanosToCents(priced.reduce((sum, { cost }) => sum + cost.usualNanos, 0)),
    worstCents: nanosToCents(priced.reduce((sum, { cost }) => sum + cost.worstNanos, 0)),
  };
}

interface Cost {
  readonly usualNanos: Nanos;
  readonly worstNanos: Nanos;
  readonly estimate: StepEstimate;
}

function costOf(step: PlanStep, steps: readonly PlanStep[], deps: EstimateDeps, context: PriceContext): Cost {
  const tier = tierOf(step, deps.agents);
  if (tier === undefined) return noCost();
  const model = deps.models[tier];
  const answers = answersGivenTo(step, steps);
  const prompt = deps.agents.get(step.agent ?? TASK_AGENT)?.prompt ?? '';
  const ownBytes = Buffer.byteLength(prompt) + Buffer.byteLength(step.title) + Buffer.byteLength(step.instruction);
  const bytes = FRAME_BYTES + ownBytes + context.requestBytes;
  const rounds = step.kind === 'tool' ? TOOL_ROUNDS : 1;
  const worstBytes = bytes + answers.length * EARLIER_ANSWER_BYTES + (rounds > 1 ? TOOL_BYTES : 0);
  const worstNanos = rounds * deps.prices.worstCaseOf(model, worstBytes, MAX_TOKENS[tier]);

  const past = step.kind === 'agent' ? context.pastRuns?.get(step.agent ?? '') : undefined;
  const experience = past && past.runs >= MIN_RUNS ? past : undefined;
  const answerTokens = answers.reduce((sum, answer) => sum + usualOutput(answer, steps, deps), 0);
  const inputTokens = Math.round(experience?.inputTokens ?? rounds * (bytes / BYTES_PER_TOKEN + answerTokens));
  const outputTokens = Math.round(experience?.outputTokens ?? rounds * USUAL_OUTPUT_TOKENS[tier]);
  const usualNanos = Math.min(worstNanos, deps.prices.worstCaseOf(model, inputTokens, outputTokens));
  const working = SECONDS_TO_BEGIN + outputTokens / TOKENS_PER_SECOND[tier];
  const seconds = experience?.seconds ?? working + (step.kind === 'tool' ? TOOL_SECONDS : 0);
  return {
    usualNanos,
    worstNanos,
    estimate: {
      minutes: toMinutes(seconds),
      inputTokens,
      outputTokens,
      cents: nanosToCents(usualNanos),
      worstCents: nanosToCents(worstNanos),
      basis: experience ? 'past_runs' : 'prices',
      runs: experience?.runs ?? 0,
    },
  };
}

/** An approval step: waiting for a person costs nothing and counts as no time. */
const noCost = (): Cost => ({
  usualNanos: 0,
  worstNanos: 0,
  estimate: {
    minutes: 0,
    inputTokens: 0,
    outputTokens: 0,
    cents: 0,
    worstCents: 0,
    basis: 'prices',
    runs: 0,
  },
});

/** Up to the next tenth, so that work is never said to take no time. */
const toMinutes = (seconds: number): number => Math.ceil(seconds / 6) / 10;

function usualOutput(id: string, steps: readonly PlanStep[], { agents }: EstimateDeps): number {
  const step = steps.find((one) => one.id === id);
  return USUAL_OUTPUT_TOKENS[(step && tierOf(step, agents)) ?? 'balanced'];
}

/** Along the chain of steps that takes longest. */
function minutesOf(steps: readonly PricedStep[]): number {
  const ends = new Map<string, number>();
  for (const { id, needs, estimate } of steps.toSorted((a, b) => a.phase - b.phase))
    ends.set(id, estimate.minutes + Math.max(0, ...needs.map((need) => ends.get(need) ?? 0)));
  return Math.round(Math.max(0, ...ends.values()) * 10) / 10;
}

/** What the organization's own past runs of a plan's agents were like, by agent. */
export async function pastRunsOf(
  { models, agents }: Pick<EstimateDeps, 'models' | 'agents'>,
  trx: OrganizationTransaction,
  { steps }: PlanDraft,
): Promise<Map<string, PastRuns>> {
  const found = new Map<string, PastRuns>();
  for (const step of steps) {
    const agent = step.agent;
    if (step.kind !== 'agent' || !agent || found.has(agent)) continue;
    const tier = tierOf(step, agents);
    if (!tier) continue;
    const past = await pastCosts(trx, { agent, model: models[tier] });
    found.set(agent, {
      runs: past.calls,
      inputTokens: past.meanInputTokens,
      outputTokens: past.meanOutputTokens,
      seconds: past.calls > 0 ? past.meanDurationMs / 1_000 : null,
    });
  }
  return found;
}
