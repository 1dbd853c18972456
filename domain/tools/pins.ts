import type { ConnectionTool } from '../../db/queries/connection-tools.ts';
import { canonicalJson, hashOfJson } from '../canonical-json.ts';
import type { ToolDefinition, ToolDiff } from '../../contracts/tools.ts';
import { showInvisible } from '../../contracts/clean-text.ts';
import { suspicionOf } from './suspicious-text.ts';

/** Over the raw text: a change that nobody would see is a change; a server that only shuffles fields has changed nothing. */
export const hashOf = ({ name, title, description, inputSchema, outputSchema, annotations }: ToolDefinition): string =>
  hashOfJson({ name, title, description, inputSchema, outputSchema, annotations });

const FIELDS = ['title', 'description', 'inputSchema', 'outputSchema', 'annotations'] as const;

/** What a person has to judge: what was accepted, and what the server says now. `before` is missing for a new tool. */
export function diffOf(before: ToolDefinition | undefined, after: ToolDefinition | undefined): ToolDiff[] {
  if (!before || !after)
    return before || after ? [{ field: 'tool', before: before?.name ?? null, after: after?.name ?? null }] : [];
  return FIELDS.filter((field) => canonicalJson(before[field]) !== canonicalJson(after[field])).map((field) => ({
    field,
    before: shown(before[field]),
    after: shown(after[field]),
  }));
}

function shown(value: unknown): string | null {
  if (value === undefined) return null;
  return showInvisible(typeof value === 'string' ? value : JSON.stringify(value, null, 2));
}

/** A row's differences, for people: nothing unless it waits for an admin. */
export const diffOfTool = (
  tool: Pick<ConnectionTool, 'state' | 'definition' | 'pending' | 'accepted_at'>,
): ToolDiff[] =>
  tool.state === 'quarantined' && tool.pending
    ? diffOf(tool.accepted_at === null ? undefined : tool.definition, tool.pending)
    : [];

/**
 * `pin`: take it as it is. `quarantine`: off until an admin accepts it. `restore`: it is again what was accepted.
 * `keep`: nothing to write.
 */
export type Decision = 'pin' | 'quarantine' | 'restore' | 'keep';

export interface Listing {
  /** Nobody has listed this connection's tools before. */
  readonly first: boolean;
  /** A server of ours: it changes with a deploy, and nobody has to accept that. */
  readonly ours: boolean;
}

/** What becomes of a tool that the server has listed. */
export function judge(
  known: Pick<ConnectionTool, 'hash' | 'state' | 'pending_hash' | 'accepted_at'> | undefined,
  listed: { readonly hash: string; readonly definition: ToolDefinition },
  { first, ours }: Listing,
): Decision {
  const accepted = known !== undefined && known.accepted_at !== null && known.hash === listed.hash;
  if (accepted) return known.state === 'active' ? 'keep' : 'restore';
  if (ours) return 'pin';
  if (first && !known) return suspicionOf(listed.definition) === undefined ? 'pin' : 'quarantine';
  return known?.state === 'quarantined' && known.pending_hash === listed.hash ? 'keep' : 'quarantine';
}
