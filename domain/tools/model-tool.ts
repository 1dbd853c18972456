import type { OfferedTool } from './tool-host.ts';
import type { ModelTool } from '../models/model-port.ts';

/** What the Messages API lets a property be called; one that is called otherwise has the whole request refused. */
const PROPERTY = /^[a-zA-Z0-9_.-]{1,64}$/;
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

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
