import { isRecord } from '../../contracts/json.ts';
import { TRAINED_AGENTS, type AgentId } from '../../contracts/agents.ts';
import { BUCKETS, FEATURES_VERSION, featuresOf, type Features } from './features.ts';

/** A trained router: one weight per bucket and agent, and the numbers that turn sums into decisions. */
export interface RouterModel {
  readonly labels: readonly AgentId[];
  /** Bucket after bucket, one weight per label; times `scale` it is the real weight. */
  readonly weights: Int8Array;
  readonly scale: number;
  readonly bias: readonly number[];
  /** Divides the sums so that a score of 0.8 is right eight times in ten. */
  readonly temperature: number;
  /** Below this confidence the router abstains. */
  readonly answerAt: number;
  /** A clause this confident may add its agent… */
  readonly joinAt: number;
  /** …if the whole request gives that agent at least this score. */
  readonly joinFloor: number;
  /** Hash of the examples it was trained from. */
  readonly examplesHash: string;
}

/** The model as it stands in `model.json`. */
type ModelJson<Model> = Omit<Model, 'weights'> & {
  readonly featuresVersion: number;
  /** base64 of the signed bytes. */
  readonly weights: string;
};

export const toModelJson = <Model extends { readonly weights: Int8Array }>({
  weights,
  ...rest
}: Model): ModelJson<Model> => ({
  featuresVersion: FEATURES_VERSION,
  ...rest,
  weights: Buffer.from(weights.buffer, weights.byteOffset, weights.byteLength).toString('base64'),
});

/** Reads what `toModelJson` wrote. Throws a sentence that says what to do when it does not fit this code. */
export function parseModel(json: unknown): RouterModel {
  const { number, ...read } = readWeights(json, { whose: 'router', labels: TRAINED_AGENTS, buckets: BUCKETS });
  return { ...read, joinAt: number('joinAt'), joinFloor: number('joinFloor') };
}

/** What every trained model holds, checked against the labels and buckets that this code knows. */
export function readWeights<Label extends string>(
  json: unknown,
  { whose, labels, buckets }: { whose: string; labels: readonly Label[]; buckets: number },
) {
  const refuse = (what: string): never => {
    throw new Error(`The ${whose}'s model ${what}: run npm run routing:train.`);
  };
  if (!isRecord(json)) return refuse('is not an object');
  if (json['featuresVersion'] !== FEATURES_VERSION) return refuse('was trained on other features');
  const known = json['labels'];
  if (!Array.isArray(known) || known.join() !== labels.join()) return refuse('knows other agents');
  const bias = json['bias'];
  if (!Array.isArray(bias) || bias.length !== labels.length || !bias.every(Number.isFinite))
    return refuse('has no bias');
  const number = (key: string): number => (Number.isFinite(json[key]) ? Number(json[key]) : refuse(`has no ${key}`));
  const bytes = Buffer.from(String(json['weights']), 'base64');
  if (bytes.length !== buckets * labels.length) return refuse('has the wrong number of weights');
  return {
    labels,
    weights: new Int8Array(bytes),
    scale: number('scale'),
    bias: bias.map(Number),
    temperature: number('temperature'),
    answerAt: number('answerAt'),
    examplesHash: String(json['examplesHash']),
    number,
  };
}

/** What scoring needs of a model; training scores with floats, the shipped model with bytes. */
export interface Weights {
  readonly weights: Int8Array | Float32Array;
  readonly scale: number;
  readonly bias: readonly number[];
  readonly temperature: number;
}

/** Sums of a text before the softmax. They add up: the sums of a request are those of its clauses. */
interface Sums {
  readonly perLabel: Float64Array;
  /** Sum of the squared feature values, by whose root the sums are divided. */
  squares: number;
}

/** The sums of one clause. */
export const sumsOf = (text: string, model: Pick<Weights, 'weights' | 'bias'>): Sums =>
  sumsOfFeatures(featuresOf(text), model);

/** The sums of any features. */
export function sumsOfFeatures(
  { buckets, values }: Features,
  { weights, bias }: Pick<Weights, 'weights' | 'bias'>,
): Sums {
  const width = bias.length;
  // Both are powers of two: a smaller model folds the buckets.
  const fold = weights.length / width - 1;
  const perLabel = new Float64Array(width);
  let squares = 0;
  for (let at = 0; at < buckets.length; at++) {
    const value = values[at] ?? 0;
    const row = ((buckets[at] ?? 0) & fold) * width;
    for (let label = 0; label < width; label++)
      perLabel[label] = (perLabel[label] ?? 0) + value * (weights[row + label] ?? 0);
    squares += value * value;
  }
  return { perLabel, squares };
}

/** The sums of several clauses taken together. */
export function addSums(parts: readonly Sums[], width: number): Sums {
  const total: Sums = { perLabel: new Float64Array(width), squares: 0 };
  for (const part of parts) {
    for (let label = 0; label < width; label++)
      total.perLabel[label] = (total.perLabel[label] ?? 0) + (part.perLabel[label] ?? 0);
    total.squares += part.squares;
  }
  return total;
}

/** Calibrated scores that sum to 1, one per label. */
export function scoresOf({ perLabel, squares }: Sums, { scale, bias, temperature }: Weights): number[] {
  const factor = squares > 0 ? scale / Math.sqrt(squares) : 0;
  return softmax(bias.map((base, label) => (base + (perLabel[label] ?? 0) * factor) / temperature));
}

export function softmax(logits: readonly number[]): number[] {
  const highest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - highest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/** Index of the largest value. */
export function largest(values: readonly number[]): number {
  let best = 0;
  for (let at = 1; at < values.length; at++) if ((values[at] ?? 0) > (values[best] ?? 0)) best = at;
  return best;
}
