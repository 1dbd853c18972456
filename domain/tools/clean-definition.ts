import { isRecord } from '../../contracts/json.ts';
import type { ToolDefinition } from '../../contracts/tools.ts';
import { cleanText } from '../../contracts/clean-text.ts';
import type { OfferedTool } from './tool-host.ts';
import type { ModelTool } from '../models/model-port.ts';

const MAX_TITLE = 120;
const MAX_DESCRIPTION = 4_000;
/** Of one text inside of a schema. */
const MAX_SCHEMA_TEXT = 1_000;
const MAX_DEPTH = 16;
/** Values in a schema; the largest of the well-known servers have some hundreds. */
const MAX_VALUES = 3_000;
/** Names of properties that model APIs take; one of another form would spoil the whole request. */
const PROPERTY = /^[A-Za-z0-9_.-]{1,64}$/;
/** Keywords that model APIs refuse at the top of an input schema. */
const NOT_AT_TOP = new Set(['anyOf', 'oneOf', 'allOf', '$schema', '$id']);

/**
 * A definition as models and people get it: without what nobody sees, and bounded. Only for showing: it is the raw
 * definition that is pinned.
 */
export function cleanDefinition(definition: ToolDefinition): ToolDefinition {
  const { name, title, description, inputSchema, outputSchema, annotations } = definition;
  return {
    name,
    ...(title !== undefined && { title: cleanText(title, MAX_TITLE) }),
    description: cleanText(description, MAX_DESCRIPTION),
    inputSchema: cleanInputSchema(inputSchema),
    ...(outputSchema && { outputSchema: cleanSchema(outputSchema) }),
    annotations: {
      ...annotations,
      ...(annotations.title !== undefined && { title: cleanText(annotations.title, MAX_TITLE) }),
    },
  };
}

type Schema = Record<string, unknown>;

function cleanInputSchema(schema: Schema): Schema {
  const top = Object.entries(cleanSchema(schema)).filter(([keyword]) => !NOT_AT_TOP.has(keyword));
  return { ...Object.fromEntries(top), type: 'object' };
}

function cleanSchema(schema: Schema): Schema {
  const budget = { left: MAX_VALUES };
  const cleaned = clean(schema, 0, budget);
  // Half a schema would forbid what is allowed; none allows all, and the server still judges.
  return budget.left < 0 || !isRecord(cleaned) ? { type: 'object' } : cleaned;
}

function clean(value: unknown, depth: number, budget: { left: number }): unknown {
  budget.left--;
  if (budget.left < 0) return undefined;
  if (typeof value === 'string') return cleanText(value, MAX_SCHEMA_TEXT);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return Array.isArray(value) ? [] : {};
  if (Array.isArray(value)) return value.map((item) => clean(item, depth + 1, budget));
  return Object.fromEntries(
    Object.entries(value).map(([keyword, given]) => [
      cleanText(keyword, MAX_SCHEMA_TEXT),
      keyword === 'properties' && isRecord(given)
        ? cleanProperties(given, depth + 1, budget)
        : keyword === 'required' && Array.isArray(given)
          ? given.filter((name) => typeof name === 'string' && PROPERTY.test(name))
          : clean(given, depth + 1, budget),
    ]),
  );
}

const cleanProperties = (properties: Schema, depth: number, budget: { left: number }): Schema =>
  Object.fromEntries(
    Object.entries(properties)
      .filter(([name]) => PROPERTY.test(name))
      .map(([name, schema]) => [name, clean(schema, depth + 1, budget)]),
  );

const MAX_NOTE = 2_000;

/**
 * A tool as the model is given it. Servers may define what the model's API refuses, and one such tool would have every
 * request refused. Rules over all arguments are said in the description instead: the API takes none at the top.
 */
export function toModelTool({ name, definition }: OfferedTool): ModelTool {
  const { anyOf, oneOf, allOf, ...schema } = definition.inputSchema;
  const properties = Object.entries(isRecord(schema['properties']) ? schema['properties'] : {});
  const fit = properties.filter(([property]) => PROPERTY.test(property));
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const notes = Object.entries({ anyOf, oneOf, allOf }).filter(([, rule]) => rule !== undefined);
  const description = definition.description || definition.title || name;
  return {
    name,
    description: [description, ...notes.map(([rule, given]) => noteOf(rule, given))].join('\n'),
    inputSchema: {
      ...schema,
      type: 'object',
      ...(fit.length < properties.length && {
        properties: Object.fromEntries(fit),
        required: required.filter((one) => typeof one === 'string' && PROPERTY.test(one)),
      }),
    },
  };
}

const noteOf = (rule: string, given: unknown): string =>
  `The arguments also have to follow ${rule}: ${JSON.stringify(given).slice(0, MAX_NOTE)}`;
