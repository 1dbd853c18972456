import type { AgentDefinition, Tier } from '../../contracts/agents.ts';
import type { Message } from '../../db/queries/sessions.ts';
import type { ToolCall } from '../../db/queries/tool-calls.ts';
import type { ModelTurn } from '../../db/queries/turns.ts';
import type { ModelBlock } from '../../db/tables/work.ts';
import type { ToolImage } from '../../contracts/tools.ts';
import { endOf, type ModelMessage } from '../models/model-port.ts';
import { cutToBytes } from '../planning/graph.ts';
import { toModelAnswer } from '../tools/results.ts';

/** Output tokens that a tier may use, thinking included. */
export const MAX_TOKENS: Readonly<Record<Tier, number>> = { fast: 2_048, balanced: 4_096, deep: 6_144 };

/** What an answer of usual length costs in output tokens; for estimates. */
export const USUAL_OUTPUT_TOKENS: Readonly<Record<Tier, number>> = { fast: 400, balanced: 800, deep: 1_200 };

/** An agent's system prompt with what every agent is told. */
export const agentPrompt = (agent: AgentDefinition, today: string, timeZone: string): string =>
  `${agent.prompt.trim()}\n\nToday is ${today} (${timeZone}).`;

/** The conversation so far and the request, as the model wants it: first a person, roles in turn. */
export function toConversation(
  history: readonly Pick<Message, 'role' | 'content'>[],
  request: string,
): { role: 'user' | 'assistant'; content: string }[] {
  const known = boundHistory(history);
  const firstUser = known.findIndex((message) => message.role === 'user');
  const spoken = firstUser < 0 ? [] : known.slice(firstUser);
  const turns: { role: 'user' | 'assistant'; content: string }[] = [];
  for (const { role, content } of [...spoken, { role: 'user' as const, content: request }]) {
    const last = turns.at(-1);
    if (last?.role === role) last.content += `\n\n${content}`;
    else turns.push({ role, content });
  }
  return turns;
}

/**
 * What of the conversation before fits a prompt, in UTF-8: a model reads 200,000 tokens, and Korean takes a token for
 * three bytes or so. With the request (40,000 characters), answers of colleagues and of tools there is room for this much.
 */
const MAX_HISTORY_BYTES = 80_000;
/** The longest message is cut to so much, so that others stay beside it. */
const MAX_MESSAGE_BYTES = 24_000;
/** A rest that is shorter is not worth its place. */
const MIN_MESSAGE_BYTES = 500;

type Said = Pick<Message, 'role' | 'content'>;

/** The newest messages that fit, the long ones cut with a mark; blank ones, which no provider takes, are left out. Pure. */
export function boundHistory(history: readonly Said[]): Said[] {
  let room = MAX_HISTORY_BYTES;
  const kept: Said[] = [];
  for (const { role, content } of history.filter(({ content }) => content.trim() !== '').toReversed()) {
    if (room < MIN_MESSAGE_BYTES) break;
    const cut = cutToBytes(content, Math.min(room, MAX_MESSAGE_BYTES));
    room -= Buffer.byteLength(cut);
    kept.unshift({ role, content: cut });
  }
  return kept;
}

/** Every part is bounded, so that no answer, however odd, costs more than one look. */
const CONFIDENCE_LINE = /\*{0,2}confidence:?\*{0,2}:?\s{0,4}(\d(?:\.\d+)?)\s?\.?\*{0,2}$/i;
/** What an agent that did not say how sure it is counts with. */
const DEFAULT_CONFIDENCE = 0.7;

const between01 = (value: number) => Math.min(1, Math.max(0, value));

/** Splits the agents' closing line, which says how sure they are, off the answer. */
export function splitConfidence(text: string): { content: string; confidence: number } {
  const found = CONFIDENCE_LINE.exec(text.trimEnd());
  if (!found) return { content: text.trim(), confidence: DEFAULT_CONFIDENCE };
  return { content: text.slice(0, found.index).trim(), confidence: between01(Number(found[1])) };
}

/** A turn as the rounds after it need it. */
export type EarlierTurn = Pick<ModelTurn, 'blocks' | 'content' | 'stop_reason'>;

/**
 * What the rounds before have said and got, as the model wants it: its own blocks, then the results of all its calls; or
 * what it was in the middle of saying. Pure.
 */
export function toRoundMessages(
  keys: readonly string[],
  turns: ReadonlyMap<string, EarlierTurn>,
  calls: readonly ToolCall[],
): ModelMessage[] {
  const results = bounded(keys.flatMap((key) => calls.filter((call) => call.turn_key === key)));
  const said = boundSaid(keys, turns);
  const resultsOf = (key: string) => results.filter(({ call }) => call.turn_key === key).map(toResultBlock);
  return keys.flatMap((key, index): ModelMessage[] => {
    const turn = turns.get(key);
    const ofRound = resultsOf(key);
    if (!turn) return [];
    if (ofRound.length > 0)
      return [
        { role: 'assistant', content: said.get(key) ?? turn.content },
        { role: 'user', content: ofRound },
      ];
    const next = keys[index + 1];
    // What goes on holds what it goes on from.
    return next !== undefined && resultsOf(next).length === 0 ? [] : toUnfinished(turn);
  });
}

