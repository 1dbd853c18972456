import type { AgentId, Category, Language } from '../../../../contracts/agents.ts';
import type { RunMode } from '../../../../contracts/orchestration.ts';
import { AGENT_KEYWORDS, intentOf } from './agent-keywords.ts';
import { keyWordsOf, languageOf, questionOf } from './request-words.ts';
import { wantsOf } from './tool-wants.ts';

interface DemoAnalysis {
  readonly [name: string]: unknown;
  readonly intent: string;
  readonly entities: Readonly<Record<string, string>>;
  readonly category: Category;
  readonly skills: readonly string[];
  readonly confidence: number;
  readonly language: Language;
  readonly agents: readonly { readonly agent: AgentId; readonly relevance: number }[];
  readonly mode: RunMode;
}

/** The demo's reading of a request, by keywords. */
export function analyze(userText: string): DemoAnalysis {
  const question = questionOf(userText);
  const matched = agentsFor(question);
  // What is done with tools is done by one, or it would be done twice.
  const agents = wantsOf(question).length > 0 ? matched.slice(0, 1) : matched;
  const first = agents[0]?.agent ?? 'general';
  return {
    intent: intentOf(question),
    entities: entitiesOf(question),
    category: categoryFor(first, question),
    skills: [],
    confidence: first === 'general' ? 0.62 : agents.length === 1 ? 0.9 : 0.84,
    language: languageOf(question),
    agents,
    mode: modeOf(question),
  };
}

/** At most three agents, the one with the most words first; `general` when none matches. */
function agentsFor(text: string): DemoAnalysis['agents'] {
  const matched = Object.entries(AGENT_KEYWORDS)
    .map(([agent, pattern]) => ({ agent, words: new Set(text.toLowerCase().match(pattern)).size }))
    .filter(({ words }) => words > 0)
    .sort((a, b) => b.words - a.words)
    .slice(0, 3);
  const most = matched[0]?.words;
  if (most === undefined) return [{ agent: 'general', relevance: 0.8 }];
  return matched.map(({ agent, words }) => ({
    agent,
    relevance: Math.round((0.4 + (0.5 * words) / most) * 100) / 100,
  }));
}

function categoryFor(agent: AgentId, text: string): Category {
  if (/\b(architect|strategy|analy[sz]e|forecast|root cause|trade-?off)|전략|아키텍처|분석|예측/i.test(text))
    return 'ultrabrain';
  if (agent === 'brand') return 'visual-engineering';
  if (agent === 'marketing' || /\b(write|story|slogan|poem|creative)|카피|이야기|창의/i.test(text)) return 'artistry';
  return 'quick';
}

function modeOf(text: string): RunMode {
  if (/\b(then|after that|afterwards|step by step|one after)|그 ?다음|이후에|순서대로|한 다음/i.test(text))
    return 'sequential';
  if (/\b(or else|otherwise ask|if .* fails)|실패하면|안 되면/i.test(text)) return 'fallback';
  return 'parallel';
}

function entitiesOf(text: string): Record<string, string> {
  const [topic] = keyWordsOf(text, 1);
  const date =
    /\b(\d{4}-\d{2}-\d{2}|today|tomorrow|next week|monday|tuesday|wednesday|thursday|friday)\b|오늘|내일|다음 ?주|이번 ?주/i.exec(
      text,
    )?.[0];
  const amount = /[$€₩]\s?[\d,.]+[kKmM]?|[\d,.]+\s?(?:만 ?원|원|달러)/.exec(text)?.[0];
  return { ...(topic ? { topic } : {}), ...(date ? { date } : {}), ...(amount ? { amount } : {}) };
}
