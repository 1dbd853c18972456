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

/** Deeper than anything that was meant; what is below is left out, so that it can be walked. */
const MAX_LEVELS = 500;

/** As `storableText`, for every text in a JSON value, names of fields too. */
export function storableJson(value: unknown, level = 0): unknown {
  if (typeof value === 'string') return storableText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (level >= MAX_LEVELS) return null;
  if (Array.isArray(value)) return value.map((each) => storableJson(each, level + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, given]) => [storableText(name), storableJson(given, level + 1)]),
  );
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

/** How JSON spells what Postgres cannot keep. */
const UNSTORABLE = /\\u(?:0000|d[89a-f][0-9a-f]{2})/i;

/** Whether JSON may hold text that cannot be kept; only then it has to be walked. */
export const mayBeUnstorable = (json: string): boolean => UNSTORABLE.test(json);

/** JSON as Postgres can keep it, for what others than people have said. */
export function toJsonb(value: unknown): string {
  const json = JSON.stringify(value);
  return mayBeUnstorable(json) ? JSON.stringify(storableJson(value)) : json;
}

/**
 * Whether JSON opens more than `levels` brackets inside of each other. For text that nobody has parsed yet, so one look
 * at each character.
 */
export function isDeeperThan(json: string, levels: number): boolean {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (inText && character === '\\') at++;
    else if (character === '"') inText = !inText;
    else if (!inText && (character === '{' || character === '[')) depth++;
    else if (!inText && (character === '}' || character === ']')) depth--;
    if (depth > levels) return true;
  }
  return false;
}

/** What a table has under a name that somebody gave: never what every object has, as `constructor`. */
export const ownValue = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;
