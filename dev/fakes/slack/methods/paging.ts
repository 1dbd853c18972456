import { limitArgument, textArgument } from '../arguments.ts';
import { SlackRefusalError } from '../errors.ts';
import type { MethodCall } from '../state.ts';

/** One page of a list, and the cursor of the next. */
export function pageOf<T>(list: readonly T[], { args }: MethodCall, usual: number, most = 1000) {
  const limit = limitArgument(args, usual, most);
  const cursor = textArgument(args, 'cursor');
  const start = cursor ? Number(Buffer.from(cursor, 'base64').toString()) : 0;
  if (!Number.isInteger(start) || start < 0) throw new SlackRefusalError('invalid_cursor');
  const more = start + limit < list.length;
  const next_cursor = more ? Buffer.from(String(start + limit)).toString('base64') : '';
  return { items: list.slice(start, start + limit), has_more: more, response_metadata: { next_cursor } };
}
