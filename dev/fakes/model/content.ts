import { isRecord } from '../http-server.ts';
import { invalid } from './errors.ts';

/** A piece of the prompt in the order the provider renders it; `ttl` marks a cache breakpoint behind it. */
export interface PromptPart {
  readonly text: string;
  readonly ttl?: '5m' | '1h';
}

/** How long what ends with this block is cached; undefined when it is no breakpoint. */
export function ttlOf(block: Record<string, unknown>, where: string): '5m' | '1h' | undefined {
  const control = block['cache_control'];
  if (control === undefined || control === null) return undefined;
  if (!isRecord(control) || control['type'] !== 'ephemeral')
    throw invalid(`${where}.cache_control.type: Input should be 'ephemeral'`);
  const ttl = control['ttl'] ?? '5m';
  if (ttl !== '5m' && ttl !== '1h') throw invalid(`${where}.cache_control.ttl: Input should be '5m' or '1h'`);
  return ttl;
}

/** The parts of a `content` or `system` value; blocks that are not text are counted by their JSON. */
export function toParts(content: unknown, where: string): PromptPart[] {
  if (typeof content === 'string') return [{ text: content }];
  if (!Array.isArray(content)) throw invalid(`${where}: Input should be a valid string or list`);
  return content.map((block: unknown, index) => {
    const at = `${where}.${index}`;
    if (!isRecord(block) || typeof block['type'] !== 'string') throw invalid(`${at}.type: Field required`);
    const ttl = ttlOf(block, at);
    // A mark is no part of the prompt.
    const { cache_control: _, ...rest } = block;
    if (block['type'] !== 'text') return { text: JSON.stringify(rest), ttl };
    const text = block['text'];
    if (typeof text !== 'string') throw invalid(`${at}.text: Field required`);
    if (text === '') throw invalid(`${where.split('.')[0]}: text content blocks must be non-empty`);
    if (text.trim() === '')
      throw invalid(`${where.split('.')[0]}: text content blocks must contain non-whitespace text`);
    return { text, ttl };
  });
}

/** Text blocks joined, other blocks left out. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .filter((block): block is { text: string } => isRecord(block) && typeof block['text'] === 'string')
    .map((block) => block.text)
    .join('\n');
}
