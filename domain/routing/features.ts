/** Raised whenever the features of a text change, so that a model trained on others is refused. */
export const FEATURES_VERSION = 2;

/** Buckets that features are hashed into; a power of two. */
export const BUCKETS = 1 << 17;

/** Hashed features of a text; the same bucket may stand there more than once. */
export interface Features {
  readonly buckets: number[];
  readonly values: number[];
}

const WORD_VALUE = 1;
const STEM_VALUE = 1;
const PAIR_VALUE = 0.3;
const CHARS_VALUE = 0.6;
const MIN_CHARS = 2;
const MAX_CHARS = 5;
const MAX_WORD_CHARS = 24;

const WORD = /[\p{L}\p{M}\p{N}'+#]+/gu;
const WORD_SEED = 0x811c9dc5;
const STEM_SEED = 0x1c9dc581;
const PAIR_SEED = 0x2b1f5d63;
const CHARS_SEED = 0x5bd1e995;
const EDGE = 0x5f;

/** The words of a normalised text. */
export const wordsOf = (text: string): string[] => text.match(WORD) ?? [];

/** Words, their stems, pairs of neighbours, and character n-grams inside words, hashed. */
export function featuresOf(text: string): Features {
  const features: Features = { buckets: [], values: [] };
  let previous = 0;
  for (const word of wordsOf(text)) {
    const hash = hashWord(word, WORD_SEED);
    add(features, hash, WORD_VALUE);
    add(features, hashWord(stemOf(word), STEM_SEED), STEM_VALUE);
    if (previous !== 0) add(features, Math.imul(previous ^ PAIR_SEED, 0x01000193) ^ hash, PAIR_VALUE);
    addChars(features, word);
    previous = hash;
  }
  return features;
}

/** n-grams carry the endings and particles of Korean, and forgive typos. Latin pairs say nothing, so they start at three. */
function addChars(features: Features, word: string): void {
  const length = Math.min(word.length, MAX_WORD_CHARS);
  const shortest = word.charCodeAt(0) < 0x1100 ? MIN_CHARS + 1 : MIN_CHARS;
  for (let start = -1; start < length; start++) {
    let hash = CHARS_SEED;
    for (let size = 1; size <= MAX_CHARS && start + size <= length + 1; size++) {
      const at = start + size - 1;
      hash = Math.imul(hash ^ (at < 0 || at === length ? EDGE : word.charCodeAt(at)), 0x01000193);
      if (size >= shortest) add(features, hash, CHARS_VALUE);
    }
  }
}

/** The bucket of a word that is one feature. */
export const bucketOf = (word: string): number => toBucket(hashWord(word, WORD_SEED));

function hashWord(word: string, seed: number): number {
  let hash = seed;
  for (let at = 0; at < word.length; at++) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193);
  return hash;
}

function add(features: Features, hash: number, value: number): void {
  features.buckets.push(toBucket(hash));
  features.values.push(value);
}

function toBucket(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 13)) & (BUCKETS - 1);
}

const FIRST_HANGUL = 0xac00;
const PARTICLES = new Set(
  '에서는 에게서 으로는 이라는 라는 에서 에게 한테 으로 까지 부터 처럼 보다 이랑 하고 이나 마다 밖에 조차 께서 이라 들이 들을 들은 들의 들 을 를 이 가 은 는 의 에 로 와 과 도 만 랑 나 요 좀'.split(
    ' ',
  ),
);
const MAX_PARTICLE = 3;
const ENDINGS = ['ations', 'ation', 'ment', 'ing', 'ers', 'ed', 'er', 'ly'];

/** Korean particles that may follow each other. */
const PARTICLES_EACH = 2;
const MIN_KOREAN = 2;
const MIN_ENGLISH = 4;
const MIN_ENGLISH_WITH_ENDING = 6;

/** A rough stem, so that forms of a word count as one: particles off in Korean, common endings off in English. */
const stemOf = (word: string): string => (word.charCodeAt(0) >= FIRST_HANGUL ? koreanStem(word) : englishStem(word));

function koreanStem(word: string): string {
  let stem = word;
  for (let count = 0; count < PARTICLES_EACH; count++) {
    const shorter = stem.slice(0, stem.length - particleLength(stem));
    if (shorter.length < MIN_KOREAN) break;
    stem = shorter;
  }
  return stem;
}

function particleLength(word: string): number {
  for (let length = MAX_PARTICLE; length > 0; length--)
    if (word.length >= length && PARTICLES.has(word.slice(-length))) return length;
  return 0;
}

function englishStem(word: string): string {
  if (word.length < MIN_ENGLISH) return word;
  const singular = singularOf(word.endsWith("'s") ? word.slice(0, -2) : word.endsWith("'") ? word.slice(0, -1) : word);
  const ending = singular.length < MIN_ENGLISH_WITH_ENDING ? undefined : ENDINGS.find((one) => singular.endsWith(one));
  let stem = ending ? singular.slice(0, -ending.length) : singular;
  if (stem.endsWith('e')) stem = stem.slice(0, -1);
  if (stem.length > 1 && stem.at(-1) === stem.at(-2)) stem = stem.slice(0, -1);
  return stem.endsWith('is') ? `${stem.slice(0, -1)}z` : stem;
}

function singularOf(word: string): string {
  if (!word.endsWith('s')) return word;
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  if (word.endsWith('sses')) return word.slice(0, -2);
  return word.length < 2 || word.endsWith('ss') ? word : word.slice(0, -1);
}
