import type { ToolCall } from '../../db/queries/tool-calls.ts';
import type { ModelTurn } from '../../db/queries/turns.ts';
import type { ModelBlock } from '../../db/tables/work.ts';
import type { ModelMessage } from '../models/model-port.ts';
import { toModelAnswer } from '../tools/results.ts';

/**
 * What the rounds before have said and got, as the model wants it: its own blocks, then the results of all its calls.
 * Pure.
 */
export function toRoundMessages(
  keys: readonly string[],
  turns: ReadonlyMap<string, Pick<ModelTurn, 'blocks'>>,
  calls: readonly ToolCall[],
): ModelMessage[] {
  const results = bounded(keys.flatMap((key) => calls.filter((call) => call.turn_key === key)));
  return keys.flatMap((key) => {
    const blocks = turns.get(key)?.blocks;
    const ofRound = results.filter(({ call }) => call.turn_key === key).map(toResultBlock);
    if (!blocks || ofRound.length === 0) return [];
    return [
      { role: 'assistant' as const, content: blocks },
      { role: 'user' as const, content: ofRound },
    ];
  });
}

/** Characters of a prompt that answers of tools may use; of the oldest answers only the beginning stays. */
const MAX_RESULT_CHARS = 300_000;
const BEGINNING_CHARS = 400;

interface CallResult {
  readonly call: ToolCall;
  readonly text: string;
  readonly isError: boolean;
}

function bounded(calls: readonly ToolCall[]): CallResult[] {
  let room = MAX_RESULT_CHARS;
  return calls
    .toReversed()
    .map((call) => {
      const { text, isError } = toModelAnswer(call);
      room -= text.length;
      const fits = room >= 0 || text.length <= BEGINNING_CHARS;
      const short = `${text.slice(0, BEGINNING_CHARS).toWellFormed()}\n(The rest of this earlier answer is left out.)`;
      return { call, isError, text: fits ? text : short };
    })
    .toReversed();
}

function toResultBlock({ call, text, isError }: CallResult): ModelBlock {
  return {
    type: 'tool_result',
    tool_use_id: call.tool_use_id,
    content: [{ type: 'text', text }],
    ...(isError && { is_error: true }),
  };
}
