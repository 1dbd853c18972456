import { createHash } from 'node:crypto';
import { cleanText } from '../../contracts/clean-text.ts';
import { isRecord } from '../../contracts/json.ts';

/** A schema as JSON; in its place also `true` (anything) and `false` (nothing). */
export type Schema = Record<string, unknown>;

/** What a server means by its schema cannot be told; the message names the place. */
export class UnusableSchemaError extends Error {
  override readonly name = 'UnusableSchemaError';
}

/** The schema is larger than any model should be given. */
export class SchemaTooLargeError extends Error {
  override readonly name = 'SchemaTooLargeError';
}

/** Of one text inside of a schema. */
const MAX_TEXT = 1_000;
const MAX_DEPTH = 16;
/** Values in a schema; the largest of the well-known servers have some hundreds. */
const MAX_VALUES = 3_000;
/** Names of properties that the Messages API takes; one of another form has the whole request refused. */
const PROPERTY = /^[A-Za-z0-9_.-]{1,64}$/;
const HASH_LENGTH = 6;

/**
 * The name that a model is given for a property: its own where the API takes it, otherwise one that is told apart by a
 * hash, so that two names never become one.
 */
export function modelName(property: string): string {
  if (PROPERTY.test(property)) return property;
  const plain = property.replaceAll(/[^A-Za-z0-9_.-]+/g, '_').replaceAll(/^_+|_+$/g, '');
  const hash = createHash('sha256').update(property).digest('hex').slice(0, HASH_LENGTH);
  return `${plain.slice(0, 64 - HASH_LENGTH - 1) || 'p'}_${hash}`;
}

/**
 * A schema as the Messages API takes it: JSON Schema 2020-12, where the API refuses the whole request otherwise. What
 * older drafts, other languages and careless servers write is put into its words, null counts as absent, and what says
 * nothing to a model is left out. Names of properties are those for models.
 * @throws UnusableSchemaError where nobody could say what is meant. @throws SchemaTooLargeError
 */
export function mendSchema(raw: unknown): Schema {
  const mended = mend(raw, { at: '', depth: 0, budget: { left: MAX_VALUES } });
  return typeof mended === 'boolean' ? {} : mended;
}

interface Place {
  /** For people: `filter.items`. */
  readonly at: string;
  readonly depth: number;
  readonly budget: { left: number };
}
const inside = ({ at, depth, budget }: Place, name: string): Place => ({
  at: at === '' ? name : `${at}.${name}`,
  depth: depth + 1,
  budget,
});

function unclear({ at }: Place, what: string): never {
  throw new UnusableSchemaError(`Its schema cannot be read${at === '' ? '' : ` at “${cleanText(at, 100)}”`}: ${what}.`);
}
const quoted = (value: unknown): string => `“${cleanText(JSON.stringify(value) ?? 'nothing', 60)}”`;

function mend(raw: unknown, place: Place): Schema | boolean {
  if (--place.budget.left < 0) throw new SchemaTooLargeError();
  // PHP writes an empty object as an empty list.
  if (raw === null || raw === undefined || raw === true || raw === 'true' || isEmptyList(raw)) return {};
  if (raw === false || raw === 'false') return false;
  // `"a": "string"` stands for `"a": {"type": "string"}`.
  if (typeof raw === 'string') return { type: typeOf(raw, place) };
  if (!isRecord(raw)) unclear(place, `${quoted(raw)} is no schema`);
  if (place.depth > MAX_DEPTH) return {};
  const mended: Schema = {};
  for (const [keyword, value] of Object.entries(raw)) {
    if (value === null && keyword !== 'const' && keyword !== 'default') continue;
    Object.assign(mended, RULES.get(keyword)?.(value, inside(place, keyword), raw) ?? unknownKeyword(keyword, value));
  }
  if (Array.isArray(raw['items'])) mendTuple(mended, raw, place);
  const required = [...(Array.isArray(mended['required']) ? mended['required'] : []), ...saidRequired(raw)];
  if (required.length > 0) mended['required'] = [...new Set(required)];
  return mended;
}

type Rule = (value: unknown, place: Place, whole: Schema) => Schema;

const keywordOf = ({ at }: Place): string => at.slice(at.lastIndexOf('.') + 1);
const nothing: Rule = () => ({});
const text: Rule = (value, place) =>
  typeof value === 'string' ? { [keywordOf(place)]: cleanText(value, MAX_TEXT) } : {};
const flag: Rule = (value, place) => {
  const is = value === true || value === 'true';
  return is || value === false || value === 'false' ? { [keywordOf(place)]: is } : {};
};
const toNumber = (value: unknown): number =>
  typeof value === 'string' && value.trim() !== '' ? Number(value) : typeof value === 'number' ? value : Number.NaN;
