import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv';

const validators = new AjvJsonSchemaValidator();
/** Compiled checks by schema; a tool's schema is pinned, so there are as many as tools in use. */
const compiled = new Map<string, (args: unknown) => string | undefined>();
const MOST = 2_000;

/** What is wrong with the arguments of a call by the tool's own schema; undefined when nothing is. */
export function problemWith(
  args: Readonly<Record<string, unknown>>,
  inputSchema: Readonly<Record<string, unknown>>,
): string | undefined {
  const key = JSON.stringify(inputSchema);
  const known = compiled.get(key);
  if (known) return known(args);
  if (compiled.size >= MOST) compiled.clear();
  const check = compile(inputSchema);
  compiled.set(key, check);
  return check(args);
}

/** A schema that cannot be read checks nothing here: its server will say what is wrong. */
function compile(inputSchema: Readonly<Record<string, unknown>>): (args: unknown) => string | undefined {
  try {
    const validate = validators.getValidator(withoutPatterns(inputSchema) as Readonly<Record<string, unknown>>);
    return (args) => {
      const { valid, errorMessage } = validate(args);
      return valid ? undefined : errorMessage;
    };
  } catch {
    return () => undefined;
  }
}

/** A server's own regular expressions are not run here: one of them could keep this process busy for ever. */
const NOT_RUN: ReadonlySet<string> = new Set(['pattern', 'patternProperties', 'format', '$ref', '$dynamicRef', '$id']);

function withoutPatterns(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutPatterns);
  if (typeof schema !== 'object' || schema === null) return schema;
  const kept = Object.entries(schema).filter(([name, given]) => !(NOT_RUN.has(name) && typeof given !== 'object'));
  return Object.fromEntries(
    kept
      .filter(([name]) => name !== 'patternProperties')
      .map(([name, given]) => [name, name === 'enum' || name === 'const' ? given : withoutPatterns(given)]),
  );
}
