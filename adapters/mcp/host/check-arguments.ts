import { isRecord } from '../../../contracts/json.ts';
import type { ArgumentMistake } from '../../../domain/tools/tool-ports.ts';
import { Ajv, type ErrorObject } from 'ajv';
import addFormatsTo from 'ajv-formats';

type Schema = Readonly<Record<string, unknown>>;

/** Longer ones take too long to compare: whoever is asked next would wait for it. */
const MAX_SCHEMA_CHARS = 50_000;
const MAX_ARGUMENT_CHARS = 100_000;

/**
 * What a tool's input schema has against these arguments; nothing when they fit. Schemas come from untrusted servers, so what may take for ever is left to them: regular expressions, references to other parts, comparing
 * everything with everything, great sizes. A schema that cannot be read says nothing, and the server decides.
 */
export function checkArguments(inputSchema: Schema, args: Readonly<Record<string, unknown>>): ArgumentMistake[] {
  const chars = [inputSchema, args].map((one) => JSON.stringify(one).length);
  if ((chars[0] ?? 0) > MAX_SCHEMA_CHARS || (chars[1] ?? 0) > MAX_ARGUMENT_CHARS) return [];
  try {
    // A new one each time: it keeps what it has read, and servers may choose the same names for different things.
    const ajv = new Ajv({
      strict: false,
      validateFormats: true,
      validateSchema: false,
      allErrors: true,
      logger: false,
    });
    addFormats(ajv);
    const isValid = ajv.compile(quick(inputSchema));
    return isValid(args) ? [] : (isValid.errors ?? []).slice(0, MAX_MISTAKES).map(toMistake);
  } catch {
    return [];
  }
}

/** Keywords whose value is one schema, a list of them, or schemas by names that are no keywords. */
const ONE = ['additionalProperties', 'items', 'contains', 'propertyNames'];
const MANY = ['allOf', 'anyOf', 'prefixItems', 'items'];
const NAMED = ['properties', 'dependentSchemas'];
/**
 * All that is looked at, by name, because what the validator knows beside it may run a stranger's patterns
 * (`dependencies`, `additionalItems`), answer later than asked (`$async`), or say no because a part says yes.
 */
const LOOKED_AT = new Set([
  ...ONE,
  ...MANY,
  ...NAMED,
  ...'type nullable required enum const format multipleOf minContains minimum maximum exclusiveMinimum'.split(' '),
  ...'exclusiveMaximum minLength maxLength minItems maxItems minProperties maxProperties'.split(' '),
]);

/** A schema that takes all that this one takes, and says no in bounded time. */
function quick(schema: Schema): Schema {
  if ('$ref' in schema || '$dynamicRef' in schema) return {};
  const { patternProperties, oneOf, ...rest } = schema;
  const kept = Object.entries(rest).filter(
    // Without its patterns nobody could tell which fields are additional.
    ([keyword, value]) =>
      LOOKED_AT.has(keyword) &&
      isReadable(keyword, value, schema) &&
      !(patternProperties !== undefined && keyword === 'additionalProperties'),
  );
  const quickened = Object.fromEntries(kept.map(([keyword, value]) => [keyword, cleaned(keyword, value)]));
  return Array.isArray(oneOf) && oneOf.length > 0
    ? { allOf: [quickened, { anyOf: cleaned('anyOf', oneOf) }] }
    : quickened;
}

const TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'];

const isSchema = (value: unknown): boolean => isRecord(value) || typeof value === 'boolean';

/** One keyword that is written oddly must neither keep all the others from being looked at, nor refuse everything. */
function isReadable(keyword: string, value: unknown, { type }: Schema): boolean {
  if (value === null) return keyword === 'const' || keyword === 'default';
  if (keyword === 'type') return [value].flat().every((one) => typeof one === 'string' && TYPES.includes(one));
  if (keyword === 'nullable') return typeof value === 'boolean' && typeof type === 'string' && TYPES.includes(type);
  if (keyword === 'format') return typeof value === 'string';
  if (keyword === 'required') return Array.isArray(value);
  if (keyword === 'enum') return Array.isArray(value) && value.length > 0;
  if (NAMED.includes(keyword)) return isRecord(value);
  if (MANY.includes(keyword) && Array.isArray(value)) return value.length > 0;
  if (ONE.includes(keyword)) return isSchema(value);
  if (keyword === 'multipleOf') return typeof value === 'number' && value > 0;
  return keyword === 'const' || typeof value === 'number';
}

const inside = (value: unknown): unknown => (isRecord(value) ? quick(value) : isSchema(value) ? value : {});

function cleaned(keyword: string, value: unknown): unknown {
  if (keyword === 'required' && Array.isArray(value)) return value.filter((name) => typeof name === 'string');
  if (NAMED.includes(keyword) && isRecord(value))
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, inside(each)]));
  if (MANY.includes(keyword) && Array.isArray(value)) return value.map(inside);
  return ONE.includes(keyword) ? inside(value) : value;
}

const MAX_MISTAKES = 20;
const MAX_VALUES = 10;

/** Each names the property that is meant, also where it is one too many. */
function toMistake({ instancePath, message = 'is not right', params, propertyName }: ErrorObject): ArgumentMistake {
  const path = instancePath.slice(1).split('/').map(plain).join('.');
  return { path, message: `${message}${detailOf(params, propertyName)}` };
}

const plain = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~');

function detailOf(params: Record<string, unknown>, propertyName: string | undefined): string {
  const { additionalProperty, unevaluatedProperty, allowedValues, allowedValue } = params;
  const named = additionalProperty ?? unevaluatedProperty ?? propertyName;
  if (typeof named === 'string') return `: '${named}'`;
  const values: unknown[] = Array.isArray(allowedValues) ? allowedValues : [allowedValue];
  const shown = values.slice(0, MAX_VALUES).flatMap((one) => JSON.stringify(one) ?? []);
  return shown.length === 0 ? '' : `: ${shown.join(', ')}${values.length > MAX_VALUES ? ', …' : ''}`;
}

/** As the package is written, and not as its types say. */
const addFormats = addFormatsTo as unknown as (ajv: Ajv) => void;
