import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv';

/** Something that a tool's input schema does not allow; `path` leads to it, empty for the arguments as a whole. */
export interface ArgumentMistake {
  readonly path: string;
  readonly message: string;
}

type Schema = Readonly<Record<string, unknown>>;

/**
 * What a tool's input schema has against these arguments; nothing when they fit. Schemas come from servers that nobody
 * vouches for, so their regular expressions are left to them: one that never ends would hold up everybody else. A schema
 * that cannot be read says nothing, and the server decides.
 */
export function checkArguments(inputSchema: Schema, args: Readonly<Record<string, unknown>>): ArgumentMistake[] {
  try {
    // A new one each time: it would keep a schema by its `$id`, which another organization's server may have chosen too.
    const checked = new AjvJsonSchemaValidator().getValidator(withoutPatterns(inputSchema))(args);
    return checked.valid ? [] : toMistakes(checked.errorMessage);
  } catch {
    return [];
  }
}

/** Keywords whose value is one schema, a list of them, or schemas by names that are no keywords. */
const ONE = ['additionalProperties', 'items', 'contains', 'not', 'if', 'then', 'else', 'propertyNames'];
const MANY = ['allOf', 'anyOf', 'oneOf', 'prefixItems', 'items'];
const NAMED = ['properties', '$defs', 'definitions', 'dependentSchemas'];

function withoutPatterns(schema: Schema): Schema {
  const { pattern: _pattern, patternProperties, ...kept } = schema;
  const rest: Record<string, unknown> = kept;
  // Without its patterns nobody could tell which fields are additional.
  if (patternProperties !== undefined) {
    delete rest['additionalProperties'];
    delete rest['unevaluatedProperties'];
  }
  const changed = Object.entries(rest).map(([keyword, value]) => [keyword, cleaned(keyword, value)] as const);
  return Object.fromEntries(changed);
}

function cleaned(keyword: string, value: unknown): unknown {
  if (NAMED.includes(keyword) && isSchema(value))
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [name, isSchema(each) ? withoutPatterns(each) : each]),
    );
  if (MANY.includes(keyword) && Array.isArray(value))
    return value.map((each: unknown) => (isSchema(each) ? withoutPatterns(each) : each));
  return ONE.includes(keyword) && isSchema(value) ? withoutPatterns(value) : value;
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const EACH = /, (?=data(?:\/| must ))/;
const MISTAKE = /^data(?:\/(\S*))? (.*)$/s;
const MOST = 20;

/** The validator tells its findings as one text: `data/title must be string, data must have required property 'id'`. */
const toMistakes = (said: string): ArgumentMistake[] =>
  said
    .split(EACH)
    .slice(0, MOST)
    .map((one) => {
      const [, path = '', message = one] = MISTAKE.exec(one) ?? [];
      return { path: path.replaceAll('/', '.'), message };
    });
