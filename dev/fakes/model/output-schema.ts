import { isRecord } from '../http-server.ts';
import { invalid } from './errors.ts';
import type { JsonSchema } from './types.ts';

const PATH = 'output_config.format.schema';
const UNSUPPORTED: Readonly<Record<string, readonly string[]>> = {
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  integer: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  string: ['minLength', 'maxLength'],
  array: ['maxItems', 'uniqueItems'],
};

/** Refuses what structured outputs do not support, with the provider's reasons. */
export function checkOutputSchema(config: unknown): void {
  if (config === undefined || config === null) return;
  if (!isRecord(config)) throw invalid('output_config: Input should be a valid dictionary');
  const format = config['format'];
  if (format === undefined || format === null) return;
  if (!isRecord(format) || format['type'] !== 'json_schema')
    throw invalid("output_config.format.type: Input should be 'json_schema'");
  for (const name of Object.keys(format))
    if (name !== 'type' && name !== 'schema')
      throw invalid(`output_config.format.${name}: Extra inputs are not permitted`);
  if (!isRecord(format['schema'])) throw invalid(`${PATH}: Field required`);
  checkNode(format['schema']);
}

function checkNode(node: JsonSchema): void {
  const type = String(node['type']);
  if (type === 'object' && node['additionalProperties'] !== false)
    throw invalid(`${PATH}: For 'object' type, 'additionalProperties' must be explicitly set to false`);
  const refused = (UNSUPPORTED[type] ?? []).filter((keyword) => keyword in node);
  if (refused.length > 0)
    throw invalid(`${PATH}: For '${type}' type, properties ${refused.join(', ')} are not supported`);
  const minItems = node['minItems'];
  if (typeof minItems === 'number' && minItems > 1)
    throw invalid(`${PATH}: For 'array' type, 'minItems' values other than 0 or 1 are not supported`);
  childrenOf(node).forEach(checkNode);
}

function childrenOf(node: JsonSchema): JsonSchema[] {
  const maps = ['properties', '$defs', 'definitions'].map((key) => node[key]).filter(isRecord);
  const lists = ['anyOf', 'allOf', 'oneOf'].map((key) => node[key]).filter((list) => Array.isArray(list));
  return [node['items'], ...maps.flatMap((map) => Object.values(map)), ...lists.flat()].filter(isRecord);
}

/** The schema of `output_config.format`, if there is one. */
export function schemaOf(body: Record<string, unknown>): JsonSchema | undefined {
  const config = body['output_config'];
  const format = isRecord(config) ? config['format'] : undefined;
  return isRecord(format) && isRecord(format['schema']) ? format['schema'] : undefined;
}
