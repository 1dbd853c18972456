import { hashOfJson } from '../canonical-json.ts';

/** What tells the arguments of a call from all others. */
export const argumentsHash = (args: Readonly<Record<string, unknown>>): string => hashOfJson(args);

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
}): string => hashOfJson(['effect', of.organizationId, of.orchestrationId, of.step, of.tool, of.argumentsHash]);
