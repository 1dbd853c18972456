import { isStorableText, NOT_TEXT } from '../contracts/json.ts';
import { RequestError } from '../contracts/request.ts';

/** Deeper than any form that a person or a model fills in, and shallow enough to be walked. */
const MAX_LEVELS = 50;

/**
 * Refuses JSON that Postgres could not keep: texts with NUL or halves of surrogate pairs, and nesting without end.
 * @throws RequestError 400 with the path.
 */
export function refuseUnstorable(value: unknown, path: readonly string[]): void {
  if (path.length > MAX_LEVELS) throw refused(path, `is nested more than ${MAX_LEVELS} levels deep.`);
  if (typeof value === 'string' && !isStorableText(value)) throw refused(path, NOT_TEXT);
  if (typeof value !== 'object' || value === null) return;
  for (const [name, each] of Object.entries(value)) {
    if (!isStorableText(name)) throw refused(path, NOT_TEXT);
    refuseUnstorable(each, [...path, name]);
  }
}

function refused(path: readonly string[], message: string): RequestError {
  const short = path.slice(0, 5).join('.');
  return new RequestError('invalid-request', `${short}: ${message}`, [{ path: short, message }]);
}
