import { isRecord } from '../http-server.ts';
import type { JsonSchema, Responder } from './types.ts';

/** Values to prefer for properties of these names, where the schema allows them. */
export type Hints = Readonly<Record<string, unknown>>;

interface Walk {
  readonly root: JsonSchema;
  readonly hints: Hints;
}

/** A value that conforms to a schema of the kind structured outputs accept. */
export function conformingTo(schema: JsonSchema, hints: Hints = {}): unknown {
  return valueOf(schema, undefined, { root: schema, hints });
}

function valueOf(given: JsonSchema, hint: unknown, walk: Walk): unknown {
  const schema = resolve(given, walk.root);
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'].includes(hint) ? hint : schema['enum'][0];
  const variants = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(variants)) return fromVariants(variants.filter(isRecord), hint, walk);
  if (Array.isArray(schema['allOf'])) return valueOf(Object.assign({}, ...schema['allOf']), hint, walk);
  const types = [schema['type']].flat();
  if (hint === null && types.includes('null')) return null;
  const type = types.find((name) => name !== 'null') ?? 'null';
  switch (type) {
    case 'object':
      return objectOf(schema, hint, walk);
    case 'array':
      return arrayOf(schema, hint, walk);
    case 'string':
      return typeof hint === 'string' ? hint : stringOf(schema['format']);
    case 'integer':
      return typeof hint === 'number' ? Math.round(hint) : numberWithin(schema, 1);
    case 'number':
      return typeof hint === 'number' ? hint : numberWithin(schema, 0.5);
    case 'boolean':
      return typeof hint === 'boolean' ? hint : false;
    default:
      return null;
  }
}

function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const ref = schema['$ref'];
  if (typeof ref !== 'string') return schema;
  const target = ref
    .replace(/^#\/?/, '')
    .split('/')
    .reduce<unknown>((node, key) => (key === '' ? node : isRecord(node) ? node[key] : undefined), root);
  if (!isRecord(target)) throw new Error(`The schema has no ${ref}.`);
  return resolve(target, root);
}

function fromVariants(variants: readonly JsonSchema[], hint: unknown, walk: Walk): unknown {
  if (hint === null && variants.some(({ type }) => type === 'null')) return null;
  const values = variants.filter(({ type }) => type !== 'null').map((variant) => valueOf(variant, hint, walk));
  return values.find((value) => value === hint) ?? values[0] ?? null;
}

function objectOf(schema: JsonSchema, hint: unknown, walk: Walk): Record<string, unknown> {
  const properties = isRecord(schema['properties']) ? schema['properties'] : {};
  const own = isRecord(hint) ? hint : {};
  const known = Object.entries(properties)
    .filter((entry): entry is [string, JsonSchema] => isRecord(entry[1]))
    .map(([name, property]) => [name, valueOf(property, name in own ? own[name] : walk.hints[name], walk)]);
  const extra = schema['additionalProperties'];
  const free = extra === false ? {} : own;
  return { ...free, ...Object.fromEntries(known) };
}

function arrayOf(schema: JsonSchema, hint: unknown, walk: Walk): unknown[] {
  const items = isRecord(schema['items']) ? schema['items'] : {};
  const wanted = asList(hint);
  if (wanted.length > 0)
    return wanted.map((item) => valueOf(items, item, walk)).filter((item, i) => allows(items, wanted[i], item, walk));
  const least = typeof schema['minItems'] === 'number' ? schema['minItems'] : 0;
  return Array.from({ length: least }, () => valueOf(items, undefined, walk));
}

/** A record asked for as a list of pairs becomes one under every usual spelling. */
function asList(hint: unknown): unknown[] {
  if (Array.isArray(hint)) return hint;
  if (!isRecord(hint)) return [];
  return Object.entries(hint).map(([name, value]) => ({
    name,
    key: name,
    type: name,
    entity: name,
    value,
    text: value,
  }));
}

/** Drops items whose enum forced another value on them: one wrong agent is worse than one fewer. */
const allows = (items: JsonSchema, wanted: unknown, got: unknown, { root }: Walk): boolean =>
  !('enum' in resolve(items, root)) || wanted === got;

function stringOf(format: unknown): string {
  switch (format) {
    case 'date-time':
      return '2026-01-01T00:00:00Z';
    case 'date':
      return '2026-01-01';
    case 'time':
      return '00:00:00Z';
    case 'email':
      return 'demo@example.com';
    case 'uri':
      return 'https://example.com/';
    case 'uuid':
      return '00000000-0000-4000-8000-000000000000';
    default:
      return 'demo';
  }
}

/** Bounds arrive either as keywords or, because structured outputs refuse them, as words of the description. */
function numberWithin(schema: JsonSchema, fallback: number): number {
  const bound = (name: string): number | undefined => {
    const words = new RegExp(`${name}: (-?[\\d.]+)`).exec(JSON.stringify(schema['description'] ?? ''))?.[1];
    return typeof schema[name] === 'number' ? schema[name] : words === undefined ? undefined : Number(words);
  };
  const least = bound('minimum') ?? -Infinity;
  const most = bound('maximum') ?? Infinity;
  return Math.min(Math.max(fallback, least), most);
}

/** Says the user's text back; asked for JSON, answers the smallest value that the schema allows. */
export const echo: Responder = ({ schema, userText }) =>
  schema ? { json: conformingTo(schema) } : { text: userText || '(no text)' };
