import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { ProviderError } from './define.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Compared {
  readonly now: Fields;
  /** What the call sets; nothing else is looked at. */
  readonly wanted: Fields;
  /** What there was before the call, where that is known. */
  readonly before: Fields | undefined;
}

type Same = (a: unknown, b: unknown) => boolean;

const entriesOf = (wanted: Fields): [string, unknown][] =>
  Object.entries(wanted).filter(([, value]) => value !== undefined);

/**
 * Whether a call that sets fields has happened. A value that is neither what was wanted nor what was before is
 * somebody else's: then only a person can tell.
 */
export function compareFields(
  { now, wanted, before }: Compared,
  same: Same = isDeepStrictEqual,
): 'happened' | 'not_happened' | 'unclear' {
  const missing = entriesOf(wanted).filter(([name, value]) => !same(now[name], value));
  if (missing.length === 0) return 'happened';
  return before && missing.every(([name]) => same(now[name], before[name])) ? 'not_happened' : 'unclear';
}

/** What of a change can be put back: fields that still hold what the call set. The others have been changed since. */
export function restorable(
  { now, wanted, before }: Compared & { readonly before: Fields },
  same: Same = isDeepStrictEqual,
): { restore: Record<string, unknown>; left: string[] } {
  const restore: Record<string, unknown> = {};
  const left: string[] = [];
  for (const [name, value] of entriesOf(wanted)) {
    if (same(now[name], before[name])) continue;
    if (same(now[name], value)) restore[name] = before[name];
    else left.push(name);
  }
  return { restore, left };
}

/** Of these fields the ones that hold another value than before; those that were not kept say nothing. */
export const differencesOf = (now: Fields, before: Fields, names: readonly string[], same: Same = isDeepStrictEqual) =>
  names.filter((name) => name in before && !same(now[name], before[name]));

/** What people are told of fields that were not put back; empty where all were. */
export const leftAlone = (left: readonly string[]): string =>
  left.length > 0 ? ` Others have changed ${left.join(', ')} since, which is left as it is.` : '';

/** What `before` had found, as `undo` needs it. @throws ProviderError when it was not recorded. */
export function parseBefore<Schema extends z.ZodType>(schema: Schema, before: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(before);
  if (parsed.success) return parsed.data;
  throw new ProviderError('refused', 'We couldn’t confirm how it was before, so it cannot be restored.');
}
