import type { AgentId } from '../../contracts/agents.ts';
import type { AgentChoice } from '../../contracts/orchestration.ts';
import { splitClauses, normalise } from './text.ts';
import { wordsOf } from './features.ts';
import { addSums, largest, scoresOf, sumsOf, type RouterModel } from './model.ts';

/** What the local path makes of a request. When it abstains, `agents` is its best guess and the model decides. */
export interface LocalDecision {
  readonly abstained: boolean;
  /** Most relevant first; the relevances sum to 1. */
  readonly agents: AgentChoice[];
  /** The probability that `agents` is right. */
  readonly confidence: number;
  /** All agents, calibrated, highest first; they sum to 1. */
  readonly scores: AgentChoice[];
  readonly reason: string;
}

/** The local path: pure, no I/O, well under a millisecond. */
export interface Router {
  route(text: string): LocalDecision;
}

/** What a decision is made from; training tries thresholds on these without scoring anew. */
export interface Evidence {
  readonly whole: number[];
  /** Scores of each clause that is long enough to be a request. */
  readonly clauses: number[][];
}

export type Thresholds = Pick<RouterModel, 'labels' | 'answerAt' | 'joinAt' | 'joinFloor'>;
type Scorer = Pick<RouterModel, 'bias' | 'scale' | 'temperature'> & { weights: Int8Array | Float32Array };

/** A clause with fewer letters than this is no request of its own. */
const MIN_CLAUSE_CHARS = 5;

/** Unknown topics resemble `general`, so it has to be surer than a specialist. */
const GENERAL_AT = 0.72;

export const createRouter = (model: RouterModel): Router => ({
  route: (text) => decide(evidenceOf(text, model), model),
});

/** Scores a request as a whole and clause by clause. */
export function evidenceOf(text: string, model: Scorer): Evidence {
  const parts = splitClauses(normalise(text)).map((clause) => ({ clause, sums: sumsOf(clause, model) }));
  const whole = addSums(
    parts.map((part) => part.sums),
    model.bias.length,
  );
  if (whole.squares === 0) return { whole: model.bias.map(() => 1 / model.bias.length), clauses: [] };
  const requests =
    parts.length < 2 ? [] : parts.filter(({ clause }) => wordsOf(clause).join('').length >= MIN_CLAUSE_CHARS);
  return { whole: scoresOf(whole, model), clauses: requests.map(({ sums }) => scoresOf(sums, model)) };
}

/** Picks the agents: the best of the whole, and those that a clause of its own clearly asks for. */
export function decide({ whole, clauses }: Evidence, thresholds: Thresholds): LocalDecision {
  const { labels, answerAt } = thresholds;
  const asked = clauseAgents({ whole, clauses }, thresholds);
  const best = largest(whole);
  const joined = asked.size >= 2;
  const chosen = joined ? [...asked.keys()] : [best];
  const confidence = joined ? Math.min(...asked.values()) : (whole[best] ?? 0);
  const total = chosen.reduce((sum, label) => sum + (whole[label] ?? 0), 0);
  const agents = sorted(chosen.map((label) => choice(labels, label, total > 0 ? (whole[label] ?? 0) / total : 0)));
  const isGeneral = !joined && labels[best] === 'general';
  const abstained = confidence < (isGeneral ? Math.max(answerAt, GENERAL_AT) : answerAt);
  const scores = sorted(whole.map((score, label) => choice(labels, label, score)));
  return { abstained, agents, confidence, scores, reason: reasonOf(agents, confidence, abstained, scores) };
}

/** The agents that clauses ask for, with the confidence of the clearest clause; general never joins others. */
function clauseAgents({ whole, clauses }: Evidence, { labels, joinAt, joinFloor }: Thresholds): Map<number, number> {
  const asked = new Map<number, number>();
  for (const scores of clauses) {
    const best = largest(scores);
    const score = scores[best] ?? 0;
    if (score < joinAt || (whole[best] ?? 0) < joinFloor || labels[best] === 'general') continue;
    asked.set(best, Math.max(asked.get(best) ?? 0, score));
  }
  return asked;
}

const choice = (labels: readonly AgentId[], label: number, relevance: number): AgentChoice => ({
  agent: labels[label] ?? 'general',
  relevance: Math.min(1, relevance),
});

const sorted = (choices: AgentChoice[]): AgentChoice[] => choices.sort((a, b) => b.relevance - a.relevance);

function reasonOf(agents: AgentChoice[], confidence: number, abstained: boolean, scores: AgentChoice[]): string {
  const names = agents.map(({ agent }) => agent).join(' + ');
  const percent = `${Math.round(confidence * 100)} %`;
  if (agents.length > 1) return `Separate clauses ask for ${names} (${percent}).`;
  if (!abstained) return `Reads like ${names} (${percent}).`;
  return `Unsure between ${names} (${percent}) and ${scores.find(({ agent }) => agent !== agents[0]?.agent)?.agent ?? 'others'}.`;
}
