import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { NOT_TEXT, isRecord, isStorableText, storableJson, storableText } from '../contracts/json.ts';
import { RequestError } from '../contracts/request.ts';

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

/** The JSON object in a model's words; some gateways wrap it in a fence. Undefined when there is none. */
export function jsonIn(text: string): unknown {
  const start = text.indexOf('{');
  const end = text.lastIndexOf('}');
  if (start < 0 || end < start) return undefined;
  try {
    return storableJson(JSON.parse(text.slice(start, end + 1)));
  } catch {
    return undefined;
  }
}

const FENCE = '```';

/**
 * The JSON object that an answer carries: of its last `json` fence, or the whole text when it is one. Null when there is
 * none. Names that could reach a prototype are left out.
 */
export function dataIn(text: string): Record<string, unknown> | null {
  return objectOf(lastFence(text) ?? text);
}

function lastFence(text: string): string | undefined {
  const start = text.lastIndexOf(`${FENCE}json`);
  if (start < 0) return undefined;
  const body = text.slice(start + FENCE.length + 'json'.length);
  const end = body.indexOf(FENCE);
  return end < 0 ? undefined : body.slice(0, end);
}

function objectOf(text: string): Record<string, unknown> | null {
  if (!text.trimStart().startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(text, clean);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

const clean = (name: string, value: unknown): unknown => {
  if (name === '__proto__' || name === 'constructor' || name === 'prototype') return undefined;
  return typeof value === 'string' ? storableText(value) : value;
};

/** Deeper than any form that a person or a model fills in, and shallow enough to be walked. */
const MAX_LEVELS = 50;

/**
 * Refuses JSON that Postgres could not keep: texts with NUL or halves of surrogate pairs, and nesting without end.
 * @throws RequestError 400 with the path.
 */
export function refuseUnstorable(value: unknown, path: readonly string[]): void {
  if (path.length > MAX_LEVELS) throw refused(path, `is nested more than ${MAX_LEVELS} levels deep.`);
  if (typeof value === 'string' && !isStorableText(value)) throw refused(path, NOT_TEXT);
  if (typeof value === 'number' && !Number.isFinite(value)) throw refused(path, 'is a number too large to be kept.');
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
