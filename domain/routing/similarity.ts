import { BUCKETS, featuresOf } from './features.ts';
import type { RouterModel } from './model.ts';
import { normalise } from './text.ts';

/** Buckets of a text, each once, with values whose squares sum to 1. */
interface TextVector {
  readonly buckets: readonly number[];
  readonly values: readonly number[];
}

/** A request says what it wants in this many characters; longer ones are compared by them. */
const MAX_CHARS = 240;
/** Share of the mean spread that a feature has even if the model learned nothing from it. */
const FLOOR = 0.25;

/**
 * How to compare texts: by hashed features, where those that tell agents apart in the trained model count most, so that
 * "please send" makes nothing alike.
 */
export function createVectorizer({ weights, labels }: Pick<RouterModel, 'weights' | 'labels'>) {
  const spread = spreadOf(weights, labels.length);
  const floor = FLOOR * (spread.reduce((sum, value) => sum + value, 0) / spread.length) + 1e-9;
  // One for all texts, zero between them: maps made for every request would keep the garbage collector busy.
  const sums = new Float32Array(BUCKETS);
  return (text: string): TextVector => {
    const { buckets, values } = featuresOf(normalise(text).slice(0, MAX_CHARS));
    const distinct: number[] = [];
    let squares = 0;
    for (let at = 0; at < buckets.length; at++) {
      const bucket = buckets[at] ?? 0;
      const weight = (values[at] ?? 0) * (floor + (spread[bucket] ?? 0));
      if (sums[bucket] === 0) distinct.push(bucket);
      sums[bucket] = (sums[bucket] ?? 0) + weight;
      squares += weight;
    }
    const scaled = distinct.map((bucket) => Math.sqrt((sums[bucket] ?? 0) / squares));
    for (const bucket of distinct) sums[bucket] = 0;
    return { buckets: distinct, values: scaled };
  };
}

/** How far the weights of a bucket lie apart: a feature that says the same of every agent says nothing. */
function spreadOf(weights: RouterModel['weights'], width: number): Float32Array {
  const spread = new Float32Array(BUCKETS);
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    let sum = 0;
    let squares = 0;
    for (let label = 0; label < width; label++) {
      const weight = weights[bucket * width + label] ?? 0;
      sum += weight;
      squares += weight * weight;
    }
    spread[bucket] = Math.sqrt(Math.max(0, squares / width - (sum / width) ** 2));
  }
  return spread;
}

/** Texts to compare others with: for each bucket the texts that have it, one bucket's after the other's. */
export function createIndex(vectors: readonly TextVector[]) {
  const ends = new Uint32Array(BUCKETS + 1);
  for (const { buckets } of vectors) for (const bucket of buckets) ends[bucket + 1] = (ends[bucket + 1] ?? 0) + 1;
  for (let bucket = 0; bucket < BUCKETS; bucket++) ends[bucket + 1] = (ends[bucket + 1] ?? 0) + (ends[bucket] ?? 0);
  const next = ends.slice();
  const owners = new Uint16Array(ends[BUCKETS] ?? 0);
  const values = new Float32Array(owners.length);
  for (const [owner, vector] of vectors.entries())
    for (let at = 0; at < vector.buckets.length; at++) {
      const bucket = vector.buckets[at] ?? 0;
      const slot = next[bucket] ?? 0;
      next[bucket] = slot + 1;
      owners[slot] = owner;
      values[slot] = vector.values[at] ?? 0;
    }
  const cosines = new Float32Array(vectors.length);
  /** The cosine with each text; the same array every time. */
  return (vector: TextVector): Float32Array => {
    cosines.fill(0);
    for (let at = 0; at < vector.buckets.length; at++) {
      const bucket = vector.buckets[at] ?? 0;
      const value = vector.values[at] ?? 0;
      const end = ends[bucket + 1] ?? 0;
      for (let slot = ends[bucket] ?? 0; slot < end; slot++) {
        const owner = owners[slot] ?? 0;
        cosines[owner] = (cosines[owner] ?? 0) + value * (values[slot] ?? 0);
      }
    }
    return cosines;
  };
}
