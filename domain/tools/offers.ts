import type { Category } from '../../contracts/agents.ts';
import type { LeftOut } from '../../contracts/tools.ts';
import type { ConnectionTool } from '../../db/queries/connection-tools.ts';
import type { Connection } from '../../db/queries/connections.ts';
import { riskOf } from './mcp-connection.ts';
import type { Provider } from '../../adapters/mcp/servers/define.ts';
import { cleanDefinition } from './clean-definition.ts';
import type { ForWhom, Offer, OfferedTool } from './tool-host.ts';

/** What an organization has, as it stands in our tables. */
export interface Stock {
  readonly connections: readonly Connection[];
  /** In the order in which models see them. */
  readonly tools: readonly ConnectionTool[];
}

export interface OfferTerms {
  readonly providers: readonly Provider[];
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
function connectionsFor(connections: readonly Connection[], { userId }: ForWhom): Connection[] {
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
export function toOffer(stock: Stock, whom: ForWhom, category: Category | undefined, terms: OfferTerms): Offer {
  const tools: OfferedTool[] = [];
  const leftOut: LeftOut[] = [];
  const wanted = connectionsFor(stock.connections, whom).filter(
    ({ categories }) => category === undefined || categories.length === 0 || categories.includes(category),
  );
  for (const connection of wanted) {
    const listed = stock.tools.filter(({ connection_id }) => connection_id === connection.id);
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

/** Servers of ours are believed; of others only those that an admin vouches for. */
export const isTrusted = ({ kind, trusted }: Pick<Connection, 'kind' | 'trusted'>): boolean =>
  kind === 'first_party' || trusted;

function toOfferedTool(tool: ConnectionTool, connection: Connection, { providers }: OfferTerms): OfferedTool {
  const { annotations } = tool.definition;
  const trusted = isTrusted(connection);
  const risk = riskOf(annotations, trusted);
  const ours =
    connection.kind === 'first_party'
      ? providers
          .find(({ provider }) => provider === connection.provider)
          ?.tools.find(({ name }) => name === tool.remote_name)
      : undefined;
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
    takesEffectKey: ours?.takesEffectKey === true,
    canReadBack: ours?.readBack !== undefined,
    canUndo: ours?.undo !== undefined,
    unvouched: !trusted,
  };
}
