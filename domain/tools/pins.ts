import type { ConnectionTool } from '../../db/queries/connection-tools.ts';
import { canonicalJson, hashOfJson } from '../json.ts';
import type { ToolDefinition, ToolDiff } from '../../contracts/tools.ts';
import { showInvisible, hidesText } from '../../contracts/clean-text.ts';

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
type ListingDecision = 'pin' | 'quarantine' | 'restore' | 'keep';

interface Listing {
  /** Nobody has listed this connection's tools before. */
  readonly first: boolean;
  /** A server of ours: it changes with a deploy, and nobody has to accept that. */
  readonly ours: boolean;
}

/** What becomes of a tool that the server has listed. */
export function decideListedTool(
  known: Pick<ConnectionTool, 'hash' | 'state' | 'pending_hash' | 'accepted_at'> | undefined,
  listed: { readonly hash: string; readonly isSuspicious: boolean },
  { first, ours }: Listing,
): ListingDecision {
  const accepted = known !== undefined && known.accepted_at !== null && known.hash === listed.hash;
  if (accepted) return known.state === 'active' ? 'keep' : 'restore';
  if (ours) return 'pin';
  if (first && !known) return listed.isSuspicious ? 'quarantine' : 'pin';
  return known?.state === 'quarantined' && known.pending_hash === listed.hash ? 'keep' : 'quarantine';
}

/**
 * Ways of talking to the model instead of describing a tool, as they are seen in the wild. A tripwire and no defence:
 * who words it otherwise gets past, and then it is rights, approvals and the ledger that hold. A hit costs an admin one
 * look, so it may be wrong at times.
 */
const ORDERS: readonly RegExp[] = [
  /<\s*\/?\s*(important|system|instructions?|secret|hidden|admin|assistant|critical|override)\b[^>]*>/i,
  /\b(ignore|disregard|forget|override|bypass)\b[^.\n]{0,40}\b(instructions?|rules?|prompts?|polic(y|ies)|guidelines|directives?)\b/i,
  /\b(do not|don't|never|without)\b[^.\n]{0,30}\b(tell|telling|inform|informing|mention|mentioning|notify|notifying|reveal|show|alert|alerting|asking)\b[^.\n]{0,40}\b(user|human|person|anyone|anybody|operator|admin)/i,
  /\b(system prompt|developer message|hidden instructions?|jailbreak|you are now|new instructions?)\b/i,
  /(~\/|\/home\/|\/root\/|%userprofile%)[^\s]{0,40}\.(ssh|aws|env|config|kube|npmrc|netrc)|\bid_(rsa|ed25519)\b|\/etc\/(passwd|shadow)|\bmcp\.json\b/i,
  /\b(before|after|when(ever)?|every time|prior to|instead of)\b[^.\n]{0,40}\b(using|calling|invoking|running|executing|you (use|call|invoke))\b[^.\n]{0,40}\b(any|all|other|another|every|this|the)\b[^.\n]{0,30}\btools?\b/i,
  /\b(this tool|it) (must|has to|should) (always )?be (called|used|invoked|run) (first|before|instead)\b/i,
  /\b(send|forward|copy|bcc|cc|post|upload|exfiltrate|leak|append|include|pass)\b[^.\n]{0,60}\b(conversation|chat history|context|credentials?|passwords?|api[ _-]?keys?|secrets?|access tokens?|private keys?|environment variables)\b/i,
  /\b(all|every)\b[^.\n]{0,30}\b(e-?mails?|messages?|payments?|transfers?)\b[^.\n]{0,40}\b(must|should|has to|have to|need to)\b[^.\n]{0,30}\b(sent|go|addressed|forwarded|made|directed)\b/i,
];

/** Why nobody should take this tool without having looked at it; undefined for most. */
export function suspicionOf(definition: ToolDefinition): string | undefined {
  const texts = textsOf([
    definition.name,
    definition.title,
    definition.description,
    definition.inputSchema,
    definition.outputSchema,
    definition.annotations,
  ]);
  if (texts.some(hidesText)) return 'It holds text that people do not see.';
  const spoken = texts.map((text) => text.replaceAll(/[\s_*`]+/g, ' '));
  return spoken.some((text) => ORDERS.some((order) => order.test(text)))
    ? 'Its description gives orders instead of describing.'
    : undefined;
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inside]) => [name, ...textsOf(inside)]);
}
