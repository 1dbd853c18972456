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

/** What a longer word, number, address or path is made of. */
const PART = /[\p{L}\p{N}_@./\\~-]/u;
const GOES_BEFORE = /[\p{L}\p{N}_@./\\~-]$|\d[,:]$/u;
/** `OPS` is not in `OPS-12`, nor `/data` in `/data/tmp`. A dot that ends a sentence joins nothing. */
const GOES_ON = /^[\p{L}\p{N}_]|^[@./\\~:-]+[\p{L}\p{N}_]|^,\d/u;
/** Korean words may carry their particles. */
const GOES_ON_IN_KOREAN = /^[\p{N}_]|^[@./\\~:-]+[\p{L}\p{N}_]|^,\d/u;

/** Not as a part of a longer word, number, address or path. */
function standsAlone(words: string, text: string): boolean {
  for (let at = text.indexOf(words); at >= 0; at = text.indexOf(words, at + 1)) {
    const [before, after] = [text.slice(0, at), text.slice(at + words.length)];
    const [first = '', last = ''] = [words.at(0), words.at(-1)];
    const begins = !PART.test(first) || !GOES_BEFORE.test(before);
    const goesOn = /[\uac00-\ud7a3]/.test(last) ? GOES_ON_IN_KOREAN : GOES_ON;
    const ends = !PART.test(last) || !goesOn.test(after);
    if (begins && ends) return true;
  }
  return false;
}
