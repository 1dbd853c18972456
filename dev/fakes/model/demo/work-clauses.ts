import type { Language } from '../../../../contracts/agents.ts';
import { workOf } from './work-words.ts';

/** One thing that a request asks for. */
export interface Clause {
  readonly text: string;
  /** The request says that it comes after what is before it. */
  readonly after: boolean;
}

const ORDER =
  /^(?:and\s+)?(?:then|after that|afterwards|finally|next)\b|^(?:그리고\s*)?(?:그 ?다음|다음에|이후|마지막으로|끝으로)/i;
const GLUE =
  /^(?:[\s,;.]|and\b|then\b|also\b|plus\b|after that\b|afterwards\b|finally\b|next\b|그리고|그 ?다음에?|마지막으로|끝으로|또한|이후에?)+/i;
const EDGE =
  /(?=[,;\n])|(?<=[.!])\s|\s(?=(?:and|then|finally|afterwards|plus)\s)|\s(?=(?:그리고|그 ?다음|마지막으로|끝으로)(?:\s|,))|(?<=(?:고|해서|(?:한|친|은|쓴|든) ?(?:다음|뒤|후)에?))[\s,]+/i;
const ENDS_IN_ORDER = /(?:다음|뒤|후)에?$/;
const MOST = 12;

/** The request in the parts that are work of their own; what is no work stays with what stands before it. */
export function clausesOf(question: string): Clause[] {
  const clauses: { text: string; after: boolean }[] = [];
  for (const part of question.split(EDGE)) {
    const text = part.replace(GLUE, '').trim();
    if (text === '') continue;
    const last = clauses.at(-1);
    const lead = part.replace(/^[\s,;]+/, '');
    if (last && (!beginsWork(text) || workOf(last.text) === undefined || clauses.length >= MOST))
      last.text = `${last.text} ${lead}`.replace(/\s+/g, ' ');
    else clauses.push({ text, after: ORDER.test(lead) || ENDS_IN_ORDER.test(last?.text ?? '') });
  }
  return clauses;
}

/** "a blog post" is more of what was asked before, "post it" is something else. */
const beginsWork = (text: string): boolean =>
  workOf(text) !== undefined && !/^(?:an?|the|our|your|their|its|my|for|to|with|of|in|on)\s/i.test(text);

/** A clause as the name of a step. */
export function titleOf(clause: string, language: Language): string {
  const plain = clause.replace(/[*_`~<>[\]{}]/g, '').replace(/[\s.,!?。]+$/u, '');
  const named = language === 'ko' ? asNoun(plain) : plain.replace(/^(?:please|could you|can you)\s+/i, '');
  const short = named.length <= 70 ? named : `${named.slice(0, 69).trimEnd()}…`;
  return short.charAt(0).toUpperCase() + short.slice(1);
}

/** 분석하고 is 분석하기, 고친 다음 is 고치기. */
const asNoun = (clause: string): string =>
  clause
    .replace(/\s*(?:다음|뒤|후)에?$/, '')
    .replace(/(?:해서|해 ?줘|해 ?주세요|해 ?주십시오|해라|한)$/, '하기')
    .replace(/고친$/, '고치기')
    .replace(/(?<=[\uac00-\ud7a3])(?<!광|보|신|경|재|창)고$/, '기');
