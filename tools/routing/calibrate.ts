import { TRAINED_AGENTS, type AgentId } from '../../contracts/agents.ts';
import type { Example } from './examples.ts';
import { type Evidence, type Thresholds, decide } from '../../domain/routing/router.ts';

/** What a model that never saw the example made of it. */
export interface Judged {
  readonly example: Example;
  readonly evidence: Evidence;
}

/**
 * Of what is answered in cross-validation this share must be right. It stands below the goal of 95 %: the examples are
 * more roundabout than most requests, and each check did without a quarter of them. With all examples
 * of one author kept aside, 94 to 95 % are right at the same confidence.
 */
const PRECISION = 0.93;
/** Of the requests for one agent this share may be given a second one. */
const FALSE_JOINS = 0.01;
const JOIN_AT = [0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];
const JOIN_FLOOR = [0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2];

/** The temperature under which the scores of unseen examples are as right as they say. */
export function fitTemperature(judged: readonly Judged[]): number {
  let best = { loss: Infinity, temperature: 1 };
  for (let temperature = 0.3; temperature <= 3; temperature *= 1.03) {
    const loss = judged.reduce((sum, { example, evidence }) => sum + lossAt(temperature, example, evidence.whole), 0);
    if (loss < best.loss) best = { loss, temperature };
  }
  return best.temperature;
}

/** Scores at temperature 1 are taken to another by a power. */
function lossAt(temperature: number, { agents }: Example, scores: readonly number[]): number {
  const powers = scores.map((score) => Math.pow(Math.max(score, 1e-12), 1 / temperature));
  const total = powers.reduce((sum, power) => sum + power, 0);
  const losses = agents.map(
    (agent) => -Math.log((powers[(TRAINED_AGENTS as readonly AgentId[]).indexOf(agent)] ?? 0) / total),
  );
  return losses.reduce((sum, loss) => sum + loss, 0) / agents.length;
}

/** Chooses when to answer and when a clause may add an agent. */
export function fitThresholds(judged: readonly Judged[]): Omit<Thresholds, 'labels'> {
  const joins = fitJoins(judged);
  const ranked = judged
    .map(({ example, evidence }) => {
      const { agents, confidence } = decide(evidence, { ...joins, labels: TRAINED_AGENTS, answerAt: 0 });
      return { confidence, right: example.agents.some((agent) => agent === agents[0]?.agent) };
    })
    .sort((a, b) => b.confidence - a.confidence);
  let right = 0;
  let answerAt = 1;
  for (const [index, entry] of ranked.entries()) {
    if (entry.right) right += 1;
    if (right / (index + 1) >= PRECISION) answerAt = entry.confidence;
  }
  return { ...joins, answerAt };
}

/** Finds as many requests for several agents as it can without giving those for one a second. */
function fitJoins(judged: readonly Judged[]): Joins {
  const single = judged.filter(({ example }) => example.agents.length === 1);
  const several = judged.filter(({ example }) => example.agents.length > 1);
  let best = { exact: -1, joinAt: 1, joinFloor: 1 };
  for (const joinAt of JOIN_AT)
    for (const joinFloor of JOIN_FLOOR) {
      const joins = { joinAt, joinFloor };
      const falseJoins = single.filter((one) => agentsOf(one, joins).length > 1).length;
      const exact = several.filter((one) => isExact(one, joins)).length;
      if (falseJoins <= FALSE_JOINS * single.length && exact > best.exact) best = { exact, ...joins };
    }
  return { joinAt: best.joinAt, joinFloor: best.joinFloor };
}

type Joins = Pick<Thresholds, 'joinAt' | 'joinFloor'>;

const agentsOf = ({ evidence }: Judged, joins: Joins): AgentId[] =>
  decide(evidence, { ...joins, labels: TRAINED_AGENTS, answerAt: 0 }).agents.map(({ agent }) => agent);

function isExact(judged: Judged, joins: Joins): boolean {
  const agents = agentsOf(judged, joins);
  return (
    agents.length === judged.example.agents.length && agents.every((agent) => judged.example.agents.includes(agent))
  );
}
