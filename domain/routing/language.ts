import type { Language } from '../../contracts/agents.ts';

/** Koreans write about their work with many English words, so a quarter of Hangul letters makes a text Korean. */
const KOREAN_SHARE = 0.25;

/** The language of a request, by the share of Hangul among its letters. */
export function detectLanguage(text: string): Language {
  const hangul = text.match(/[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]/g)?.length ?? 0;
  const latin = text.match(/[a-zA-Z]/g)?.length ?? 0;
  return hangul > 0 && hangul >= KOREAN_SHARE * (hangul + latin) ? 'ko' : 'en';
}
