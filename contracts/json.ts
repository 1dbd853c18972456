/** An object of JSON, as opposed to a list, null or a plain value. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Text as Postgres can keep it: without NUL characters, and with halves of surrogate pairs replaced by U+FFFD. Both
 * come from models and from attackers, never from people.
 */
export const storableText = (text: string): string => text.replaceAll('\u0000', '').toWellFormed();

export const isStorableText = (text: string): boolean => storableText(text) === text;

export const NOT_TEXT = 'Contains characters that are no text: NUL, or half of a surrogate pair.';

/** As `storableText`, for every text in a JSON value, names of fields too. */
export function storableJson(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (Array.isArray(value)) return value.map(storableJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, given]) => [storableText(name), storableJson(given)]));
}

/**
 * As `JSON.parse`, but whole numbers that a double would round, and numbers without end, become text of their digits:
 * ids of 64 bits stay what they are.
 */
export function parseExactly(text: string): unknown {
  if (!/\d{16}|[eE]\+?\d{3}/.test(text)) return JSON.parse(text);
  const exactly = (_name: string, value: unknown, { source = '' }: { readonly source?: string }) =>
    typeof value === 'number' && isInexact(value, source) ? source : value;
  // The third argument is ES2025, and not in TypeScript's library yet.
  return JSON.parse(text, exactly as (name: string, value: unknown) => unknown);
}

const isInexact = (value: number, source: string): boolean =>
  !Number.isFinite(value) || (/^-?\d+$/.test(source) && !Number.isSafeInteger(value));
