import { createHash, randomUUID } from 'node:crypto';
import type { WantedCall, Words } from './types.ts';
import { countTokens, cutToTokens } from './usage.ts';

/** What proves that a thought is the model's own: a thought that was changed on the way does not fit it any more. */
export const signatureOf = (thinking: string): string =>
  createHash('sha256').update(`the fake has thought: ${thinking}`).digest('base64');

/** A part of an answer. A call's arguments are JSON as the model writes it; when they are cut off, only their beginning. */
export type AnswerBlock =
  | { readonly type: 'thinking'; readonly thinking: string }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly json: string };

export type StreamEvent = { readonly type: string; readonly [field: string]: unknown };

/** What a model says, in the provider's order: thoughts, words, calls. */
export function toBlocks(reply: Words): AnswerBlock[] {
  const thought = reply.thinking === undefined ? [] : [{ type: 'thinking' as const, thinking: reply.thinking }];
  if (!('calls' in reply))
    return [...thought, { type: 'text', text: 'json' in reply ? JSON.stringify(reply.json) : reply.text }];
  const words = reply.text !== undefined ? [{ type: 'text' as const, text: reply.text }] : [];
  return [...thought, ...words, ...reply.calls.map(toCall)];
}

const toCall = ({ id, name, input }: WantedCall): AnswerBlock => ({
  type: 'tool_use',
  id: id ?? `toolu_${randomUUID().replaceAll('-', '').slice(0, 24)}`,
  name,
  json: JSON.stringify(input),
});

/** What is billed of a block: all that the model has written. */
const writtenIn = (block: AnswerBlock): string => {
  if (block.type === 'thinking') return block.thinking;
  return block.type === 'text' ? block.text : `${block.name}${block.json}`;
};

/** The blocks that fit into `maxTokens`, the last one cut where they do not, and what they come to. */
export function cutBlocks(blocks: readonly AnswerBlock[], maxTokens: number) {
  const kept: AnswerBlock[] = [];
  let tokens = 0;
  for (const block of blocks) {
    const { text, cut } = cutToTokens(writtenIn(block), maxTokens - tokens);
    tokens += countTokens(text);
    if (!cut) kept.push(block);
    else {
      if (text !== '') kept.push(begunAs(block, text));
      return { blocks: kept, tokens: Math.max(1, tokens), cut };
    }
  }
  return { blocks: kept, tokens: Math.max(1, tokens), cut: false };
}

function begunAs(block: AnswerBlock, written: string): AnswerBlock {
  if (block.type === 'thinking') return { ...block, thinking: written };
  return block.type === 'text' ? { ...block, text: written } : { ...block, json: written.slice(block.name.length) };
}

/** The block as a whole answer has it. Of arguments that were cut off it has none. */
export function blockOnWire(block: AnswerBlock): Record<string, unknown> {
  if (block.type === 'thinking') return { ...block, signature: signatureOf(block.thinking) };
  if (block.type === 'text') return { ...block, citations: null };
  const { json, ...call } = block;
  return { ...call, input: inputOf(json), caller: { type: 'direct' } };
}

function inputOf(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return {};
  }
}

const PIECE = 24;

function piecesOf(text: string): string[] {
  const letters = Array.from(text);
  return Array.from({ length: Math.ceil(letters.length / PIECE) }, (_, index) =>
    letters.slice(index * PIECE, (index + 1) * PIECE).join(''),
  );
}

/** The events of one block of a stream; arguments come as pieces of JSON that only make sense together. */
export function blockEvents(block: AnswerBlock, index: number): StreamEvent[] {
  const deltas = (): Record<string, unknown>[] => {
    if (block.type === 'text') return piecesOf(block.text).map((text) => ({ type: 'text_delta', text }));
    if (block.type === 'tool_use')
      return ['', ...piecesOf(block.json)].map((piece) => ({ type: 'input_json_delta', partial_json: piece }));
    const thoughts = piecesOf(block.thinking).map((thinking) => ({ type: 'thinking_delta', thinking }));
    return [...thoughts, { type: 'signature_delta', signature: signatureOf(block.thinking) }];
  };
  const begun: Record<string, unknown> = {
    ...blockOnWire(block),
    ...(block.type === 'text' && { text: '' }),
    ...(block.type === 'tool_use' && { input: {} }),
    ...(block.type === 'thinking' && { thinking: '', signature: '' }),
  };
  return [
    { type: 'content_block_start', index, content_block: begun },
    ...(index === 0 ? [{ type: 'ping' }] : []),
    ...deltas().map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ];
}
