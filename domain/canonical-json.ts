import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

/** Half of a surrogate pair as JSON spells it; an even number of backslashes before it is text, not an escape. */
const LONE_SURROGATE = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

/**
 * JSON with the names of fields in one order (RFC 8785), so that equal values are equal texts. A value is read as
 * `JSON.stringify` reads it: `undefined` is left out, NaN and Infinity are null. Half of a surrogate pair counts as
 * U+FFFD, which is how Postgres keeps it and people see it.
 * @throws TypeError for a BigInt or a circular value; neither can come from JSON.
 */
export function canonicalJson(value: unknown): string {
  const json = (JSON.stringify(value) ?? 'null').replace(LONE_SURROGATE, '$1\\ufffd');
  return canonicalize(JSON.parse(json)) ?? 'null';
}

/** The SHA-256 of a value's canonical JSON, in hex: what an approval, a pin or the effects ledger is bound to. */
export const hashOfJson = (value: unknown): string => createHash('sha256').update(canonicalJson(value)).digest('hex');
