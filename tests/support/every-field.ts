/** A JSON schema as the API's own description has it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly format?: string;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly default?: unknown;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly schema?: Schema;
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

export interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

/** One request of the description with one thing in it that nobody meant. */
export interface Odd {
  readonly method: string;
  readonly path: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** As it is sent. */
  readonly body?: string;
  /** What is odd, for whoever reads the failure. */
  readonly what: string;
}

/** As they stand in JSON, for `JSON.stringify` would mend some of them. */
const VALUES: readonly string[] = [
  String.raw`"\u0000"`,
  String.raw`"a\u0000b"`,
  String.raw`"\ud800"`,
  String.raw`"\udc00x"`,
  '"__proto__"',
  '"constructor"',
  '"toString"',
  '""',
  '" "',
  `"${'x'.repeat(9_000)}"`,
  `"${'9'.repeat(400)}"`,
  '"-1"',
  '"\' or 1=1; --"',
  '"%s%n${7*7}"',
  '1e309',
  '-1e309',
  '12345678901234567890',
  '1.5',
  'null',
  'true',
  '[]',
  '[null]',
  '{}',
  '{"__proto__":{"a":1}}',
  '{"constructor":{"prototype":1}}',
  String.raw`{"\u0000":"\ud800"}`,
  '['.repeat(90) + ']'.repeat(90),
];

const HERE = '@@here@@';

/** Every request of a description with every odd value in every place: address, query, headers, body. */
export function* oddRequests(description: Description, ids: Readonly<Record<string, string>>): Generator<Odd> {
  for (const [template, operations] of Object.entries(description.paths))
    for (const [method, operation] of Object.entries(operations)) {
      const parameters = operation.parameters ?? [];
      const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? 'nothing');
      const schema = operation.requestBody?.content['application/json']?.schema;
      const example = schema && exampleOf(description, schema);
      const body = example === undefined ? undefined : JSON.stringify(example);
      const base = { method: method.toUpperCase(), path, ...(body !== undefined && { body }) };
      yield* inParameters(base, template, parameters, ids);
      if (schema && body !== undefined) yield* inBody(base, description, schema, example);
    }
}

type Base = Pick<Odd, 'method' | 'path' | 'body'>;

function* inParameters(
  base: Base,
  template: string,
  parameters: readonly Parameter[],
  ids: Readonly<Record<string, string>>,
): Generator<Odd> {
  const texts = VALUES.filter((value) => value.startsWith('"')).map((value) =>
    String(JSON.parse(value)).toWellFormed(),
  );
  for (const { name, in: place } of parameters)
    for (const text of [...texts, '%', '%ff', '../..'].map((raw) => raw.slice(0, 4_000))) {
      const what = `${place} ${name} = ${JSON.stringify(text.slice(0, 30))}`;
      const encoded = text.startsWith('%') ? text : encodeURIComponent(text);
      if (place === 'query') yield { ...base, query: `${name}=${encoded}`, what };
      else if (place === 'header') {
        if (/^[\x20-\x7e]*$/.test(text)) yield { ...base, headers: { [name]: text }, what };
      } else {
        const path = template.replaceAll(/\{(\w+)\}/g, (_, each: string) =>
          each === name ? encoded : (ids[each] ?? 'x'),
        );
        yield { ...base, path, what };
      }
    }
}

function* inBody(base: Base, description: Description, schema: Schema, example: unknown): Generator<Odd> {
  for (const value of VALUES) yield { ...base, body: value, what: `body = ${value.slice(0, 30)}` };
  for (const place of placesOf(description, schema, [])) {
    const text = JSON.stringify(put(example, place, HERE));
    for (const value of VALUES)
      yield {
        ...base,
        body: text.replace(`"${HERE}"`, () => value),
        what: `${place.join('.')} = ${value.slice(0, 30)}`,
      };
  }
}

function resolve({ components }: Description, schema: Schema): Schema {
  const name = schema.$ref?.split('/').at(-1);
  return name === undefined ? schema : (components?.schemas?.[name] ?? {});
}

const MAX_LEVELS = 4;

/** Every field that a body may have; of a list its first element. */
function* placesOf(description: Description, given: Schema, path: readonly string[]): Generator<readonly string[]> {
  const schema = resolve(description, given);
  if (path.length > 0) yield path;
  if (path.length >= MAX_LEVELS) return;
  for (const each of [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])])
    for (const place of placesOf(description, each, path)) if (place !== path) yield place;
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    yield* placesOf(description, property, [...path, name]);
  if (schema.items) yield* placesOf(description, schema.items, [...path, '0']);
}

/** A value that the schema takes, more or less: enough to reach what is behind it. */
function exampleOf(description: Description, given: Schema): unknown {
  const schema = resolve(description, given);
  if (schema.const !== undefined) return schema.const;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  const variant = schema.anyOf?.[0] ?? schema.oneOf?.[0];
  if (variant) return exampleOf(description, variant);
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((each) => exampleOf(description, each)));
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'object')
    return Object.fromEntries(
      (schema.required ?? []).map((name) => [name, exampleOf(description, schema.properties?.[name] ?? {})]),
    );
  if (type === 'array') return schema.items ? [exampleOf(description, schema.items)] : [];
  if (type === 'integer' || type === 'number') return schema.minimum ?? 1;
  if (type === 'boolean') return false;
  if (schema.format === 'uuid') return '00000000-0000-4000-8000-000000000001';
  if (schema.format === 'date') return '2026-01-01';
  if (schema.format === 'date-time') return '2026-01-01T00:00:00Z';
  return schema.format === 'uri' ? 'https://127.0.0.1:9/mcp' : 'a'.repeat(Math.max(8, schema.minLength ?? 0));
}

/** A copy with a value at a place, which is made where it is missing. */
function put(value: unknown, [name, ...rest]: readonly string[], what: unknown): unknown {
  if (name === undefined) return what;
  if (/^\d+$/.test(name)) return [put(Array.isArray(value) ? value[0] : undefined, rest, what)];
  const before = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  return { ...before, [name]: put(before[name], rest, what) };
}
