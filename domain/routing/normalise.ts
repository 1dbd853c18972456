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
