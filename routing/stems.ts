const FIRST_HANGUL = 0xac00;
const PARTICLE =
  /(?:에서는|에게서|으로는|이라는|라는|에서|에게|한테|으로|까지|부터|처럼|보다|이랑|하고|이나|마다|밖에|조차|께서|이라|들이|들을|들은|들의|들|을|를|이|가|은|는|의|에|로|와|과|도|만|랑|나|요|좀)$/;
const ENDING = /(?:ing|ed|er|ers|ment|ation|ations|ly)$/;

/** Korean particles that may follow each other. */
const PARTICLES = 2;
const MIN_KOREAN = 2;
const MIN_ENGLISH = 4;
const MIN_ENGLISH_WITH_ENDING = 6;

/** A rough stem, so that forms of a word count as one: particles off in Korean, common endings off in English. */
export const stemOf = (word: string): string =>
  word.charCodeAt(0) >= FIRST_HANGUL ? koreanStem(word) : englishStem(word);

function koreanStem(word: string): string {
  let stem = word;
  for (let count = 0; count < PARTICLES; count++) {
    const shorter = stem.replace(PARTICLE, '');
    if (shorter === stem || shorter.length < MIN_KOREAN) break;
    stem = shorter;
  }
  return stem;
}

function englishStem(word: string): string {
  if (word.length < MIN_ENGLISH) return word;
  const singular = word
    .replace(/'s$|'$/, '')
    .replace(/ies$/, 'y')
    .replace(/sses$/, 'ss')
    .replace(/([^s])s$/, '$1');
  const bare = singular.length < MIN_ENGLISH_WITH_ENDING ? singular : singular.replace(ENDING, '');
  return bare
    .replace(/e$/, '')
    .replace(/(.)\1$/, '$1')
    .replace(/is$/, 'iz');
}
