import type { Language } from '../../contracts/agents.ts';
import type { AgentChoice, Analysis } from '../../contracts/orchestration.ts';
import type { PlanDecision } from '../../contracts/plan.ts';
import type { RequestOptions } from '../../db/tables/work.ts';
import { readEnglish } from './actions-en.ts';
import { readKorean } from './actions-ko.ts';

export interface PlanningQuestion {
  readonly message: string;
  readonly options: RequestOptions;
  readonly analysis: Analysis;
  readonly agents: readonly AgentChoice[];
  readonly language: Language;
}

/** What people ask for stands at the beginning; what follows is what they quote. */
const LOOKED_AT_CHARS = 2_000;
/** Different things to do from which on a plan pays. */
const MANY_ACTIONS = 3;

/**
 * Whether a request gets a plan, with the reason. The request's own words on that win; else it takes several different
 * things to do, one that cannot be taken back among others, or asking for a plan that is carried out.
 */
export function decidePlanning({ message, options, analysis, agents, language }: PlanningQuestion): PlanDecision {
  const decided = (used: boolean, reason: string, ...signals: string[]): PlanDecision => ({ used, reason, signals });
  if (options.plan === 'always') return decided(true, 'The request wants a plan.', 'option:always');
  if (options.plan === 'never') return decided(false, 'The request wants no plan.', 'option:never');
  if (options.agents) return decided(false, 'The request names its agents.', 'option:agents');
  if (options.mode) return decided(false, 'The request says how its agents work together.', 'option:mode');

  const text = message.slice(0, LOOKED_AT_CHARS);
  const { question, asked, ordered, actions } = language === 'ko' ? readKorean(text) : readEnglish(text);
  const final = actions.filter(({ irreversible }) => irreversible);
  const isDeployment = analysis.intent === 'deploy' && analysis.mode === 'sequential';
  const signals = [
    ...(asked ? ['asked'] : []),
    ...(question ? ['question'] : []),
    `actions:${actions.length}`,
    ...(ordered ? ['ordered'] : []),
    ...final.map(({ verb }) => `irreversible:${verb}`),
    `intent:${analysis.intent}`,
    `agents:${agents.length}`,
  ];
  if (asked) return decided(true, 'The request asks for a plan that is carried out.', ...signals);
  if (question) return decided(false, 'The request is a question, which an answer settles.', ...signals);
  if (actions.length >= MANY_ACTIONS)
    return decided(true, `The request asks for ${actions.length} different things to be done.`, ...signals);
  if (actions.length >= 2 && (final.length > 0 || isDeployment))
    return decided(true, 'Something that cannot be taken back depends on other work.', ...signals);
  return decided(false, 'The request is simple enough to be answered at once.', ...signals);
}
