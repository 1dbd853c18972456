import type { Analysis, Route } from '../../contracts/orchestration.ts';
import type { LocalRoute, RequestOptions } from '../../db/tables/work.ts';

/** Below this share of the request an agent that the model named is not worth its price. */
const MIN_RELEVANCE = 0.15;

/**
 * Who works on a request: whom it names, else the local router when it is sure, else the model, else what the keywords
 * say, else `general`. Pure; the reason is kept with the decision.
 */
export function chooseAgents(options: RequestOptions, local: LocalRoute | null, analysis: Analysis): Route {
  const mode = options.mode ?? analysis.mode;
  const category = options.category ?? analysis.category;
  const alternatives = local?.alternatives ?? [];
  const decide = (route: Pick<Route, 'agents' | 'decidedBy' | 'confidence' | 'reason'>): Route => ({
    ...route,
    mode,
    category,
    alternatives,
  });
  if (options.agents)
    return decide({
      agents: [...new Set(options.agents)].map((agent) => ({ agent, relevance: 1 })),
      decidedBy: 'request',
      confidence: 1,
      reason: 'The request names its agents.',
    });
  if (local && !local.abstained)
    return decide({ agents: local.agents, decidedBy: 'local', confidence: local.confidence, reason: local.reason });
  const named = analysis.agents.filter(({ relevance }) => relevance >= MIN_RELEVANCE);
  if (named.length > 0)
    return decide({
      agents: named.sort((a, b) => b.relevance - a.relevance),
      decidedBy: analysis.source === 'model' ? 'model' : 'keywords',
      confidence: analysis.confidence,
      reason: local ? `The local router was unsure (${local.confidence.toFixed(2)}).` : 'No local decision.',
    });
  return decide({
    agents: [{ agent: 'general', relevance: 1 }],
    decidedBy: 'default',
    confidence: 0,
    reason: 'Nobody was sure whose business this is.',
  });
}
