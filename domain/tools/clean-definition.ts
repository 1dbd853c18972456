import { canonicalJson } from '../json.ts';
import { isRecord } from '../../contracts/json.ts';
import { cleanText } from '../../contracts/clean-text.ts';
import type { ToolDefinition } from '../../contracts/tools.ts';
import type { ModelTool } from '../models/model-port.ts';
import type { OfferedTool } from './tool-host.ts';
import { mendSchema, modelName, SchemaTooLargeError, UnusableSchemaError, type Schema } from './mend-schema.ts';

/** Steps of a reference to what it stands for, and of choices within choices. */
const MAX_STEPS = 8;
/** Schemas that may say something of one value. */
const MAX_SCHEMAS = 200;
/** Of choices and references at the top: those that lead to each other would be gone through without end. */
const MAX_VISITS = 500;
const MAX_NOTE = 2_000;
const CHOICES = ['anyOf', 'oneOf', 'allOf'] as const;

/** The arguments of a tool as a model is given them. */
interface ModelSchema {
  readonly inputSchema: Schema;
  /** Rules over all arguments, in words: the API takes none at the top. */
  readonly notes: readonly string[];
}

/**
 * A tool's input schema as the Messages API takes it: an object at the top, without choices there. Their fields are put
 * together, and the rule itself is said beside. One that is too large becomes one that allows all: the server judges.
 * @throws UnusableSchemaError
 */
export function toModelSchema(raw: Schema): ModelSchema {
  try {
    const mended = mendSchema(raw);
    const takesObject = [mended['type'] ?? 'object'].flat().includes('object');
    if (!takesObject)
      throw new UnusableSchemaError(`It takes ${JSON.stringify(mended['type'])} and not named arguments.`);
    const { type: _, ...merged } = withoutChoices(mended, { root: mended, left: MAX_VISITS }, 0);
    const notes = CHOICES.filter((rule) => mended[rule] !== undefined).map(
      (rule) => `The arguments also have to follow ${rule}: ${JSON.stringify(mended[rule]).slice(0, MAX_NOTE)}`,
    );
    const top: Schema = { ...merged, type: 'object' };
    return { inputSchema: withoutDeadRefs(top, top) as Schema, notes };
  } catch (error) {
    if (error instanceof SchemaTooLargeError) return { inputSchema: { type: 'object' }, notes: [] };
    throw error;
  }
}

/** One schema that takes all that this one takes, without references and choices at its top. */
function withoutChoices(schema: Schema, within: { readonly root: Schema; left: number }, step: number): Schema {
  if (step > MAX_STEPS || --within.left < 0) return {};
  const { $ref, anyOf, oneOf, allOf, ...own } = schema;
  const target = typeof $ref === 'string' ? resolveRef(within.root, $ref) : undefined;
  const branches = (given: unknown): Schema[] =>
    (Array.isArray(given) ? given : []).filter(isRecord).map((one) => withoutChoices(one, within, step + 1));
  const all = [...(isRecord(target) ? [withoutChoices(target, within, step + 1)] : []), ...branches(allOf)];
  const choices = [anyOf, oneOf]
    .map((given) => branches(given).filter(({ type = 'object' }) => [type].flat().includes('object')))
    .filter((given) => given.length > 0)
    .map(oneOfThem);
  return allOfThem([own, ...all, ...choices]);
}

const propertiesOf = ({ properties }: Schema): Schema => (isRecord(properties) ? properties : {});
const requiredOf = ({ required }: Schema): unknown[] => (Array.isArray(required) ? required : []);

/** Side by side, however many are put together one after another: the API takes no schema of any depth. */
const partsOf = (one: unknown): unknown[] =>
  isRecord(one) && Array.isArray(one['allOf']) && Object.keys(one).length === 1 ? one['allOf'] : [one];

/** What follows all of them, of whose other words the first one's count; what is additional nobody can say any more. */
function allOfThem(all: readonly Schema[]): Schema {
  if (all.length === 1) return all[0] ?? {};
  const {
    additionalProperties: _,
    unevaluatedProperties: __,
    ...rest
  } = Object.assign({}, ...all.toReversed()) as Schema;
  // Put together at once: one after another would look at all that is there already each time.
  const properties = joined(all.map(propertiesOf), (many) => ({ allOf: many.flatMap(partsOf) }));
  const required = [...new Set(all.flatMap(requiredOf))];
  return { ...rest, ...(hasAny(properties) && { properties }), ...(required.length > 0 && { required }) };
}

