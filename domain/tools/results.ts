import { storableJson, storableText } from '../../contracts/json.ts';
import type { ToolResult } from '../../contracts/tools.ts';
import type { ToolCall } from '../../db/queries/tool-calls.ts';

/** What is kept of an answer, and how much of it a model is told, in characters. */
const KEPT_CHARS = 200_000;
const TOLD_CHARS = 24_000;

const cut = (text: string, chars: number): string =>
  text.length <= chars
    ? text
    : `${text.slice(0, chars).toWellFormed()}\n… (${text.length - chars} characters left out)`;

/** An answer as Postgres can keep it. Data that would be too long is left to the text. */
export function storableResult({ text, data, isError }: ToolResult): ToolResult {
  const fits = data !== undefined && JSON.stringify(data).length <= KEPT_CHARS;
  return {
    text: cut(storableText(text), KEPT_CHARS),
    isError,
    ...(fits && { data: storableJson(data) as NonNullable<ToolResult['data']> }),
  };
}

export const errorResult = (text: string): ToolResult => ({ text: cut(text, KEPT_CHARS), isError: true });

/** Said for the answer of a change that is known to have happened. */
export const NOT_KEPT = 'It has happened, and its answer was not kept.';

/** What the model is told when a call has no answer of its own. */
const SAYS: Partial<Record<ToolCall['status'], string>> = {
  declined: 'A person has decided that this call is not made. Do not try it again; go on without it and say so.',
  unknown:
    'The answer was lost: we couldn’t confirm whether this call has happened. Do not repeat it; say so in your answer, so that a person can look.',
  cancelled: 'The call was cancelled before it was made.',
};

/** Said by somebody whose word is not enough that nothing has happened. */
const ANSWERED_WITH_ERROR =
  'The server answered with an error; we couldn’t confirm whether this call has happened all the same. Do not repeat it; say so in your answer, so that a person can look. It said:';

/** It could not be made, or whoever made it was lost. */
const NO_ANSWER = 'There is no answer to this call: it could not be made. Go on without it and say so.';

/** What a call came to, for the model: data from outside, marked as such by where it stands. */
export function toModelAnswer({ status, result }: Pick<ToolCall, 'status' | 'result'>): {
  text: string;
  isError: boolean;
} {
  const said = SAYS[status];
  if (status === 'unknown' && result)
    return { text: cut(`${ANSWERED_WITH_ERROR}\n${result.text}`, TOLD_CHARS), isError: true };
  if (said !== undefined) return { text: said, isError: true };
  if (!result) return { text: NO_ANSWER, isError: true };
  const text = result?.text.trim() || (result?.data ? JSON.stringify(result.data) : '(no output)');
  return { text: cut(text, TOLD_CHARS), isError: result?.isError ?? true };
}
