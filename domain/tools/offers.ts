import type { Category } from '../../contracts/agents.ts';
import type { StepRisk } from '../../contracts/plan.ts';
import type { LeftOut, ToolAnnotations, ToolDefinition, ToolView } from '../../contracts/tools.ts';
import type { ConnectionTool } from '../../db/queries/connection-tools.ts';
import type { Connection } from '../../db/queries/connections.ts';
import { cleanDefinition } from './clean-definition.ts';
import type { ToolUser, Offer, OfferedTool } from './tool-host.ts';
import type { FirstPartyTools } from './tool-ports.ts';
import { showInvisible } from '../../contracts/clean-text.ts';
import { diffOfTool } from './pins.ts';

/** What an organization has, as it stands in our tables. */
export interface OrganizationTools {
  readonly connections: readonly Connection[];
  /** In the order in which models see them. */
  readonly tools: readonly ConnectionTool[];
}

interface OfferTerms {
  readonly firstParty: Pick<FirstPartyTools, 'promises'>;
  /** Of the console, without a slash at the end. */
  readonly publicUrl: string;
  readonly now: Date;
  /** Connections that rest after failures are looked past: who is in the midst of a call is told to wait, not that the tool is gone. */
  readonly alsoResting?: boolean;
}

/**
 * The connections that work for somebody, by slug: a personal one for its owner alone, and before the organization's of
 * the same slug, so that what a person does is done in their own name. One that is switched off makes room.
 */
function connectionsFor(connections: readonly Connection[], { userId }: ToolUser): Connection[] {
  const bySlug = new Map<string, Connection>();
  for (const connection of connections) {
    if (connection.user_id !== null && connection.user_id !== userId) continue;
    const rival = bySlug.get(connection.slug);
    if (!rival || precedence(connection) > precedence(rival)) bySlug.set(connection.slug, connection);
  }
  return [...bySlug.values()];
}

const precedence = ({ enabled, user_id }: Connection): number => (enabled ? 2 : 0) + (user_id === null ? 0 : 1);

/** What may be offered to somebody, and what may not and why. */
export function toOffer(
  known: OrganizationTools,
  user: ToolUser,
  category: Category | undefined,
  terms: OfferTerms,
): Offer {
  const tools: OfferedTool[] = [];
  const leftOut: LeftOut[] = [];
  const wanted = connectionsFor(known.connections, user).filter(
    ({ categories }) => category === undefined || categories.length === 0 || categories.includes(category),
  );
  for (const connection of wanted) {
    const listed = known.tools.filter(({ connection_id }) => connection_id === connection.id);
    const reason = reasonAgainst(connection, listed, terms);
    // A grant that is over is asked for when somebody wants to use it, so its tools stay on offer.
    const renewable = reason === 'reconnect' && listed.length > 0;
    if (reason !== undefined && !renewable) leftOut.push(toLeftOut(connection, reason, terms.publicUrl));
    if (reason === undefined || reason === 'quarantined' || renewable)
      tools.push(
        ...listed.filter(({ state }) => state === 'active').map((tool) => toOfferedTool(tool, connection, terms)),
      );
  }
  return { tools: tools.sort((a, b) => (a.name < b.name ? -1 : 1)), leftOut };
}

function reasonAgainst(
  connection: Connection,
  tools: readonly ConnectionTool[],
  { now, alsoResting = false }: OfferTerms,
): LeftOut['reason'] | undefined {
  if (!connection.enabled) return 'disabled';
  // Nobody has ever given it access.
  if (connection.health === 'reconnect' && connection.tools_listed_at === null) return 'no_credentials';
  if (connection.health === 'reconnect') return 'reconnect';
  if (connection.auth_kind !== 'none' && connection.credentials === null && connection.auth_state === null)
    return 'no_credentials';
  const rests = connection.broken_until !== null && connection.broken_until > now;
  if (rests && !alsoResting) return 'failing';
  if (connection.tools_listed_at === null) return 'failing';
  return tools.some(({ state }) => state === 'quarantined') ? 'quarantined' : undefined;
}

