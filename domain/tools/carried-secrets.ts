/** Shorter ones are words and numbers. */
const MIN_SECRET = 12;
/** Of the answers of other connections so much is searched, characters. */
const MAX_SEARCHED = 400_000;

/** Names that many systems share, and no secrets: UUIDs, days and times, commits, addresses of e-mail. */
const NO_SECRET = [
  /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i,
  /^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:?\d{2})?)?$/,
  /^[0-9a-f]{40}$/i,
];

/** What could be a key or a token: long, without spaces, of letters and digits. */
const secretsIn = (text: string): string[] =>
  (text.slice(0, MAX_SEARCHED).match(/[\p{L}\p{N}_.~+/=-]{12,}/gu) ?? [])
    .map((token) => token.replace(/^[.=-]+|[.=]+$/g, ''))
    .filter(
      (token) =>
        bare(token).length >= MIN_SECRET &&
        /\d/.test(token) &&
        /\p{L}/u.test(token) &&
        !NO_SECRET.some((known) => known.test(token)),
    );

/** Letters and digits alone: whoever puts spaces or dashes between them carries the same. */
const bare = (text: string): string => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');

/** Whether these arguments are long and mixed enough to hold one; nothing else has to be looked at then. Pure. */
export function mayHoldSecret(args: unknown): boolean {
  const said = bare(stringsIn(args).join(' '));
  return said.length >= MIN_SECRET && /\d/.test(said) && /\p{L}/u.test(said);
}

/**
 * Whether these arguments hold something secret-looking that stands in those texts: plain, pulled apart, backwards, or
 * as base64 or hex. No proof against every disguise: that is why untrusted servers are asked nothing unseen at all. Pure.
 */
export function holdsSecretOf(args: unknown, texts: readonly string[]): boolean {
  const words = stringsIn(args);
  const said = bare(words.join(' '));
  if (texts.length === 0) return false;
  const forms = [said, Array.from(said).toReversed().join(''), ...words.flatMap(decoded).map(bare)];
  return texts.flatMap(secretsIn).some((secret) => forms.some((form) => form.includes(bare(secret))));
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string' || typeof value === 'number') return [String(value)];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inside]) => [name, ...stringsIn(inside)]);
}

/** What encoded parts of a text say. */
function decoded(text: string): string[] {
  const parts = text.match(/[A-Za-z0-9+/_-]{16,}/g) ?? [];
  return parts.flatMap((part) => [
    Buffer.from(part, 'base64').toString(),
    ...(/^[0-9a-f]+$/i.test(part) ? [Buffer.from(part, 'hex').toString()] : []),
  ]);
}
