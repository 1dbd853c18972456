import type { AgentId } from '../../contracts/agents.ts';
import type { AgentChoice, Analysis, Route } from '../../contracts/orchestration.ts';
import type { LocalRoute, RequestOptions } from '../../db/tables/work.ts';

/** Below this share of the request an agent that the model named is not worth its price. */
const MIN_RELEVANCE = 0.15;
const MAX_ALTERNATIVES = 3;

type Choice = Pick<Route, 'agents' | 'decidedBy' | 'confidence' | 'reason'>;

/**
 * Who works on a request: whom it names, else whom an admin gave these words to, else the local router when it is sure,
 * else the model (or what it said of the same words before), else what the keywords say, else `general`. Pure; the
 * reason and everybody's scores are kept with the decision.
 */
export function chooseAgents(options: RequestOptions, local: LocalRoute | null, analysis: Analysis): Route {
  const choice = choose(options, local, analysis);
  return {
    ...choice,
    mode: options.mode ?? analysis.mode,
    category: options.category ?? analysis.category,
    alternatives: alternativesTo(choice.agents, local),
    scores: {
      local: local?.scores ? toScores(local.scores) : null,
      model: analysis.source === 'model' ? toScores(analysis.agents) : null,
    },
  };
}

function choose(options: RequestOptions, local: LocalRoute | null, analysis: Analysis): Choice {
  if (options.agents)
    return {
      agents: [...new Set(options.agents)].map((agent) => ({ agent, relevance: 1 })),
      decidedBy: 'request',
      confidence: 1,
      reason: 'The request names its agents.',
    };
  if (local && !local.abstained) {
    const { agents, confidence, reason, decidedBy = 'local' } = local;
    return { agents, decidedBy, confidence, reason };
  }
  const named = analysis.agents.filter(({ relevance }) => relevance >= MIN_RELEVANCE);
  if (named.length > 0) {
    const unsure = local ? `The local router was unsure (${local.confidence.toFixed(2)}).` : 'No local decision.';
    return {
      agents: named.sort((a, b) => b.relevance - a.relevance),
      decidedBy: analysis.source === 'model' ? (analysis.cached ? 'cache' : 'model') : 'keywords',
      confidence: analysis.confidence,
      reason: analysis.cached ? `${unsure} The model has decided about the same words before.` : unsure,
    };
  }
  return {
    agents: [{ agent: 'general', relevance: 1 }],
    decidedBy: 'default',
    confidence: 0,
    reason: 'No agent fits clearly enough.',
  };
}

/** Whom the local router thought of besides those who work. */
function alternativesTo(agents: readonly AgentChoice[], local: LocalRoute | null): AgentChoice[] {
  const chosen = new Set(agents.map(({ agent }) => agent));
  const others = (local?.scores ?? local?.alternatives ?? []).filter(({ agent }) => !chosen.has(agent));
  return others.slice(0, MAX_ALTERNATIVES);
}

const toScores = (choices: readonly AgentChoice[]): Record<AgentId, number> =>
  Object.fromEntries(choices.map(({ agent, relevance }) => [agent, relevance]));
