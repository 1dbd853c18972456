import { storableText } from './json.ts';

/**
 * What no reader sees and a model reads all the same: controls, zero-width and bidirectional characters, tag characters
 * (U+E0000…), variation selectors, private use, line and paragraph separators, the empty Braille cell. New lines and
 * tabs stay.
 */
const INVISIBLE = /(?![\n\t])[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}\p{Co}\p{Zl}\p{Zp}\u2800]/gu;
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

/** Emoji are joined and coloured by characters that are invisible, one at a time, and nobody means harm by it. */
const EMOJI_JOINTS =
  /(?<=\p{Extended_Pictographic}|\p{Emoji_Modifier})(?:\u{fe0f}(?:\u{200d}(?=\p{Extended_Pictographic}))?|\u{200d}(?=\p{Extended_Pictographic}))|(?<=[0-9#*])\u{fe0f}(?=\u{20e3})/gu;
const JOINT_OR_INVISIBLE = new RegExp(`(${EMOJI_JOINTS.source})|${INVISIBLE.source}`, 'gu');

/** One character by its code point: `⟨U+202E⟩`. */
export const codePointOf = (one: string): string =>
  `⟨U+${(one.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`;

/** Says with code points what nobody would see, for people who have to judge or approve it. */
export const showInvisible = (text: string): string =>
  storableText(text)
    .replaceAll('\r\n', '\n')
    .replaceAll(JOINT_OR_INVISIBLE, (one: string, joint?: string) => (joint === undefined ? codePointOf(one) : one));

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

/** Stands where a secret stands; an address with it is none that can be asked. */
const HIDDEN = '***';
/** Longer than a word, with digits in it: part of an address that nobody would make up. */
const LIKE_A_KEY = /^(?=.*\d)[\w~.=+%:;,!$&'()*@-]{20,}$/;
const NAMES_A_KEY = /key|token|secret|auth|pass|pwd|sig|cred|jwt|session/i;

/** `name=value`, and not a key that ends in the padding of base64. */
const hasName = (word: string): boolean => word.includes('=') && !LIKE_A_KEY.test(word.replace(/=.*$/, ''));

/**
 * An address as people see it: many servers take their key in the query, or, of servers of others, as a part of the
 * path. Names of the query stay, because they say which server is asked for what.
 */
export function hideSecretsInUrl(address: string, { inPath }: { readonly inPath: boolean }): string {
  const url = URL.parse(address);
  if (!url) return address;
  // A word without a value is as good a key as any.
  const words = url.search.slice(1).split('&').filter(Boolean);
  const query = words.map((one) => (hasName(one) ? `${one.split('=')[0]}=${HIDDEN}` : HIDDEN)).join('&');
  const parts = url.pathname.split('/').map((part) => (inPath && LIKE_A_KEY.test(part) ? HIDDEN : part));
  const user = url.username || url.password ? `${HIDDEN}@` : '';
  const shown = `${url.protocol}//${user}${url.host}${parts.join('/')}${query && `?${query}`}${url.hash && `#${HIDDEN}`}`;
  // Where there is nothing to hide, what was typed is what is shown.
  return shown.includes(HIDDEN) ? shown : address;
}

/** Whether somebody gives back what they were shown. */
export const hasHiddenParts = (address: string): boolean => address.includes(HIDDEN);

/** What of an address is a key, by its name or its looks: nobody may repeat it. */
export function secretsInUrl(address: string): string[] {
  const url = URL.parse(address);
  if (!url) return [];
  const inQuery = [...url.searchParams].flatMap(([name, value]) => [
    ...(LIKE_A_KEY.test(name) ? [name] : []),
    ...(value !== '' && (NAMES_A_KEY.test(name) || LIKE_A_KEY.test(value)) ? [value] : []),
  ]);
  return [...inQuery, ...url.pathname.split('/').filter((part) => LIKE_A_KEY.test(part))];
}
