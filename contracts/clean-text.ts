import { storableText } from './json.ts';

/**
 * What no reader sees and a model reads all the same: controls, zero-width and bidirectional characters, tag characters
 * (U+E0000…), variation selectors, private use, line and paragraph separators. New lines and tabs stay.
 */
const INVISIBLE = /(?![\n\t])[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}\p{Co}\p{Zl}\p{Zp}]/gu;
/** Also one that is never closed: a renderer hides the rest. */
const HTML_COMMENT = /<!--[\s\S]*?(?:-->|$)/g;
const CUT = '…';

/** Untrusted text as a person would see it, and no longer than that. */
export function cleanText(text: string, maxCharacters: number): string {
  // Bounded first, so that nobody's text costs more than its share; cleaning only makes it shorter.
  let clean = storableText(text.slice(0, 4 * maxCharacters)).replaceAll(INVISIBLE, '');
  // A comment can be hidden in a comment: what is left after removing one may be another.
  for (let before = ''; before !== clean;) {
    before = clean;
    clean = clean.replaceAll(HTML_COMMENT, '');
  }
  clean = clean.trim();
  return clean.length <= maxCharacters ? clean : `${clean.slice(0, maxCharacters - 1).toWellFormed()}${CUT}`;
}

/** Says with code points what nobody would see, for people who have to judge a change. */
export const showInvisible = (text: string): string =>
  storableText(text).replaceAll(INVISIBLE, (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`);

/** Emoji are joined and coloured by characters that are invisible, one at a time, and nobody means harm by it. */
const EMOJI_JOINTS =
  /(?<=\p{Extended_Pictographic}|\p{Emoji_Modifier})\u{fe0f}?(?:\u{200d}(?=\p{Extended_Pictographic}))?|(?<=[0-9#*])\u{fe0f}(?=\u{20e3})/gu;

/** Whether a text says something that its readers do not see. */
export function hidesText(text: string): boolean {
  const plain = text.replaceAll(EMOJI_JOINTS, '').replaceAll(/[\r\f\v]/g, '');
  return plain.search(INVISIBLE) >= 0 || plain.search(HTML_COMMENT) >= 0;
}

/** A secret as somebody may repeat it, the encoded forms before the plain one. */
export function secretForms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const base64 = bytes.toString('base64');
  const encoded = [base64, base64.replace(/=+$/, ''), bytes.toString('base64url'), bytes.toString('hex')];
  return [...new Set([...encoded, encodeURIComponent(secret), secret])];
}
