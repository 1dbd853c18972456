import { APIError } from '@anthropic-ai/sdk';
import { parseExactly, isRecord } from '../../contracts/json.ts';
import { Stream } from '@anthropic-ai/sdk/core/streaming';

/** The part of a message that we use; servers that only speak like the Messages API may leave out the rest. */
export interface WireMessage {
  readonly content: readonly WireBlock[];
  readonly stop_reason: string | null;
  readonly usage?: WireUsage | null;
}

/** A block of an answer; those that are not text are sent back as they came. */
export interface WireBlock {
  readonly type: string;
  readonly text?: string;
  readonly id?: string;
  readonly name?: string;
  readonly input?: unknown;
}

export interface WireUsage {
  readonly input_tokens?: number | null;
  readonly output_tokens?: number | null;
  readonly cache_creation_input_tokens?: number | null;
  readonly cache_read_input_tokens?: number | null;
  readonly cache_creation?: {
    readonly ephemeral_5m_input_tokens?: number | null;
    readonly ephemeral_1h_input_tokens?: number | null;
  } | null;
}

/** How far an answer has come, also when it ends in an error. */
export interface Progress {
  /** Content has begun to arrive. */
  begun: boolean;
  /** Called for every frame, pings included. */
  readonly onFrame: () => void;
}

/** A stream that ended before its message. */
class BrokenStreamError extends Error {
  override readonly name = 'BrokenStreamError';
}

/**
 * The message of a response: streamed, or whole from a server that does not stream.
 * @throws APIError for an error that came with 200, as one of its frames or as the body.
 */
export async function readAnswer(response: Response, progress: Progress): Promise<unknown> {
  if (/event-stream/.test(response.headers.get('content-type') ?? '')) return fromStream(response, progress);
  const body = parseExactly(await response.text());
  if (isError(body)) throw new APIError(undefined, body as object, undefined, response.headers);
  return body;
}

interface Frame {
  readonly type?: string;
  readonly index?: number;
  readonly message?: Partial<WireMessage>;
  readonly content_block?: WireBlock;
  readonly delta?: {
    readonly type?: string;
    readonly text?: string;
    readonly partial_json?: string;
    readonly thinking?: string;
    readonly signature?: string;
    readonly stop_reason?: string | null;
  };
  readonly usage?: WireUsage;
}

async function fromStream(response: Response, progress: Progress): Promise<WireMessage> {
  const draft: Draft = { blocks: new Map(), usage: {}, stopReason: null };
  for await (const { event, data } of Stream.rawEvents(response)) {
    progress.onFrame();
    if (data === '' || data === '[DONE]') continue;
    const frame = JSON.parse(data) as Frame;
    if (event === 'error' || isError(frame)) throw new APIError(undefined, frame, undefined, response.headers);
    if (frame.type?.startsWith('content_block')) progress.begun = true;
    applyFrame(draft, frame);
  }
  if (draft.stopReason === null) throw new BrokenStreamError('The stream ended before the message did.');
  const blocks = [...draft.blocks].sort(([a], [b]) => a - b).map(([, block]) => toBlock(block));
  return { content: blocks, stop_reason: draft.stopReason, usage: draft.usage };
}

interface DraftBlock extends WireBlock {
  text?: string;
  thinking?: string;
  signature?: string;
  /** A call's arguments come in pieces of JSON. */
  json?: string;
}

interface Draft {
  readonly blocks: Map<number, DraftBlock>;
  usage: WireUsage;
  stopReason: string | null;
}

function applyFrame(draft: Draft, { type, index = 0, message, content_block, delta, usage }: Frame): void {
  if (type === 'message_start') draft.usage = larger(draft.usage, message?.usage);
  else if (type === 'content_block_start' && content_block) draft.blocks.set(index, { ...content_block });
  else if (type === 'content_block_delta' && delta) {
    const block: DraftBlock = draft.blocks.get(index) ?? { type: 'text' };
    if (delta.text !== undefined) block.text = `${block.text ?? ''}${delta.text}`;
    if (delta.partial_json !== undefined) block.json = `${block.json ?? ''}${delta.partial_json}`;
    if (delta.thinking !== undefined) block.thinking = `${block.thinking ?? ''}${delta.thinking}`;
    if (delta.signature !== undefined) block.signature = `${block.signature ?? ''}${delta.signature}`;
    draft.blocks.set(index, block);
  } else if (type === 'message_delta') {
    draft.stopReason = delta?.stop_reason ?? draft.stopReason;
    draft.usage = larger(draft.usage, usage);
  }
}

/** The block as a server that does not stream would have sent it; arguments that were cut off are none. */
function toBlock({ json, ...block }: DraftBlock): WireBlock {
  if (json === undefined || json === '') return block;
  try {
    // An id of 64 bits stays what the model has written.
    return { ...block, input: parseExactly(json) };
  } catch {
    return { ...block, input: undefined };
  }
}

/**
 * The larger of what a stream says at its beginning and at its end, for each kind of tokens: some leave out at the end
 * what they have said before, or say 0.
 */
function larger(before: WireUsage, now: WireUsage | null | undefined): WireUsage {
  if (!isRecord(now)) return before;
  const kinds = new Set([...Object.keys(before), ...Object.keys(now)]);
  const known = new Map<string, unknown>(Object.entries(before));
  const given = new Map<string, unknown>(Object.entries(now));
  return Object.fromEntries([...kinds].map((kind) => [kind, largerOf(known.get(kind), given.get(kind))]));
}

function largerOf(one: unknown, other: unknown): unknown {
  if (isRecord(one) || isRecord(other)) return larger(isRecord(one) ? one : {}, isRecord(other) ? other : {});
  if (typeof one !== 'number') return other ?? one;
  return typeof other === 'number' && other > one ? other : one;
}

const isError = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && 'type' in body && body.type === 'error' && 'error' in body;
