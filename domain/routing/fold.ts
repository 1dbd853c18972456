import { createHash } from 'node:crypto';

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
