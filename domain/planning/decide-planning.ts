import type { Language } from '../../contracts/agents.ts';
import type { AgentChoice, Analysis } from '../../contracts/orchestration.ts';
import type { PlanDecision } from '../../contracts/plan.ts';
import type { RequestOptions } from '../../db/tables/work.ts';
import type { Reading } from './actions.ts';
import { readEnglish } from './actions-en.ts';
import { readKorean } from './actions-ko.ts';

interface PlanningQuestion {
  readonly message: string;
  readonly options: RequestOptions;
  readonly analysis: Analysis;
  readonly agents: readonly AgentChoice[];
  readonly language: Language;
}

/** Requests stand at the beginning of a message; what follows is usually quoted material. */
export const READ_CHARS = 2_000;
/** From this many different actions on a plan is worth its price. */
const MANY_ACTIONS = 3;

/** What a request asks to be done. */
export function readActions(message: string, language: Language): Reading {
  const text = message.slice(0, READ_CHARS);
  return language === 'ko' ? readKorean(text) : readEnglish(text);
}

/** Whether the words leave it to the intent if there is a plan: two things are asked for, neither for certain final. */
export function dependsOnIntent(message: string, language: Language): boolean {
  const { question, asked, actions } = readActions(message, language);
  return (
    !asked && !question && actions.length === MANY_ACTIONS - 1 && actions.every(({ irreversible }) => !irreversible)
  );
}

/**
 * Whether a request gets a plan, with the reason. Options of the request decide first; else it needs several different
 * actions, an irreversible one among others, or words that ask for a plan and its execution.
 */
export function decidePlanning({ message, options, analysis, agents, language }: PlanningQuestion): PlanDecision {
  const decided = (used: boolean, reason: string, ...signals: string[]): PlanDecision => ({ used, reason, signals });
  if (options.plan === 'always') return decided(true, 'The request wants a plan.', 'option:always');
  if (options.plan === 'never') return decided(false, 'The request wants no plan.', 'option:never');
  if (options.agents) return decided(false, 'The request names its agents.', 'option:agents');
  if (options.mode) return decided(false, 'The request says how its agents work together.', 'option:mode');

  const { question, asked, ordered, actions } = readActions(message, language);
  const irreversibles = actions.filter(({ irreversible }) => irreversible);
  const isDeployment = analysis.intent === 'deploy' && analysis.mode === 'sequential';
  const signals = [
    ...(asked ? ['asked'] : []),
    ...(question ? ['question'] : []),
    `actions:${actions.length}`,
    ...(ordered ? ['ordered'] : []),
    ...irreversibles.map(({ verb }) => `irreversible:${verb}`),
    `intent:${analysis.intent}`,
    `agents:${agents.length}`,
  ];
  if (asked) return decided(true, 'The request asks for a plan that is carried out.', ...signals);
  if (question) return decided(false, 'The request is a question, which an answer settles.', ...signals);
  if (actions.length >= MANY_ACTIONS)
    return decided(true, `The request asks for ${actions.length} different things to be done.`, ...signals);
  if (actions.length >= 2 && (irreversibles.length > 0 || isDeployment))
    return decided(true, 'Something that cannot be undone depends on other work.', ...signals);
  return decided(false, 'The request is simple enough to be answered at once.', ...signals);
}