function oneOfThem(branches: readonly Schema[]): Schema {
  const properties = joined(branches.map(propertiesOf), (all) => ({ anyOf: all }));
  const required = branches.map(requiredOf).reduce((both, next) => both.filter((name) => next.includes(name)));
  return { ...(hasAny(properties) && { properties }), ...(required.length > 0 && { required }) };
}

const hasAny = (properties: Schema): boolean => Object.keys(properties).length > 0;

function joined(many: readonly Schema[], join: (all: unknown[]) => Schema): Schema {
  const byName = new Map<string, Map<string, unknown>>();
  for (const [name, schema] of many.flatMap((one) => Object.entries(one)))
    byName.set(name, (byName.get(name) ?? new Map()).set(canonicalJson(schema), schema));
  return Object.fromEntries(
    [...byName].map(([name, schemas]) => [
      name,
      schemas.size === 1 ? [...schemas.values()][0] : join([...schemas.values()]),
    ]),
  );
}

/** What a reference within the schema stands for; undefined where there is nothing. */
function resolveRef(root: Schema, ref: string): unknown {
  if (ref === '#') return root;
  if (!ref.startsWith('#/')) return undefined;
  let found: unknown = root;
  for (const part of ref.slice(2).split('/')) {
    const name = decoded(part).replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Schema)[name];
  }
  return found;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** References that lead nowhere once the top has changed allow all. */
function withoutDeadRefs(value: unknown, root: Schema): unknown {
  if (Array.isArray(value)) return value.map((one) => withoutDeadRefs(one, root));
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(
    ([name, given]) => !(name === '$ref' && typeof given === 'string' && !isRecord(resolveRef(root, given))),
  );
  return Object.fromEntries(kept.map(([name, given]) => [name, withoutDeadRefs(given, root)]));
}

type Arguments = Readonly<Record<string, unknown>>;

/** A model's arguments under the names that the server knows; values that nobody described stay as they are. */
export const fromModelArguments = (args: Arguments, raw: Schema): Arguments =>
  walk(args, [raw], raw, { rename: true }) as Arguments;

/**
 * Whole numbers beyond 2^53 travel as text of their digits, because JavaScript would round them. Where the schema wants
 * a number and no text, they become what `toNumber` makes of their digits.
 */
export const withLargeIntegers = (args: Arguments, raw: Schema, toNumber: (digits: string) => unknown): Arguments =>
  walk(args, [raw], raw, { toNumber }) as Arguments;

interface Change {
  readonly rename?: boolean;
  readonly toNumber?: (digits: string) => unknown;
}

function walk(value: unknown, given: readonly unknown[], root: Schema, change: Change): unknown {
  const schemas = applying(given, root);
  if (typeof value === 'string')
    return change.toNumber && isLargeInteger(value) && wantsNumber(schemas) ? change.toNumber(value) : value;
  if (Array.isArray(value))
    return value.map((one: unknown, nth) =>
      walk(
        one,
        schemas.flatMap((schema) => itemsAt(schema, nth)),
        root,
        change,
      ),
    );
  if (!isRecord(value)) return value;
  const names = new Map<string, string>();
  if (change.rename)
    for (const name of schemas.flatMap((schema) => Object.keys(propertiesOf(schema)))) names.set(modelName(name), name);
  return Object.fromEntries(
    Object.entries(value).map(([said, one]) => {
      const name = names.get(said) ?? said;
      return [
        name,
        walk(
          one,
          schemas.flatMap((schema) => propertyAt(schema, name)),
          root,
          change,
        ),
      ];
    }),
  );
}

const isLargeInteger = (text: string): boolean => /^-?\d{16,40}$/.test(text) && !Number.isSafeInteger(Number(text));

function wantsNumber(schemas: readonly Schema[]): boolean {
  const types = schemas.flatMap(({ type }) => [type].flat()).filter((type) => typeof type === 'string');
  return types.some((type) => type === 'integer' || type === 'number') && !types.includes('string');
}

