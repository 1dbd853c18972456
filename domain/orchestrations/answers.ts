import type { AgentId, Language } from '../../contracts/agents.ts';
import type { AggregatedResult } from '../../contracts/orchestration.ts';
import { errorSentence, textsFor, type ErrorCode } from '../../contracts/texts.ts';
import type { Ending, StepFailure } from '../../contracts/workflow.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { setStep, type Step } from '../../db/queries/steps.ts';
import type { ModelTurn } from '../../db/queries/turns.ts';
import { stepName } from '../../contracts/phases.ts';
import { splitConfidence } from '../steps/prompts.ts';
import { isWhole } from '../models/model-port.ts';
import { agentTurnKey } from '../models/turn-context.ts';

export interface AgentAnswer {
  readonly step: string;
  /** Its title in a plan; without a plan a step is its agent. */
  readonly title?: string;
  readonly agent: AgentId;
  readonly content: string;
  readonly confidence: number;
  readonly relevance: number;
  readonly model: string;
  /** Its end is missing. */
  readonly isCut?: true;
}

interface MissingAgent {
  readonly step: string;
  readonly title: string;
  readonly agent: AgentId | null;
  readonly reason: string;
}

/**
 * Merges the agents' answers: `weight = confidence × task_relevance`, the heaviest is the primary result, the weights
 * of what answered are normalised to 1, and the score is the mean confidence under those weights. Agents that did not
 * answer are named, never passed over. Undefined when nobody answered.
 */
export function mergeAnswers(
  answers: readonly AgentAnswer[],
  missing: readonly MissingAgent[],
  executionTimeMs: number,
): AggregatedResult | undefined {
  const raw = answers.map((answer) => ({ answer, weight: answer.confidence * answer.relevance }));
  const total = raw.reduce((sum, { weight }) => sum + weight, 0);
  const weighted = raw
    .map(({ answer, weight }) => ({ ...answer, weight: total > 0 ? weight / total : 1 / raw.length }))
    .sort((a, b) => b.weight - a.weight);
  const [primary, ...rest] = weighted;
  if (!primary) return undefined;
  return {
    primary_result: primary.content,
    supporting_insights: rest.map(({ agent, content, confidence, weight, title }) => ({
      agent,
      content,
      confidence,
      weight,
      ...(title && { step: title }),
    })),
    confidence_score: weighted.reduce((sum, { weight, confidence }) => sum + weight * confidence, 0),
    aggregation_method: 'weighted_merge',
    agents_used: [...new Set(weighted.map(({ agent }) => agent))],
    execution_time_ms: executionTimeMs,
    primary_agent: primary.agent,
    models_used: [...new Set(weighted.map(({ model }) => model))],
    missing_agents: missing.flatMap(({ agent, reason }) => (agent ? [{ agent, reason }] : [])),
    coverage: {
      answered: weighted.length,
      // An answer without its end is there and missing.
      total: new Set([...weighted, ...missing].map(({ step }) => step)).size,
      missing: missing.map(({ step, title, reason }) => ({ step, title, reason })),
      weights: weighted.map(({ step, weight }) => ({ step, weight })),
    },
  };
}

/** Steps that never ran or did not answer get their last state, and why. Answers all of them, by position. */
export async function settleSteps(
  trx: OrganizationTransaction,
  steps: readonly Step[],
  ending: Ending,
): Promise<Step[]> {
  const failures = new Map((ending.failures ?? []).map((failure) => [stepOf(failure), failure]));
  const finished = new Date();
  const settled: Step[] = [];
  for (const step of steps) {
    if (step.status === 'done') {
      settled.push(step);
      continue;
    }
    const failure = failures.get(step.id);
    const status = failure && !failure.skipped ? ('failed' as const) : ('skipped' as const);
    const end = { status, reason: failure?.reason ?? step.reason };
    await setStep(
      trx,
      { orchestrationId: step.orchestration_id, id: step.id },
      { ...end, finished_at: finished.toISOString() },
    );
    settled.push({ ...step, ...end, finished_at: finished });
  }
  return settled;
}

const stepOf = ({ step, agent }: StepFailure): string => step ?? agent ?? '';

/** The answers of the finished steps. */
export function toAnswers(
  steps: readonly Step[],
  turns: readonly Pick<ModelTurn, 'turn_key' | 'content' | 'model' | 'stop_reason'>[],
): AgentAnswer[] {
  const turnOf = new Map(turns.map((turn) => [turn.turn_key, turn]));
  return steps.flatMap((step) => {
    const turn = turnOf.get(step.turn_key ?? agentTurnKey(step.id));
    if (step.status !== 'done' || !turn || !step.agent) return [];
    const { id, agent, title, relevance } = step;
    const said = splitConfidence(turn.content);
    const answer = { ...said, step: id, agent, relevance, model: turn.model, ...(title && { title }) };
    return [
      isWhole(turn.stop_reason) ? answer : { ...answer, content: `${said.content}\n\n[…]`, isCut: true as const },
    ];
  });
}

/** Steps left out without anything being wrong: nothing is missing where they would be. */
const NOT_NEEDED: ReadonlySet<string | null> = new Set(['condition_false']);

/** A step that failed under an earlier plan has been replaced; its evidence stays, its answer is not missing. */
const isReplaced = (step: Step, revision: number): boolean => step.revision > 0 && step.revision < revision;

const isLeftOut = ({ status, reason }: Step, ending: Ending): boolean =>
  status === 'skipped' && !NOT_NEEDED.has(reason) && (reason !== null || ending.kind !== 'worked');

/** Steps whose answer is missing, each with a sentence that says why. */
export function missingOf(
  steps: readonly Step[],
  answers: readonly AgentAnswer[],
  ending: Ending,
  language: Language,
): MissingAgent[] {
  const revision = Math.max(0, ...steps.map((step) => step.revision));
  const missing = steps.filter(
    (step) =>
      step.kind !== 'approval' && !isReplaced(step, revision) && (step.status === 'failed' || isLeftOut(step, ending)),
  );
  const cut = answers
    .filter(({ isCut }) => isCut)
    .map(({ step, title, agent }) => ({
      step,
      title: title ?? stepName({ id: step, title: '', agent }),
      agent,
      reason: errorSentence('answer_cut', language),
    }));
  return [
    ...cut,
    ...missing.map((step) => ({
      step: step.id,
      title: stepName(step),
      agent: step.agent,
      reason: step.reason ? errorSentence(step.reason as ErrorCode, language) : textsFor(language).cancelled,
    })),
  ];
}
