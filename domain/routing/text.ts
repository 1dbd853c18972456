import { createHash } from 'node:crypto';
import type { Language } from '../../contracts/agents.ts';

/** What people write differently without meaning anything by it; signs that carry meaning (#, %, &, @) stay. */
const FILLER = /[^\p{L}\p{M}\p{N}\p{S}#%&@]+/gu;

/** One spelling of a request: case, white space and punctuation folded, every word and figure kept. */
export function foldText(text: string): string {
  const plain = text.normalize('NFKC').toLowerCase();
  const folded = plain.replace(FILLER, ' ').trim();
  return folded === '' ? plain.trim() : folded;
}

/** A digest that requests in the same words share. */
export const textHashOf = (text: string): string => createHash('sha256').update(foldText(text)).digest('hex');

/** The router looks at the beginning and the end of a long request: that is where people say what they want. */
const HEAD_CHARS = 480;
const TAIL_CHARS = 160;

const URL = /<?(?:https?:\/\/|www\.)[^\s>]+>?/g;
const EMAIL = /[\p{L}\d._%+-]+@[\p{L}\d-]+\.[\p{L}\d.-]+/gu;
const MENTION = /<[@#!][^>\s]*>|(?<![\p{L}\d])@[\p{L}\d._-]+/gu;
const EMOJI = /(?<![\p{L}\d]):[a-z0-9_+-]+:(?![\p{L}\d])/gu;

/** Cuts a long text to what the router looks at. */
export const clip = (text: string): string =>
  text.length <= HEAD_CHARS + TAIL_CHARS ? text : `${text.slice(0, HEAD_CHARS)}\n${text.slice(-TAIL_CHARS)}`;

/** One spelling for what means the same: NFKC, lower case, addresses and mentions as a word, digits as 0. */
export function normalise(text: string): string {
  let plain = clip(text).normalize('NFKC').toLowerCase().replace(/[’‘]/g, "'");
  if (plain.includes('://') || plain.includes('www.')) plain = plain.replace(URL, ' urltoken ');
  if (plain.includes('@')) plain = plain.replace(EMAIL, ' mailtoken ');
  if (plain.includes('@') || plain.includes('<')) plain = plain.replace(MENTION, ' ');
  if (plain.includes(':')) plain = plain.replace(EMOJI, ' ');
  return plain.replace(/\d+/g, '0');
}

/** Koreans write about their work with many English words, so a quarter of Hangul letters makes a text Korean. */
const KOREAN_SHARE = 0.25;

/** The language of a request, by the share of Hangul among its letters. */
export function detectLanguage(text: string): Language {
  const { share } = hangulShareOf(text);
  return share > 0 && share >= KOREAN_SHARE ? 'ko' : 'en';
}

/** How many letters a text has, and the share of Hangul among them. */
export function hangulShareOf(text: string): { readonly share: number; readonly letters: number } {
  const hangul = text.match(/[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]/g)?.length ?? 0;
  const letters = hangul + (text.match(/[a-zA-Z]/g)?.length ?? 0);
  return { share: letters === 0 ? 0 : hangul / letters, letters };
}

// Korean joins requests with verb endings; the listed stems keep nouns such as 광고 and 보고 whole.
const KOREAN_JOIN =
  '(?<=(?:하|해주|써주|쓰|만들|보내|짜|잡|뽑|돌리|고치|올리|바꾸|맞추|세우|짓|지어주|정하|줄이|찾|뽑아주|나서|주시)고|나서|해서|한 뒤|한 후|한 다음|다음에)\\s';
const WORD_JOIN = '\\s(?:and|then|also|plus|afterwards|그리고|그리구|및|또한|또|그런 다음|그 다음|이어서)\\s';
const MARK = '[\\n;,!?。、，；•]|\\.(?=\\s|$)|\\s[-–—&+]\\s|\\s/\\s';
const BOUNDARY = new RegExp(`${MARK}|${WORD_JOIN}|${KOREAN_JOIN}`);

/** Clauses looked at one by one; a longer list is a text to work on, not a list of requests. */
const MAX_CLAUSES = 24;

/** Splits a normalised request where one wish ends and the next may begin. */
export function splitClauses(text: string): string[] {
  const parts = text.split(BOUNDARY).filter((part) => part.trim() !== '');
  if (parts.length <= MAX_CLAUSES) return parts;
  return [...parts.slice(0, MAX_CLAUSES - 1), parts.slice(MAX_CLAUSES - 1).join(' ')];
}
