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
export const stemOf = (word: string): string =>
  word.charCodeAt(0) >= FIRST_HANGUL ? koreanStem(word) : englishStem(word);

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