const toLeftOut = ({ id, name }: Connection, reason: LeftOut['reason'], publicUrl: string): LeftOut => ({
  connectionId: id,
  connection: name,
  reason,
  url: `${publicUrl}/connections/${id}`,
});

/** First-party servers are trusted; of others only those that an admin has marked as trusted. */
const isTrusted = ({ kind, trusted }: Pick<Connection, 'kind' | 'trusted'>): boolean =>
  kind === 'first_party' || trusted;

/**
 * The worst that a tool may do, by what its server says of it: without a word it is destructive, as the protocol has it.
 * An untrusted server's word for less counts for nothing.
 */
export function riskOf(annotations: ToolAnnotations, trusted: boolean): StepRisk {
  if (trusted && annotations.readOnlyHint === true) return 'read';
  return trusted && annotations.destructiveHint === false ? 'write' : 'production';
}

/** What an admin has decided about the tool as it is now. */
function decisionsOf(tool: ConnectionTool): Pick<ConnectionTool, 'always_allowed' | 'declared_risk'> | undefined {
  return tool.state === 'active' && tool.decided_hash === tool.hash ? tool : undefined;
}

function toOfferedTool(tool: ConnectionTool, connection: Connection, { firstParty }: OfferTerms): OfferedTool {
  const { annotations } = tool.definition;
  const trusted = isTrusted(connection);
  const decided = decisionsOf(tool);
  const risk = decided?.declared_risk ?? riskOf(annotations, trusted);
  const promised =
    connection.kind === 'first_party' ? firstParty.promises(connection.provider, tool.remote_name) : undefined;
  return {
    name: tool.name,
    remoteName: tool.remote_name,
    connectionId: connection.id,
    connection: connection.name,
    provider: connection.provider,
    slug: connection.slug,
    definition: cleanDefinition(tool.definition),
    risk,
    idempotent: risk === 'read' || (trusted && annotations.idempotentHint === true),
    takesEffectKey: promised?.takesEffectKey ?? false,
    canReadBack: promised?.canReadBack ?? false,
    canUndo: promised?.canUndo ?? false,
    untrusted: !trusted,
    alwaysAllowed: decided?.always_allowed ?? false,
  };
}

/**
 * A tool as its connection's page shows it: what its server says now, and how that differs from what was accepted. A
 * tool that an admin has never accepted is new as a whole. Pure.
 */
export function toToolView(row: ConnectionTool, connection: Pick<Connection, 'name' | 'kind' | 'trusted'>): ToolView {
  const now = row.pending ?? row.definition;
  const decided = decisionsOf(row);
  return {
    name: row.name,
    remoteName: row.remote_name,
    connectionId: row.connection_id,
    connection: connection.name,
    ...toDescribed(now),
    risk: decided?.declared_risk ?? riskOf(now.annotations, isTrusted(connection)),
    state: row.state,
    hash: row.pending_hash ?? row.hash,
    diff: diffOfTool(row),
    alwaysAllowed: decided?.always_allowed ?? false,
    declaredRisk: decided?.declared_risk ?? null,
  };
}

/** A tool as it is offered to callers. Pure. */
export const toOfferedView = (
  tool: OfferedTool,
): Omit<ToolView, 'state' | 'hash' | 'diff' | 'alwaysAllowed' | 'declaredRisk'> => ({
  name: tool.name,
  remoteName: tool.remoteName,
  connectionId: tool.connectionId,
  connection: tool.connection,
  ...toDescribed(tool.definition),
  risk: tool.risk,
});

/** As text for people: what a server hides between the lines is made to be seen. */
const toDescribed = ({ title, description, inputSchema, outputSchema, annotations }: ToolDefinition) => ({
  title: visible(title ?? annotations.title ?? null) as string | null,
  description: showInvisible(description),
  inputSchema: visible(inputSchema) as ToolDefinition['inputSchema'],
  outputSchema: outputSchema ? (visible(outputSchema) as ToolDefinition['inputSchema']) : null,
  annotations: visible(annotations) as ToolAnnotations,
});

function visible(value: unknown): unknown {
  if (typeof value === 'string') return showInvisible(value);
  if (Array.isArray(value)) return value.map(visible);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [showInvisible(name), visible(each)]));
}
