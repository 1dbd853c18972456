import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/sdk/types.js';
import { storableJson, storableText } from '../../../contracts/json.ts';
import type { ToolResult } from '../../../contracts/tools.ts';

/** About 25,000 tokens: more would crowd out everything else that an agent has to keep in mind. */
const MAX_TEXT = 100_000;
const MAX_DATA = 200_000;
const MAX_DEPTH = 100;

/** All that a tool answered, as text and data that can be stored; what cannot be read is named, not carried along. */
export function toToolResult(result: CallToolResult): ToolResult {
  const data = result.structuredContent && boundedData(result.structuredContent);
  const text = result.content.map(textOf).join('\n');
  return {
    text: bounded(text === '' && data ? JSON.stringify(data) : text),
    ...(data && { data }),
    isError: result.isError === true,
  };
}

function textOf(block: ContentBlock): string {
  if (block.type === 'text') return block.text;
  if (block.type === 'resource_link')
    return `[${block.name}: ${block.uri}]${block.description ? ` ${block.description}` : ''}`;
  if (block.type !== 'resource') return `[${block.type}, ${block.mimeType}, ${kilobytes(block.data)} kB, not shown]`;
  const { resource } = block;
  return 'text' in resource
    ? `[${resource.uri}]\n${resource.text}`
    : `[${resource.uri}, ${resource.mimeType ?? 'binary'}, ${kilobytes(resource.blob)} kB, not shown]`;
}

/** Of base64. */
const kilobytes = (base64: string): number => Math.ceil((base64.length * 3) / 4 / 1_000);

function bounded(text: string): string {
  const storable = storableText(text);
  if (storable.length <= MAX_TEXT) return storable;
  const notice = `\n[${storable.length - MAX_TEXT} more characters are left out]`;
  return storable.slice(0, MAX_TEXT).toWellFormed() + notice;
}

/** Half of the data would be a lie, so it is all or nothing; the text then says what there was. */
function boundedData(data: Record<string, unknown>): Record<string, unknown> | undefined {
  if (isDeeperThan(MAX_DEPTH, data) || JSON.stringify(data).length > MAX_DATA) return undefined;
  return storableJson(data) as Record<string, unknown>;
}

/** Whether untrusted JSON is nested deeper than that; deep enough, it would exhaust the stack of who walks it. */
export function isDeeperThan(maxDepth: number, value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) return true;
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  }
  return false;
}
