import { featuresOf } from './features.ts';

/** What scoring needs of a model; training scores with floats, the shipped model with bytes. */
export interface Weights {
  readonly weights: Int8Array | Float32Array;
  readonly scale: number;
  readonly bias: readonly number[];
  readonly temperature: number;
}

/** Sums of a text before the softmax. They add up: the sums of a request are those of its clauses. */
export interface Sums {
  readonly perLabel: Float64Array;
  /** Sum of the squared feature values, by whose root the sums are divided. */
  squares: number;
}

/** The sums of one clause. */
export function sumsOf(text: string, { weights, bias }: Weights): Sums {
  const { buckets, values } = featuresOf(text);
  const width = bias.length;
  const perLabel = new Float64Array(width);
  let squares = 0;
  for (let at = 0; at < buckets.length; at++) {
    const value = values[at] ?? 0;
    const row = (buckets[at] ?? 0) * width;
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