/** The schemas themselves, and all that their references and choices lead to. */
function applying(given: readonly unknown[], root: Schema): Schema[] {
  const found = new Set<Schema>();
  let open = [...new Set(given.filter(isRecord))];
  for (let step = 0; step <= MAX_STEPS && open.length > 0 && found.size < MAX_SCHEMAS; step++) {
    open.forEach((schema) => found.add(schema));
    const next = open
      .flatMap((schema) => [
        ...(typeof schema['$ref'] === 'string' ? [resolveRef(root, schema['$ref'])] : []),
        ...[...CHOICES, 'then', 'else'].flatMap((keyword) => schema[keyword]),
      ])
      .filter(isRecord)
      .filter((schema) => !found.has(schema));
    open = [...new Set(next)].slice(0, MAX_SCHEMAS);
  }
  return [...found];
}

const propertyAt = (schema: Schema, name: string): unknown[] => {
  const properties = propertiesOf(schema);
  return Object.hasOwn(properties, name) ? [properties[name]] : [schema['additionalProperties']];
};

const itemsAt = ({ items, prefixItems, additionalItems }: Schema, nth: number): unknown[] => {
  const tuple: unknown[] = Array.isArray(items) ? items : Array.isArray(prefixItems) ? prefixItems : [];
  return nth < tuple.length ? [tuple[nth]] : [Array.isArray(items) ? additionalItems : items];
};

const MAX_TITLE = 120;
const MAX_DESCRIPTION = 4_000;
/** Of one text inside of a schema. */
const MAX_SCHEMA_TEXT = 1_000;
const MAX_LEVELS = 16;
/** Values in a schema; the largest of the well-known servers have some hundreds. */
const MAX_VALUES = 3_000;

/**
 * A definition as it is offered: its words without what nobody sees, and bounded. Of its input schema only the
 * words are touched, because arguments are judged by it. Only for showing: it is the raw definition that is pinned.
 */
export function cleanDefinition(definition: ToolDefinition): ToolDefinition {
  const { name, title, description, inputSchema, outputSchema, annotations } = definition;
  return {
    name,
    ...(title !== undefined && { title: cleanText(title, MAX_TITLE) }),
    description: cleanText(description, MAX_DESCRIPTION),
    inputSchema: cleanWords(inputSchema) as Schema,
    ...(outputSchema && { outputSchema: cleanSchema(outputSchema) }),
    annotations: {
      ...annotations,
      ...(annotations.title !== undefined && { title: cleanText(annotations.title, MAX_TITLE) }),
    },
  };
}

const WORDS = ['title', 'description', '$comment'];
const VALUES = ['const', 'enum', 'default', 'examples'];

/** Only what is there to be read: what arguments are compared with stays as it is, to the letter. */
function cleanWords(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cleanWords);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([keyword, given]) => {
      if (WORDS.includes(keyword) && typeof given === 'string') return [keyword, cleanText(given, MAX_SCHEMA_TEXT)];
      return [keyword, VALUES.includes(keyword) ? given : cleanWords(given)];
    }),
  );
}

function cleanSchema(schema: Schema): Schema {
  const budget = { left: MAX_VALUES };
  const cleaned = clean(schema, 0, budget);
  // Half a schema would forbid what is allowed; none allows all.
  return budget.left < 0 || !isRecord(cleaned) ? { type: 'object' } : cleaned;
}

function clean(value: unknown, depth: number, budget: { left: number }): unknown {
  budget.left--;
  if (budget.left < 0) return undefined;
  if (typeof value === 'string') return cleanText(value, MAX_SCHEMA_TEXT);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_LEVELS) return Array.isArray(value) ? [] : {};
  if (Array.isArray(value)) return value.map((item) => clean(item, depth + 1, budget));
  return Object.fromEntries(
    Object.entries(value).map(([keyword, given]) => [
      cleanText(keyword, MAX_SCHEMA_TEXT),
      clean(given, depth + 1, budget),
    ]),
  );
}

/**
 * A tool as the model is given it. Servers may define what the model's API refuses, and one such tool would have every
 * request refused; undefined where nobody can say what it takes.
 */
export function toModelTool({ name, definition }: OfferedTool): ModelTool | undefined {
  try {
    const { inputSchema, notes } = toModelSchema(definition.inputSchema);
    const description = definition.description || definition.title || name;
    return { name, description: [description, ...notes].join('\n'), inputSchema };
  } catch (error) {
    if (error instanceof UnusableSchemaError) return undefined;
    throw error;
  }
}
