import { TRAINED_AGENTS } from '../../contracts/agents.ts';
import type { Weighted } from './augment.ts';
import { splitClauses, normalise } from '../../domain/routing/text.ts';
import { BUCKETS, featuresOf, type Features } from '../../domain/routing/features.ts';
import { shuffled, type Random } from './random.ts';
import { softmax } from '../../domain/routing/model.ts';

/** An example as the learner sees it: features scaled to length 1, and the share of each label. */
export interface Sample {
  readonly buckets: Int32Array;
  readonly values: Float32Array;
  readonly target: readonly number[];
  readonly weight: number;
}

/** Weights while they are learned. */
export interface Learner {
  readonly weights: Float32Array;
  readonly bias: Float64Array;
}

const RATE = 0.3;
const DECAY = 2e-4;

/** The features of an example, the way the router computes them: clause by clause. */
export function toSample({ text, agents, weight }: Weighted): Sample {
  const target = TRAINED_AGENTS.map((agent) => (agents.includes(agent) ? 1 / agents.length : 0));
  return { ...scaled(splitClauses(normalise(text)).map(featuresOf)), target, weight };
}

/** The features of the parts of a text, scaled to length 1 together and folded into so many buckets. */
export function scaled(parts: readonly Features[], buckets = BUCKETS): Pick<Sample, 'buckets' | 'values'> {
  const raw = parts.flatMap((part) => part.values);
  const length = Math.sqrt(raw.reduce((sum, value) => sum + value * value, 0)) || 1;
  return {
    buckets: Int32Array.from(
      parts.flatMap((part) => part.buckets),
      (bucket) => bucket & (buckets - 1),
    ),
    values: Float32Array.from(raw, (value) => value / length),
  };
}

/** Multinomial logistic regression by AdaGrad. Yields after each pass, so that the caller can stop early. */
export function* learn(samples: readonly Sample[], random: Random, buckets = BUCKETS): Generator<Learner, never> {
  const width = samples[0]?.target.length ?? 0;
  const learner: Learner = { weights: new Float32Array(buckets * width), bias: new Float64Array(width) };
  const seen = new Float32Array(buckets * width).fill(1e-3);
  for (;;) {
    for (const sample of shuffled(samples, random)) step(learner, seen, sample);
    yield learner;
  }
}

function step({ weights, bias }: Learner, seen: Float32Array, { buckets, values, target, weight }: Sample): void {
  const width = bias.length;
  const errors = softmax(logitsOf({ weights, bias }, { buckets, values })).map(
    (score, label) => (score - (target[label] ?? 0)) * weight,
  );
  for (let at = 0; at < buckets.length; at++) {
    const row = (buckets[at] ?? 0) * width;
    const value = values[at] ?? 0;
    for (let label = 0; label < width; label++) {
      const cell = row + label;
      const gradient = (errors[label] ?? 0) * value + DECAY * (weights[cell] ?? 0);
      seen[cell] = (seen[cell] ?? 0) + gradient * gradient;
      weights[cell] = (weights[cell] ?? 0) - (RATE * gradient) / Math.sqrt(seen[cell] ?? 1);
    }
  }
  for (let label = 0; label < width; label++) bias[label] = (bias[label] ?? 0) - 0.002 * (errors[label] ?? 0);
}

/** Sums of a sample before the softmax. */
function logitsOf({ weights, bias }: Learner, { buckets, values }: Pick<Sample, 'buckets' | 'values'>): number[] {
  const width = bias.length;
  const logits = [...bias];
  for (let at = 0; at < buckets.length; at++) {
    const row = (buckets[at] ?? 0) * width;
    const value = values[at] ?? 0;
    for (let label = 0; label < width; label++)
      logits[label] = (logits[label] ?? 0) + value * (weights[row + label] ?? 0);
  }
  return logits;
}

/** Mean negative logarithm of the score of what was asked for. */
export function lossOf(learner: Learner, samples: readonly Sample[]): number {
  let loss = 0;
  for (const sample of samples) {
    const scores = softmax(logitsOf(learner, sample));
    loss -= sample.target.reduce((sum, share, label) => sum + share * Math.log(Math.max(scores[label] ?? 0, 1e-12)), 0);
  }
  return loss / Math.max(1, samples.length);
}