const CUT_OFF =
  'Your answer reached the limit of its length and was cut off there. Go on exactly where it ended, and repeat nothing. ' +
  'A call that you were about to make was not made: make it again if it is still needed, with shorter arguments.';
const GO_ON = 'Go on.';

/** An answer without its end, and the request for the rest of it. */
function toUnfinished({ blocks, content, stop_reason: reason }: EarlierTurn): ModelMessage[] {
  const isPaused = endOf(reason) === 'paused';
  // What the provider itself was at is handed back as it came, and nothing is said after it.
  if (isPaused && blocks?.some(({ type }) => type !== 'text')) return [{ role: 'assistant', content: blocks }];
  const said: ModelMessage[] = content.trim() === '' ? [] : [{ role: 'assistant', content: content.trimEnd() }];
  return [...said, { role: 'user', content: isPaused ? GO_ON : CUT_OFF }];
}

/** Messages in which the roles take turns: what the same side says twice in a row becomes one. Pure. */
export function inTurns(messages: readonly ModelMessage[]): ModelMessage[] {
  const turns: ModelMessage[] = [];
  for (const message of messages) {
    const last = turns.at(-1);
    if (last?.role === message.role) turns[turns.length - 1] = { role: last.role, content: joined(last, message) };
    else turns.push(message);
  }
  return turns;
}

const joined = ({ content: one }: ModelMessage, { content: other }: ModelMessage): ModelMessage['content'] =>
  typeof one === 'string' && typeof other === 'string' ? `${one}\n\n${other}` : [...toBlocks(one), ...toBlocks(other)];

const toBlocks = (content: ModelMessage['content']): readonly ModelBlock[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content;

/** Bytes of a prompt that answers of tools may use; of the oldest answers only the beginning stays. */
const MAX_RESULT_BYTES = 160_000;
/** What the model itself has said and called in earlier rounds; of the oldest only the beginning stays as well. */
const MAX_SAID_BYTES = 120_000;
const BEGINNING_CHARS = 400;

/** Pictures of a request: the newest, as far as the API takes them beside everything else (32 MB in all). */
const MAX_IMAGES = 20;
const MAX_IMAGE_CHARS = 16_000_000;

interface CallResult {
  readonly call: ToolCall;
  readonly images: readonly ToolImage[];
  readonly text: string;
  readonly isError: boolean;
}

function bounded(calls: readonly ToolCall[]): CallResult[] {
  let room = MAX_RESULT_BYTES;
  let imageRoom = MAX_IMAGE_CHARS;
  let imagesLeft = MAX_IMAGES;
  return calls
    .toReversed()
    .map((call) => {
      const { text, isError } = toModelAnswer(call);
      room -= Buffer.byteLength(text);
      const fits = room >= 0 || text.length <= BEGINNING_CHARS;
      const short = `${text.slice(0, BEGINNING_CHARS).toWellFormed()}\n(The rest of this earlier answer is left out.)`;
      const images = (call.images ?? []).filter(({ data }) => imagesLeft-- > 0 && (imageRoom -= data.length) >= 0);
      return { call, isError, images, text: fits ? text : short };
    })
    .toReversed();
}

/** The blocks of earlier rounds, whole for the newest that fit. Thoughts of older ones may be left out, calls may not. */
function boundSaid(
  keys: readonly string[],
  turns: ReadonlyMap<string, EarlierTurn>,
): ReadonlyMap<string, readonly ModelBlock[]> {
  let room = MAX_SAID_BYTES;
  const said = keys.toReversed().flatMap((key): [string, readonly ModelBlock[]][] => {
    const blocks = turns.get(key)?.blocks;
    if (!blocks) return [];
    room -= Buffer.byteLength(JSON.stringify(blocks));
    return [
      [key, room >= 0 ? blocks : blocks.filter(({ type }) => type === 'text' || type === 'tool_use').map(shorter)],
    ];
  });
  return new Map(said);
}

const shorter = (block: ModelBlock): ModelBlock => ({ ...block, ...(shortTexts(block, BEGINNING_CHARS) as object) });

function shortTexts(value: unknown, chars: number): unknown {
  if (typeof value === 'string') return value.length <= chars ? value : `${value.slice(0, chars).toWellFormed()}[…]`;
  if (Array.isArray(value)) return value.slice(0, 20).map((one) => shortTexts(one, chars));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shortTexts(one, chars)]));
}

const toImageBlock = ({ mediaType, data }: ToolImage): ModelBlock => ({
  type: 'image',
  source: { type: 'base64', media_type: mediaType, data },
});

function toResultBlock({ call, text, images, isError }: CallResult): ModelBlock {
  return {
    type: 'tool_result',
    tool_use_id: call.tool_use_id,
    content: [{ type: 'text', text }, ...images.map(toImageBlock)],
    ...(isError && { is_error: true }),
  };
}