const number: Rule = (value, place) => {
  const given = toNumber(value);
  return Number.isFinite(given) ? { [keywordOf(place)]: given } : {};
};
const count: Rule = (value, place) => {
  const given = toNumber(value);
  return Number.isInteger(given) && given >= 0 ? { [keywordOf(place)]: given } : {};
};
/** Of draft 4 a flag beside the limit, since then the limit itself. */
const exclusive =
  (limit: 'minimum' | 'maximum'): Rule =>
  (value, place, whole) =>
    value === true ? number(whole[limit], place, whole) : number(value, place, whole);
const pattern: Rule = (value) => (typeof value === 'string' && isPlainPattern(value) ? { pattern: value } : {});
const schema: Rule = (value, place) => ({ [keywordOf(place)]: mend(value, place) });
const schemas: Rule = (value, place) => {
  const all = Array.isArray(value) ? value : isRecord(value) ? [value] : unclear(place, `${quoted(value)} is no list`);
  const mended = all.filter((one) => one !== null).map((one, nth) => mend(one, inside(place, String(nth))));
  return mended.length > 0 ? { [keywordOf(place)]: mended } : {};
};
const named = (value: unknown, place: Place): (readonly [string, Schema | boolean])[] => {
  if (isEmptyList(value)) return [];
  if (!isRecord(value)) unclear(place, `${quoted(value)} names no schemas`);
  return Object.entries(value).map(([name, one]) => [name, mend(one, inside(place, name))] as const);
};
const definitions: Rule = (value, place) => ({ [keywordOf(place)]: Object.fromEntries(named(value, place)) });
const properties: Rule = (value, place) => ({
  properties: Object.fromEntries(
    named(value, place).map(([name, one]) => [modelName(name), withServersName(name, one)]),
  ),
});
/** Whatever it holds it holds by value: its texts mean themselves. */
const values: Rule = (value, place) => {
  const all: unknown[] = Array.isArray(value) ? value : typeof value === 'object' ? [] : [value];
  if ((place.budget.left -= all.length) < 0) throw new SchemaTooLargeError();
  return all.length > 0 ? { [keywordOf(place)]: all } : {};
};
const MAX_VALUE = 2_000;
const value: Rule = (given, place) =>
  JSON.stringify(given).length <= MAX_VALUE ? { [keywordOf(place)]: cleanValue(given) } : {};

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...['title', 'description', '$comment', 'format', 'contentEncoding', 'contentMediaType'].map(
    (keyword) => [keyword, text] as const,
  ),
  ...['uniqueItems', 'deprecated', 'readOnly', 'writeOnly'].map((keyword) => [keyword, flag] as const),
  ...['Length', 'Items', 'Properties', 'Contains'].flatMap((of) =>
    ['min', 'max'].map((end) => [`${end}${of}`, count] as const),
  ),
  ...['minimum', 'maximum'].map((keyword) => [keyword, number] as const),
  ['exclusiveMinimum', exclusive('minimum')],
  ['exclusiveMaximum', exclusive('maximum')],
  ['multipleOf', (given, place, whole) => (toNumber(given) > 0 ? number(given, place, whole) : {})],
  ['pattern', pattern],
  ...['additionalProperties', 'contains', 'propertyNames', 'not', 'if', 'then', 'else', 'contentSchema'].map(
    (keyword) => [keyword, schema] as const,
  ),
  ...['unevaluatedItems', 'unevaluatedProperties'].map((keyword) => [keyword, schema] as const),
  ...['allOf', 'anyOf', 'oneOf', 'prefixItems'].map((keyword) => [keyword, schemas] as const),
  ...['$defs', 'definitions', 'dependentSchemas'].map((keyword) => [keyword, definitions] as const),
  ['properties', properties],
  // A list of them stood for a tuple until 2020-12.
  ['items', (given, place, whole) => (Array.isArray(given) ? {} : schema(given, place, whole))],
  ['required', (given, place) => (isFlag(given) ? {} : { required: namesIn(given, place) })],
  ['type', (given, place) => mendType(given, place)],
  ['$ref', (given) => (typeof given === 'string' && given.startsWith('#') ? { $ref: given } : {})],
  ['enum', values],
  ['const', (given) => ({ const: given })],
  ['examples', (given, place, whole) => (Array.isArray(given) ? value(given, place, whole) : {})],
  ['default', value],
  // The API is known to refuse schemas with it; without it nobody could tell what is additional.
  ...['patternProperties', 'dependentRequired', 'dependencies', 'additionalItems'].map(
    (keyword) => [keyword, nothing] as const,
  ),
  ...['$schema', '$id', '$anchor', '$dynamicAnchor', '$dynamicRef', '$recursiveRef', '$recursiveAnchor'].map(
    (keyword) => [keyword, nothing] as const,
  ),
  ['$vocabulary', nothing],
]);

/**
 * Of what JSON Schema does not know, words are kept; they change nothing. One that is a known keyword only once it is
 * cleaned (`"type "`) would change something, and has not been put into the API's words.
 */
