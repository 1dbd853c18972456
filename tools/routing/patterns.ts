import type { Example } from './examples.ts';
import { type Random, shuffled } from './random.ts';

const SLOT = /\{([^{}]*)\}/g;
/** How often each alternative of a pattern's widest slot is written out. */
const ROUNDS = 4;

/** Writes a pattern out: every alternative of every slot is used, in chance company. */
export function writeOut(pattern: Example, random: Random): Example[] {
  const slots = [...pattern.text.matchAll(SLOT)].map(([, inside = '']) => inside.split('|'));
  const count = Math.max(1, ...slots.map((slot) => slot.length)) * (slots.length > 1 ? ROUNDS : 1);
  const columns = slots.map((slot) => column(slot, count, random));
  return Array.from({ length: count }, (_, row) => {
    let at = 0;
    const text = pattern.text.replace(SLOT, () => columns[at++]?.[row] ?? '');
    return { ...pattern, text: text.replace(/\s+/g, ' ').trim() };
  });
}

function column(slot: readonly string[], count: number, random: Random): string[] {
  const filled: string[] = [];
  while (filled.length < count) filled.push(...shuffled(slot, random));
  return filled.slice(0, count);
}
