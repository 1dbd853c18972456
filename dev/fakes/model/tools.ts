import { Ajv2020 } from 'ajv/dist/2020.js';
import { isRecord } from '../http-server.ts';
import { ttlOf, type PromptPart } from './content.ts';
import { invalid } from './errors.ts';
import type { ModelTool } from './types.ts';

/** What the provider lets a tool be called. */
export const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const PROPERTY = /^[a-zA-Z0-9_.-]{1,64}$/;
const FIELDS = new Set([
  'name',
  'description',
  'input_schema',
  'cache_control',
  'type',
  'strict',
  'input_examples',
  'defer_loading',
  'eager_input_streaming',
  'allowed_callers',
]);
const CHOICES = ['auto', 'any', 'tool', 'none'];

/** Checks `tools` and `tool_choice` as the provider does; each tool is a part of the prompt. */
export function checkTools(body: Record<string, unknown>): PromptPart[] {
  const tools = body['tools'];
  const known = new Set<string>();
  const parts: PromptPart[] = [];
  if (tools !== undefined) {
    if (!Array.isArray(tools)) throw invalid('tools: Input should be a valid list');
    for (const [index, tool] of tools.entries()) parts.push(checkTool(tool, `tools.${index}`, known));
  }
  checkChoice(body['tool_choice'], known, body['thinking']);
  return parts;
}

function checkTool(tool: unknown, at: string, known: Set<string>): PromptPart {
  if (!isRecord(tool)) throw invalid(`${at}: Input should be a valid dictionary`);
  const { name, description, input_schema: schema, type = 'custom', cache_control: _, ...rest } = tool;
  if (type !== 'custom') throw invalid(`${at}.type: The fake has no tools of the provider's own, only 'custom' ones`);
  for (const field of Object.keys(rest))
    if (!FIELDS.has(field)) throw invalid(`${at}.custom.${field}: Extra inputs are not permitted`);
  if (name === undefined) throw invalid(`${at}.custom.name: Field required`);
  if (typeof name !== 'string' || !TOOL_NAME.test(name))
    throw invalid(`${at}.custom.name: String should match pattern '${TOOL_NAME.source}'`);
  if (known.has(name)) throw invalid('tools: Tool names must be unique.');
  known.add(name);
  if (description !== undefined && typeof description !== 'string')
    throw invalid(`${at}.custom.description: Input should be a valid string`);
  if (schema === undefined) throw invalid(`${at}.custom.input_schema: Field required`);
  if (!isRecord(schema)) throw invalid(`${at}.custom.input_schema: Input should be a valid dictionary`);
  if (schema['type'] === undefined) throw invalid(`${at}.custom.input_schema.type: Field required`);
  if (schema['type'] !== 'object') throw invalid(`${at}.custom.input_schema.type: Input should be 'object'`);
  if (hasOddProperty(schema))
    throw invalid(`${at}.custom.input_schema.properties: Property keys should match pattern '${PROPERTY.source}'`);
  for (const union of ['oneOf', 'anyOf', 'allOf'])
    if (union in schema)
      throw invalid(`${at}.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level`);
  if (!isJsonSchema(schema))
    throw invalid(
      `${at}.custom.input_schema: JSON schema is invalid. It must match JSON Schema draft 2020-12 (https://json-schema.org/draft/2020-12). Learn more about tool use at https://docs.claude.com/en/docs/tool-use.`,
    );
  return { text: JSON.stringify({ name, description, input_schema: schema }), ttl: ttlOf(tool, at) };
}

const dialect = new Ajv2020({ strict: false, logger: false });
dialect.addFormat('regex', (source) => isPattern(source));
const isDialect = dialect.getSchema('https://json-schema.org/draft/2020-12/schema');
/** Schemas that were found good: the same ones come with every request. */
const good = new Set<string>();
const MAX_REMEMBERED = 5_000;

/** By the dialect's own schema, and as strict as the provider is beyond it: patterns of names are refused by it. */
function isJsonSchema(schema: Record<string, unknown>): boolean {
  const text = JSON.stringify(schema);
  if (good.has(text)) return true;
  if (text.includes('"patternProperties"') || isDialect?.(schema) !== true) return false;
  if (good.size < MAX_REMEMBERED) good.add(text);
  return true;
}

function isPattern(source: string): boolean {
  try {
    return new RegExp(source, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

/** At any depth: which depths the provider looks at is not documented. */
function hasOddProperty(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.some(hasOddProperty);
  if (!isRecord(schema)) return false;
  const { properties } = schema;
  const names = isRecord(properties) ? Object.keys(properties) : [];
  return names.some((name) => !PROPERTY.test(name)) || Object.values(schema).some(hasOddProperty);
}

function checkChoice(choice: unknown, known: ReadonlySet<string>, thinking: unknown): void {
  if (choice === undefined || choice === null) return;
  if (!isRecord(choice)) throw invalid('tool_choice: Input should be a valid dictionary');
  const type = choice['type'];
  if (typeof type !== 'string' || !CHOICES.includes(type))
    throw invalid("tool_choice.type: Input should be 'auto', 'any', 'tool' or 'none'");
  if (known.size === 0 && type !== 'none')
    throw invalid('tool_choice: tool_choice may only be specified while providing tools.');
  if (type === 'tool') {
    if (typeof choice['name'] !== 'string') throw invalid('tool_choice.tool.name: Field required');
    if (!known.has(choice['name'])) throw invalid(`tool_choice: Tool '${choice['name']}' not found in provided tools`);
  }
  const thinks = isRecord(thinking) && thinking['type'] !== 'disabled';
  if (thinks && (type === 'tool' || type === 'any'))
    throw invalid('Thinking may not be enabled when tool_choice forces tool use.');
}

/** The tools of a body that has been checked. */
export const toolsOf = (body: Record<string, unknown>): ModelTool[] =>
  (Array.isArray(body['tools']) ? body['tools'] : []).filter(isRecord).map((tool) => ({
    name: String(tool['name']),
    description: typeof tool['description'] === 'string' ? tool['description'] : '',
    inputSchema: isRecord(tool['input_schema']) ? tool['input_schema'] : {},
  }));
