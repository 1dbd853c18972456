import type { OrganizationTransaction } from '../../db/organization.ts';
import { listCallsOfTurns, type ToolCall } from '../../db/queries/tool-calls.ts';
import { listBlocks } from '../../db/queries/turns.ts';
import type { ModelBlock } from '../../db/tables/work.ts';
import { toldOf } from '../tools/results.ts';
import type { ModelMessage } from '../models/model-port.ts';

/** The turn of a round of a try: the first is the try's own, later ones follow answers of tools. */
export const roundKey = (turnKey: string, round: number): string => (round > 1 ? `${turnKey}~${round}` : turnKey);

/** What the rounds before have said and got, as the model wants it: its own blocks, then the results of all its calls. */
export async function loadRounds(
  trx: OrganizationTransaction,
  orchestrationId: string,
  turnKey: string,
  round: number,
): Promise<ModelMessage[]> {
  const keys = Array.from({ length: round - 1 }, (_, index) => roundKey(turnKey, index + 1));
  if (keys.length === 0) return [];
  const blocks = new Map((await listBlocks(trx, orchestrationId, keys)).map((turn) => [turn.turn_key, turn.blocks]));
  const calls = await listCallsOfTurns(trx, orchestrationId, keys);
  const told = bounded(keys.flatMap((key) => calls.filter((call) => call.turn_key === key)));
  return keys.flatMap((key) => {
    const said = blocks.get(key);
    const results = told.filter(({ call }) => call.turn_key === key).map(toResultBlock);
    if (!said || results.length === 0) return [];
    return [
      { role: 'assistant' as const, content: said },
      { role: 'user' as const, content: results },
    ];
  });
}

/** What tools have answered takes up so much of a prompt, in characters; of the oldest answers only the beginning stays. */
const TOLD_CHARS = 300_000;
const BEGINNING_CHARS = 400;

interface Told {
  readonly call: ToolCall;
  readonly text: string;
  readonly isError: boolean;
}

function bounded(calls: readonly ToolCall[]): Told[] {
  let room = TOLD_CHARS;
  return calls
    .toReversed()
    .map((call) => {
      const { text, isError } = toldOf(call);
      room -= text.length;
      const fits = room >= 0 || text.length <= BEGINNING_CHARS;
      const short = `${text.slice(0, BEGINNING_CHARS).toWellFormed()}\n(The rest of this earlier answer is left out.)`;
      return { call, isError, text: fits ? text : short };
    })
    .toReversed();
}

function toResultBlock({ call, text, isError }: Told): ModelBlock {
  return {
    type: 'tool_result',
    tool_use_id: call.tool_use_id,
    content: [{ type: 'text', text }],
    ...(isError && { is_error: true }),
  };
}
