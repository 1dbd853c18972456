import { isRecord, storableJson, storableText } from '../../../contracts/json.ts';
import type { ToolResult } from '../../../contracts/tools.ts';

/** What a tool answered, as it came. */
export type RawResult = Readonly<Record<string, unknown>>;

/** About 25,000 tokens: more would crowd out everything else that an agent has to keep in mind. */
const MAX_TEXT = 100_000;
const MAX_DATA = 200_000;
const MAX_DEPTH = 100;

/**
 * All that a tool answered, as text and data that can be stored, however it is written: an answer in an odd form is the
 * answer of what was done. What cannot be read is named, not carried along.
 */
export function toToolResult(result: RawResult): ToolResult {
  const { content, structuredContent, isError, _meta: _, ...more } = result;
  const blocks = Array.isArray(content) ? content : isPresent(content) ? [content] : [];
  const data = isPresent(structuredContent) ? boundedData(structuredContent) : undefined;
  const text = blocks.map(textOf).join('\n');
  const other = isPresent(structuredContent) ? structuredContent : Object.keys(more).length > 0 ? more : undefined;
  return {
    text: bounded(text === '' && other !== undefined ? safeJson(other) : text),
    ...(data && { data }),
    isError: isError === true || isError === 'true',
  };
}

const isPresent = (given: unknown): boolean => given !== undefined && given !== null;

function textOf(block: unknown): string {
  if (!isRecord(block)) return typeof block === 'string' ? block : isPresent(block) ? safeJson(block) : '';
  const { type, text, name, uri, description, resource, mimeType, data } = block;
  if (typeof text === 'string') return text;
  if (type === 'text') return isPresent(text) ? safeJson(text) : '';
  if (type === 'resource_link')
    return `[${word(name)}: ${word(uri)}]${typeof description === 'string' ? ` ${description}` : ''}`;
  if (type !== 'resource' || !isRecord(resource))
    return `[${word(type)}${mimeType ? `, ${word(mimeType)}` : ''}${typeof data === 'string' ? `, ${kilobytes(data)} kB` : ''}, not shown]`;
  if (typeof resource['text'] === 'string') return `[${word(resource['uri'])}]\n${resource['text']}`;
  const { blob } = resource;
  return `[${word(resource['uri'])}, ${word(resource['mimeType'] ?? 'binary')}${typeof blob === 'string' ? `, ${kilobytes(blob)} kB` : ''}, not shown]`;
}

const word = (given: unknown): string => (typeof given === 'string' ? given : 'unknown');

/** Of what was nested without end only that it was there. */
const safeJson = (value: unknown): string =>
  isDeeperThan(MAX_DEPTH, value) ? '[data nested too deep to be shown]' : JSON.stringify(value);

/** Of base64. */
const kilobytes = (base64: string): number => Math.ceil((base64.length * 3) / 4 / 1_000);

function bounded(text: string): string {
  const storable = storableText(text);
  if (storable.length <= MAX_TEXT) return storable;
  const notice = `\n[${storable.length - MAX_TEXT} more characters are left out]`;
  return storable.slice(0, MAX_TEXT).toWellFormed() + notice;
}

/** Half of the data would be a lie, so it is all or nothing; the text then says what there was. */
function boundedData(given: unknown): Record<string, unknown> | undefined {
  if (isDeeperThan(MAX_DEPTH, given) || JSON.stringify(given).length > MAX_DATA) return undefined;
  // Data has names here; a list of things has none of its own.
  return storableJson(isRecord(given) ? given : { items: given }) as Record<string, unknown>;
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
