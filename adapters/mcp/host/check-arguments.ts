import { isRecord } from '../../../contracts/json.ts';
import type { ArgumentMistake } from '../../../domain/tools/tool-ports.ts';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv';

type Schema = Readonly<Record<string, unknown>>;

/** Longer ones take too long to compare: whoever is asked next would wait for it. */
const MAX_SCHEMA_CHARS = 50_000;
const MAX_ARGUMENT_CHARS = 100_000;

/**
 * What a tool's input schema has against these arguments; nothing when they fit. Schemas come from untrusted servers, so what may take for ever is left to them: regular expressions, references to other parts, comparing
 * everything with everything, great sizes. A schema that cannot be read says nothing, and the server decides.
 */
export function checkArguments(inputSchema: Schema, args: Readonly<Record<string, unknown>>): ArgumentMistake[] {
  if (JSON.stringify(inputSchema).length > MAX_SCHEMA_CHARS) return [];
  if (JSON.stringify(args).length > MAX_ARGUMENT_CHARS) return [];
  try {
    // A new one each time: it keeps what it has read, and servers may choose the same names for different things.
    const checked = new AjvJsonSchemaValidator().getValidator(quick(inputSchema))(args);
    return checked.valid ? [] : toMistakes(checked.errorMessage);
  } catch {
    return [];
  }
}

/** Keywords whose value is one schema, a list of them, or schemas by names that are no keywords. */
const ONE = ['additionalProperties', 'items', 'contains', 'propertyNames'];
const MANY = ['allOf', 'anyOf', 'prefixItems', 'items'];
const NAMED = ['properties', 'dependentSchemas'];
/** What may take for ever, and what says no because a part says yes: the parts say yes more often here. */
const LEFT_OUT =
  /^(pattern|uniqueItems|\$id|\$defs|definitions|not|if|then|else|maxContains|unevaluatedProperties|unevaluatedItems)$/;

/** A schema that takes all that this one takes, and says no in bounded time. */
function quick(schema: Schema): Schema {
  if ('$ref' in schema || '$dynamicRef' in schema) return {};
  const { patternProperties, oneOf, ...rest } = schema;
  const kept = Object.entries(rest).filter(
    // Without its patterns nobody could tell which fields are additional.
    ([keyword]) => !LEFT_OUT.test(keyword) && !(patternProperties !== undefined && keyword === 'additionalProperties'),
  );
  const quickened = Object.fromEntries(kept.map(([keyword, value]) => [keyword, cleaned(keyword, value)]));
  return Array.isArray(oneOf) ? { allOf: [quickened, { anyOf: cleaned('anyOf', oneOf) }] } : quickened;
}

function cleaned(keyword: string, value: unknown): unknown {
  if (NAMED.includes(keyword) && isRecord(value))
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, isRecord(each) ? quick(each) : each]));
  if (MANY.includes(keyword) && Array.isArray(value))
    return value.map((each: unknown) => (isRecord(each) ? quick(each) : each));
  return ONE.includes(keyword) && isRecord(value) ? quick(value) : value;
}

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
