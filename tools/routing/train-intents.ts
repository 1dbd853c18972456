import { createHash } from 'node:crypto';
import { Language, type AgentId } from '../../contracts/agents.ts';
import { Intent } from '../../contracts/orchestration.ts';
import { INTENT_BUCKETS, intentFeatures, intentScores, type IntentModel } from '../../domain/routing/intents.ts';
import { largest } from '../../domain/routing/model.ts';
import { LearnedAgent, readRows } from './examples.ts';
import { writeOut } from './augment.ts';
import { learn, lossOf, scaled, type Learner, type Sample } from './fit.ts';
import { createRandom, shuffled } from './random.ts';
import { quantise } from './train.ts';

/** A request with what kind of thing it wants. */
interface IntentExample {
  readonly intent: Intent;
  readonly language: Language;
  /** The agent that the request is for. */
  readonly agent: AgentId;
  readonly text: string;
}

/** What the model said about an example that was kept from it. */
interface JudgedIntent {
  readonly example: IntentExample;
  readonly intent: Intent;
  readonly confidence: number;
}

/** What the intent reader learns from. */
interface IntentData {
  readonly examples: readonly IntentExample[];
  /** Requests with alternatives in braces; training writes them out. */
  readonly patterns: readonly IntentExample[];
}

/** Reads `intent<TAB>agent<TAB>language<TAB>text` lines. @throws when one names what there is not */
const readLines = async (name: string): Promise<IntentExample[]> =>
  (await readRows(name)).map(([intent, agent, language, text = '']) => ({
    intent: Intent.parse(intent),
    agent: LearnedAgent.parse(agent),
    language: Language.parse(language),
    text,
  }));

export const readIntentData = async (): Promise<IntentData> => ({
  examples: await readLines('intents.tsv'),
  patterns: await readLines('intent-patterns.tsv'),
});

export const hashIntentData = ({ examples, patterns }: IntentData): string =>
  createHash('sha256')
    .update(
      [...examples, ...patterns]
        .map(({ intent, agent, language, text }) => `${intent}\t${agent}\t${language}\t${text}`)
        .sort()
        .join('\n'),
    )
    .digest('hex');

const SEED = 20_261_201;
const FOLDS = 5;
const MAX_PASSES = 40;
const PATIENCE = 3;
/**
 * The least sure of what it never saw are left to the model. The examples are more roundabout than most requests, so of
 * those fewer are left.
 */
const LEFT = 0.05;

const toSample = ({ intent, ...question }: IntentExample): Sample => ({
  ...scaled([intentFeatures(question)], INTENT_BUCKETS),
  target: Intent.options.map((option) => (option === intent ? 1 : 0)),
  weight: 1,
});

/** Trains the intent reader; the same examples always give the same model. Every example is once kept aside. */
export function trainIntents(data: IntentData): { model: IntentModel; unseen: JudgedIntent[] } {
  const { examples } = data;
  const written = data.patterns.flatMap((pattern) => writeOut(pattern, createRandom(SEED)));
  const folds = split(examples);
  const checks = folds.map((fold) => checkFold(examples, written, fold));
  const passes = Math.round(checks.reduce((sum, check) => sum + check.passes, 0) / checks.length);
  const temperature = fitTemperature(checks);
  const unseen = checks.flatMap((check) => check.judge(temperature));
  const weights = quantise(learnFor([...examples, ...written], passes), Intent.options);
  return { model: { ...weights, temperature, answerAt: answerAt(unseen), examplesHash: hashIntentData(data) }, unseen };
}

function split(examples: readonly IntentExample[]): IntentExample[][] {
  const folds: IntentExample[][] = Array.from({ length: FOLDS }, () => []);
  for (const [index, example] of shuffled(examples, createRandom(SEED)).entries()) folds[index % FOLDS]?.push(example);
  return folds;
}

interface Check {
  readonly passes: number;
  judge(temperature: number): JudgedIntent[];
}

function checkFold(
  examples: readonly IntentExample[],
  written: readonly IntentExample[],
  fold: readonly IntentExample[],
): Check {
  const kept = new Set(fold);
  const samples = [...examples.filter((example) => !kept.has(example)), ...written].map(toSample);
  const validation = fold.map(toSample);
  let best = { loss: Infinity, passes: 1, weights: new Float32Array(), bias: [] as number[] };
  let passes = 0;
  for (const learner of learn(samples, createRandom(SEED), INTENT_BUCKETS)) {
    const loss = lossOf(learner, validation);
    passes += 1;
    if (loss < best.loss) best = { loss, passes, weights: learner.weights.slice(), bias: [...learner.bias] };
    if (passes - best.passes >= PATIENCE || passes >= MAX_PASSES) break;
  }
  const judge = (temperature: number) =>
    fold.map((example) => {
      const scores = intentScores(example, { ...best, scale: 1, temperature });
      const label = largest(scores);
      return { example, intent: Intent.options[label] ?? 'other', confidence: scores[label] ?? 0 };
    });
  return { passes: best.passes, judge };
}

function learnFor(examples: readonly IntentExample[], passes: number): Learner {
  const learning = learn(examples.map(toSample), createRandom(SEED), INTENT_BUCKETS);
  let learner = learning.next().value;
  for (let pass = 1; pass < passes; pass++) learner = learning.next().value;
  return learner;
}

/** The temperature under which the confidences of unseen examples are as right as they say. */
function fitTemperature(checks: readonly Check[]): number {
  let best = { gap: Infinity, temperature: 1 };
  for (let temperature = 0.3; temperature <= 3; temperature *= 1.05) {
    const judged = checks.flatMap((check) => check.judge(temperature));
    const said = judged.reduce((sum, { confidence }) => sum + confidence, 0);
    const gap = Math.abs(said - judged.filter(isRight).length);
    if (gap < best.gap) best = { gap, temperature };
  }
  return best.temperature;
}

const isRight = ({ example, intent }: JudgedIntent): boolean => example.intent === intent;

const answerAt = (unseen: readonly JudgedIntent[]): number =>
  unseen.map(({ confidence }) => confidence).sort((a, b) => a - b)[Math.floor(unseen.length * LEFT)] ?? 1;

/** How often the kept-aside examples were read right, as a person reads it. */
export function intentCheckText({ model, unseen }: ReturnType<typeof trainIntents>): string {
  const answered = unseen.filter(({ confidence }) => confidence >= model.answerAt);
  const percent = (part: readonly JudgedIntent[]) =>
    `${((part.filter(isRight).length / Math.max(1, part.length)) * 100).toFixed(1)} %`;
  return `# Intents in cross-validation\n\n${unseen.length} examples: ${percent(unseen)} right; of the ${answered.length} answered ${percent(answered)}.\n`;
}
