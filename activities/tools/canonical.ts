import { createHash } from 'node:crypto';

/** JSON with the names of fields in one order, so that equal values are equal texts (after RFC 8785). */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((one: unknown) => canonicalJson(one ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value)
    .filter(([, given]) => given !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, given]) => `${JSON.stringify(name)}:${canonicalJson(given)}`).join(',')}}`;
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What tells the arguments of a call from all others. */
export const argumentsHash = (args: Readonly<Record<string, unknown>>): string => digest(canonicalJson(args));

/**
 * The ledger's key of an effect: organization, root run, step, tool and arguments. Attempts, activity ids, run ids after
 * a reset and the model's own names of calls are no part of it: they change while the effect stays the same.
 */
export const effectKeyOf = (of: {
  readonly organizationId: string;
  /** Of the root run: a reset and a retry keep it. */
  readonly orchestrationId: string;
  readonly step: string | null;
  readonly tool: string;
  readonly argumentsHash: string;
}): string =>
  digest(JSON.stringify(['effect', of.organizationId, of.orchestrationId, of.step, of.tool, of.argumentsHash]));
