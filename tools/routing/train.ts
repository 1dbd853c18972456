import { TRAINED_AGENTS } from '../../contracts/agents.ts';
import { augment } from './augment.ts';
import { type Judged, fitTemperature, fitThresholds } from './calibrate.ts';
import { type Example, type TrainingData, hashTrainingData } from './examples.ts';
import { type Learner, learn, lossOf, toSample } from './fit.ts';
import type { RouterModel } from '../../domain/routing/model.ts';
import { createRandom, shuffled } from './random.ts';
import { type Evidence, evidenceOf } from '../../domain/routing/router.ts';

/** A training run: the model, and what it said about each example while that example was kept from it. */
interface Training {
  readonly model: RouterModel;
  readonly unseen: readonly Judged[];
}

const SEED = 20_240_229;
const FOLDS = 4;
const MAX_PASSES = 10;
const PATIENCE = 2;

/** Trains the router; the same examples always give the same model. */
export const train = (data: TrainingData): RouterModel => trainWithCheck(data).model;

/**
 * Every example is once kept aside: that decides when to stop, the temperature and the thresholds.
 * Then a last model learns from all of them.
 */
export function trainWithCheck(data: TrainingData): Training {
  const folds = split(data.examples);
  const checks = folds.map((fold, index) => checkFold(data, fold, index));
  const passes = Math.round(checks.reduce((sum, check) => sum + check.passes, 0) / checks.length);
  const temperature = fitTemperature(checks.flatMap((check) => check.judge(1)));
  const unseen = checks.flatMap((check) => check.judge(temperature));
  const weights = quantise(learnFor(data, passes), TRAINED_AGENTS);
  const thresholds = fitThresholds(unseen);
  return { model: { ...weights, ...thresholds, temperature, examplesHash: hashTrainingData(data) }, unseen };
}

function split(examples: readonly Example[]): Example[][] {
  const folds: Example[][] = Array.from({ length: FOLDS }, () => []);
  for (const [index, example] of shuffled(examples, createRandom(SEED)).entries()) folds[index % FOLDS]?.push(example);
  return folds;
}

/** Learns without one fold until that fold's loss stops falling. */
function checkFold(data: TrainingData, fold: readonly Example[], index: number) {
  const kept = new Set(fold);
  const random = createRandom(SEED + index + 1);
  const rest = { ...data, examples: data.examples.filter((example) => !kept.has(example)) };
  const validation = fold.map((example) => toSample({ ...example, weight: 1 }));
  let best = { loss: Infinity, passes: 1, weights: new Float32Array(), bias: [] as number[] };
  let passes = 0;
  for (const learner of learn(augment(rest, random).map(toSample), random)) {
    const loss = lossOf(learner, validation);
    passes += 1;
    if (loss < best.loss) best = { loss, passes, weights: learner.weights.slice(), bias: [...learner.bias] };
    if (passes - best.passes >= PATIENCE || passes >= MAX_PASSES) break;
  }
  const evidence = (text: string, temperature: number): Evidence =>
    evidenceOf(text, { ...best, scale: 1, temperature });
  const judge = (temperature: number): Judged[] =>
    fold.map((example) => ({ example, evidence: evidence(example.text, temperature) }));
  return { passes: best.passes, judge };
}

function learnFor(data: TrainingData, passes: number): Learner {
  const random = createRandom(SEED);
  const learning = learn(augment(data, random).map(toSample), random);
  let learner = learning.next().value;
  for (let pass = 1; pass < passes; pass++) learner = learning.next().value;
  return learner;
}

/** Weights as signed bytes: a quarter of the size, and as right. */
export function quantise<Label extends string>({ weights, bias }: Learner, labels: readonly Label[]) {
  const highest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 1e-9);
  const scale = highest / 127;
  return {
    labels,
    weights: Int8Array.from(weights, (weight) => Math.round(weight / scale)),
    scale,
    bias: [...bias],
  };
}
