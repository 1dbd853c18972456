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
