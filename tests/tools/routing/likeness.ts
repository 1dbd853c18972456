import { normalise } from '../../../domain/routing/text.ts';

/** Pairs of neighbouring letters, without spaces and marks: what near-duplicates share. */
function pairsOf(text: string): Set<string> {
  const letters = normalise(text).replace(/[^\p{L}\p{N}]/gu, '');
  return new Set(Array.from({ length: Math.max(1, letters.length - 1) }, (_, at) => letters.slice(at, at + 2)));
}

/** Finds the text that shares the most pairs with a given one, and how many of them: 0 is nothing, 1 is all. */
export function createTwinFinder(texts: readonly string[]): (text: string) => { twin: string; likeness: number } {
  const sizes = new Float64Array(texts.length);
  const holders = new Map<string, number[]>();
  for (const [at, text] of texts.entries()) {
    const pairs = pairsOf(text);
    sizes[at] = pairs.size;
    for (const pair of pairs) (holders.get(pair) ?? holders.set(pair, []).get(pair))?.push(at);
  }
  return (text) => {
    const pairs = pairsOf(text);
    const shared = new Float64Array(texts.length);
    for (const pair of pairs) for (const at of holders.get(pair) ?? []) shared[at] = (shared[at] ?? 0) + 1;
    let best = { twin: '', likeness: 0 };
    for (const [at, count] of shared.entries()) {
      const likeness = (2 * count) / (pairs.size + (sizes[at] ?? 0));
      if (likeness > best.likeness) best = { twin: texts[at] ?? '', likeness };
    }
    return best;
  };
}
