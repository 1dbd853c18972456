import { type AgentId, type Category } from '../../contracts/agents.ts';
import type { Analysis, AgentChoice, RunMode } from '../../contracts/orchestration.ts';
import { findEntities } from './entities.ts';
import { findIntent } from './intent.ts';
import { detectLanguage } from './language.ts';
import type { LocalDecision } from './router.ts';

/** A request to be understood without a model. */
export interface KeywordInput {
  readonly text: string;
  readonly now: Date;
  readonly timeZone: string;
  /** What the local path made of the text, even if it abstained; null when nobody asked it. */
  readonly local: Pick<LocalDecision, 'agents' | 'confidence'> | null;
}

/** Words see less than a model, so they never claim more. */
const MAX_CONFIDENCE = 0.5;
/** Below this the local path's guess is worth less than asking `general`. */
const MIN_GUESS = 0.35;

const FALLBACK =
  /\bif (?:that|this|it) (?:fails|doesn't work|does not work|isn't possible)|\botherwise\b|\bfailing that\b|안\s?되면|실패하면|아니면\s?대신/i;
const SEQUENTIAL =
  /\b(?:and |, )?then\b|\bafter (?:that|this|which)\b|\bafterwards\b|\bonce (?:that|this|it)(?:'s| is) done\b|\bbased on (?:that|this|the result)\b|그\s?(?:다음|뒤|후)|그런\s?다음|(?:하고|고)\s?나서|한\s?(?:다음|뒤|후)에?(?:\s|$)|이어서|끝나면/i;

/** The category each agent works in; the same as in its file. */
export const CATEGORY_OF_AGENT: Readonly<Record<AgentId, Category>> = {
  brand: 'visual-engineering',
  marketing: 'artistry',
  ops: 'quick',
  product: 'ultrabrain',
  engineering: 'ultrabrain',
  support: 'quick',
  growth: 'artistry',
  finance: 'quick',
  general: 'quick',
};

/** The last link of the chain: what a request means by its words alone. */
export function analyzeByKeywords({ text, now, timeZone, local }: KeywordInput): Analysis {
  const agents = agentsOf(local);
  return {
    intent: findIntent(text),
    entities: findEntities(text, now, timeZone),
    category: CATEGORY_OF_AGENT[agents[0]?.agent ?? 'general'],
    skills: [],
    confidence: Math.min(MAX_CONFIDENCE, local?.confidence ?? 0),
    language: detectLanguage(text),
    agents,
    mode: findMode(text),
    source: 'keywords',
  };
}

/** How several agents should work together, by the words that join their parts. */
export function findMode(text: string): RunMode {
  if (FALLBACK.test(text)) return 'fallback';
  return SEQUENTIAL.test(text) ? 'sequential' : 'parallel';
}

const agentsOf = (local: KeywordInput['local']): AgentChoice[] =>
  local && local.confidence >= MIN_GUESS ? local.agents : [{ agent: 'general', relevance: 1 }];