const unknownKeyword = (keyword: string, given: unknown): Schema =>
  typeof given === 'object' || keyword === '__proto__' || cleanText(keyword, 100) !== keyword
    ? {}
    : { [keyword]: typeof given === 'string' ? cleanText(given, MAX_TEXT) : given };

const isEmptyList = (given: unknown): boolean => Array.isArray(given) && given.length === 0;

const isFlag = (given: unknown): boolean => given === true || given === false || given === 'true' || given === 'false';

function namesIn(given: unknown, place: Place): string[] {
  const all: unknown[] =
    typeof given === 'string' ? [given] : Array.isArray(given) ? given : unclear(place, quoted(given));
  return all.filter((one) => typeof one === 'string').map(modelName);
}

/** Draft 3, and many since, say of a property itself that it is required. */
const saidRequired = ({ properties }: Schema): string[] =>
  Object.entries(isRecord(properties) ? properties : {})
    .filter(([, one]) => isRecord(one) && (one['required'] === true || one['required'] === 'true'))
    .map(([name]) => modelName(name));

function mendTuple(mended: Schema, raw: Schema, place: Place): void {
  Object.assign(mended, schemas(raw['items'], inside(place, 'prefixItems'), raw));
  const rest = raw['additionalItems'];
  if (rest !== undefined && rest !== null) mended['items'] = mend(rest, inside(place, 'items'));
}

/** Says what the server calls a property, where a model has to use another name. */
function withServersName(name: string, mended: Schema | boolean): Schema | boolean {
  if (PROPERTY.test(name) || typeof mended === 'boolean') return mended;
  const said = typeof mended['description'] === 'string' ? `${mended['description']} ` : '';
  return { ...mended, description: `${said}(The server calls it ${JSON.stringify(cleanText(name, 200))}.)` };
}

const TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'];
const OTHER_WORDS: ReadonlyMap<string, string> = new Map([
  ...['str', 'text', 'char', 'uuid', 'date', 'datetime', 'date-time', 'uri', 'url', 'enum'].map(
    (word) => [word, 'string'] as const,
  ),
  ...['int', 'int32', 'int64', 'long', 'bigint'].map((word) => [word, 'integer'] as const),
  ...['float', 'double', 'decimal'].map((word) => [word, 'number'] as const),
  ['bool', 'boolean'],
  ...['dict', 'map', 'record', 'struct'].map((word) => [word, 'object'] as const),
  ...['list', 'tuple', 'set'].map((word) => [word, 'array'] as const),
  ['none', 'null'],
  ...TYPES.map((word) => [word, word] as const),
]);
const ANYTHING = ['any', 'mixed', 'unknown', '*', ''];

function typeOf(word: string, place: Place): string {
  const known = OTHER_WORDS.get(word.trim().toLowerCase());
  return known ?? unclear(place, `there is no type ${quoted(word)}`);
}

function mendType(given: unknown, place: Place): Schema {
  const words: unknown[] = typeof given === 'string' ? given.split(/[|,]/) : Array.isArray(given) ? given : [given];
  const said = words.filter((word) => word !== null);
  const types = said.map((word) => (typeof word === 'string' ? word : unclear(place, `${quoted(word)} is no type`)));
  if (types.length === 0 || types.some((word) => ANYTHING.includes(word.trim().toLowerCase()))) return {};
  const known = [...new Set(types.map((word) => typeOf(word, place)))];
  return { type: known.length === 1 ? known[0] : known };
}

/** One that every validator can compile: not only JavaScript's, nor only others'. */
function isPlainPattern(source: string): boolean {
  if (source.length > MAX_TEXT || /\\[pPuk]|\(\?[^:=!]/.test(source)) return false;
  try {
    return new RegExp(source, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

function cleanValue(given: unknown): unknown {
  if (typeof given === 'string') return cleanText(given, MAX_TEXT);
  if (Array.isArray(given)) return given.map(cleanValue);
  if (!isRecord(given)) return given;
  return Object.fromEntries(Object.entries(given).map(([name, one]) => [name, cleanValue(one)]));
}

/**
 * What clients check at the root of a schema: one odd tool of a third party (`required: true`, a property that is `true`)
 * would have them refuse the whole list. Names and all below stay as the server knows them.
 */
export function takenByClients({ properties, required, ...rest }: Readonly<Schema>): Schema {
  const named = isRecord(properties) ? Object.entries(properties) : undefined;
  const asked = Array.isArray(required) ? required.filter((name) => typeof name === 'string') : [];
  return {
    ...rest,
    ...(named && {
      properties: Object.fromEntries(
        named.map(([name, one]) => [name, isRecord(one) ? one : one === false ? { not: {} } : {}]),
      ),
    }),
    ...(asked.length > 0 && { required: asked }),
  };
}
