import type { AgentDefinition, Tier } from '../../contracts/agents.ts';
import type { Message } from '../../db/queries/sessions.ts';
import type { ToolCall } from '../../db/queries/tool-calls.ts';
import type { ModelTurn } from '../../db/queries/turns.ts';
import type { ModelBlock } from '../../db/tables/work.ts';
import type { ToolImage } from '../../contracts/tools.ts';
import { endOf, type ModelMessage } from '../models/model-port.ts';
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
  const firstUser = history.findIndex((message) => message.role === 'user');
  const spoken = firstUser < 0 ? [] : history.slice(firstUser);
  const turns: { role: 'user' | 'assistant'; content: string }[] = [];
  for (const { role, content } of [...spoken, { role: 'user' as const, content: request }]) {
    const last = turns.at(-1);
    if (last?.role === role) last.content += `\n\n${content}`;
    else turns.push({ role, content });
  }
  return turns;
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
  const resultsOf = (key: string) => results.filter(({ call }) => call.turn_key === key).map(toResultBlock);
  return keys.flatMap((key, index): ModelMessage[] => {
    const turn = turns.get(key);
    const ofRound = resultsOf(key);
    if (!turn) return [];
    if (ofRound.length > 0)
      return [
        { role: 'assistant', content: turn.blocks ?? turn.content },
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

/** Characters of a prompt that answers of tools may use; of the oldest answers only the beginning stays. */
const MAX_RESULT_CHARS = 300_000;
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
  let room = MAX_RESULT_CHARS;
  let imageRoom = MAX_IMAGE_CHARS;
  let imagesLeft = MAX_IMAGES;
  return calls
    .toReversed()
    .map((call) => {
      const { text, isError } = toModelAnswer(call);
      room -= text.length;
      const fits = room >= 0 || text.length <= BEGINNING_CHARS;
      const short = `${text.slice(0, BEGINNING_CHARS).toWellFormed()}\n(The rest of this earlier answer is left out.)`;
      const images = (call.images ?? []).filter(({ data }) => imagesLeft-- > 0 && (imageRoom -= data.length) >= 0);
      return { call, isError, images, text: fits ? text : short };
    })
    .toReversed();
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
