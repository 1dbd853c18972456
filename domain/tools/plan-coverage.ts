import type { Approval } from '../../contracts/approval.ts';

/** All that a plan's approval says of one step. */
export const shownOfStep = ({ goal = '', steps = [] }: Approval['plan'], id: string): string => {
  const step = steps.find((one) => one.id === id);
  return [goal, step?.title, step?.instruction].join('\n');
};

/**
 * Whether every value stands in a text that a person has approved, as a word or number of its own; which argument it is
 * meant for the text says in words, so that is not compared. Pure.
 */
export function isShown(args: Readonly<Record<string, unknown>>, text: string): boolean {
  return Object.entries(args).every(([name, value]) => isValueShown(value, name, oneSpaced(text)));
}

function isValueShown(value: unknown, name: string, text: string): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every((one) => isValueShown(one, name, text));
  if (typeof value === 'object' && value !== null) {
    const inside = Object.entries(value);
    return inside.length > 0 && inside.every(([key, one]) => isValueShown(one, key, text));
  }
  // A bare yes or no says nothing without the name of what it is about; so does an emptied field.
  if (typeof value !== 'string' && typeof value !== 'number') return standsAlone(`${name}: ${String(value)}`, text);
  const words = oneSpaced(String(value));
  return words === '' ? standsAlone(`${name}: ""`, text) : standsAlone(words, text);
}

const oneSpaced = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** Not as a part of a longer word or number; Korean words may carry their particles. */
function standsAlone(words: string, text: string): boolean {
  for (let at = text.indexOf(words); at >= 0; at = text.indexOf(words, at + 1)) {
    const [before, after] = [text.slice(0, at), text.slice(at + words.length)];
    const begins = !/^[\p{L}\p{N}]/u.test(words) || !/[\p{L}\p{N}_]$|\d[.,:/-]$/u.test(before);
    const isKorean = /[\uac00-\ud7a3]$/.test(words);
    const ends = !/[\p{L}\p{N}]$/u.test(words) || !(isKorean ? /^[\p{N}_]/u : /^[\p{L}\p{N}_]|^[.,:/-]\d/u).test(after);
    if (begins && ends) return true;
  }
  return false;
}
