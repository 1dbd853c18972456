import type { AgentId } from '../../contracts/agents.ts';
import type { AggregatedResult } from '../../contracts/orchestration.ts';

export interface AgentAnswer {
  readonly step: string;
  /** Its title in a plan; without a plan a step is its agent. */
  readonly title?: string;
  readonly agent: AgentId;
  readonly content: string;
  readonly confidence: number;
  readonly relevance: number;
  readonly model: string;
}

export interface MissingAgent {
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
      total: weighted.length + missing.length,
      missing: missing.map(({ step, title, reason }) => ({ step, title, reason })),
      weights: weighted.map(({ step, weight }) => ({ step, weight })),
    },
  };
}
