import { hideSecretsInUrl } from '../../contracts/clean-text.ts';
import type { ConnectionHealth, ConnectionView } from '../../contracts/connections.ts';
import { withOrganization, type OrganizationTransaction, isUuid } from '../../db/organization.ts';
import { countTools } from '../../db/queries/connection-tools.ts';
import { findConnection, listConnections, type Connection } from '../../db/queries/connections.ts';
import { maySee } from './rules.ts';
import type { DatabaseDeps } from '../deps.ts';
import { type Principal, invalidField, notFound } from '../../contracts/request.ts';

export interface ViewDeps extends DatabaseDeps {
  /** Where people reach the product; without a trailing slash. */
  readonly publicUrl: string;
}

interface ConnectionFilter {
  readonly provider?: string | undefined;
  readonly health?: ConnectionHealth | undefined;
  /** The id of the last one of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** The organization's connections and the caller's own, in the order they were made; admins see everybody's. */
export const listViews = (deps: ViewDeps, principal: Principal, filter: ConnectionFilter): Promise<ConnectionView[]> =>
  withOrganization(deps.db, principal.organizationId, async (trx) => {
    const seen = (await listConnections(trx)).filter((row) => maySee(principal, row));
    const first = filter.after === undefined ? 0 : seen.findIndex(({ id }) => id === filter.after) + 1;
    if (filter.after !== undefined && first === 0) throw invalidField('after', 'There is no connection with this id.');
    const wanted = seen
      .slice(first)
      .filter(({ provider }) => filter.provider === undefined || provider === filter.provider)
      .filter(({ health }) => filter.health === undefined || health === filter.health)
      .slice(0, filter.limit);
    const counts = await countTools(trx);
    return wanted.map((row) => toConnectionView(row, { tools: counts.get(row.id), publicUrl: deps.publicUrl }));
  });

/** A connection that the caller may see. @throws RequestError 404 */
export async function readConnection(trx: OrganizationTransaction, principal: Principal, id: string) {
  const row = isUuid(id) ? await findConnection(trx, id) : undefined;
  if (!row || !maySee(principal, row)) throw notFound('connection');
  return row;
}

/** As `readConnection`, in a transaction of its own. */
export const findSeen = (deps: DatabaseDeps, principal: Principal, id: string): Promise<Connection> =>
  withOrganization(deps.db, principal.organizationId, (trx) => readConnection(trx, principal, id));

/** The view of a connection as it is now. @throws RequestError 404 when it has just been deleted. */
export const readView = (deps: ViewDeps, organizationId: string, id: string): Promise<ConnectionView> =>
  withOrganization(deps.db, organizationId, async (trx) => {
    const row = await findConnection(trx, id);
    if (!row) throw notFound('connection');
    return toConnectionView(row, { tools: (await countTools(trx)).get(id), publicUrl: deps.publicUrl });
  });

interface Shown {
  readonly tools: ConnectionView['tools'] | undefined;
  readonly publicUrl: string;
}

/** A connection as people read it: of its secrets only that they are there. Pure. */
export function toConnectionView(row: Connection, { tools, publicUrl }: Shown): ConnectionView {
  return {
    id: row.id,
    provider: row.provider,
    slug: row.slug,
    name: row.name,
    kind: row.kind,
    url: row.url === null ? null : hideSecretsInUrl(row.url, { inPath: row.kind === 'remote' }),
    personal: row.user_id !== null,
    userId: row.user_id,
    auth: { kind: row.auth_kind, set: isSet(row), expiresAt: row.auth_expires_at?.toISOString() ?? null },
    categories: row.categories,
    trusted: row.trusted,
    enabled: row.enabled,
    settings: row.settings,
    health: row.health,
    lastError: row.last_error,
    checkedAt: row.checked_at?.toISOString() ?? null,
    brokenUntil: row.broken_until?.toISOString() ?? null,
    tools: tools ?? { active: 0, quarantined: 0 },
    unusableTools: row.unusable_tools,
    callLimits: row.call_limits,
    ...(waitsForGrant(row) && { authorizationUrl: connectionPage(publicUrl, row.id) }),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

/** The console's page of a connection, where it is mended and where access is granted. */
export const connectionPage = (publicUrl: string, id: string): string => `${publicUrl}/connections/${id}`;

const isSet = ({ auth_kind: kind, credentials, auth_state: state }: Connection): boolean =>
  kind === 'none' || (kind === 'oauth' ? state !== null : credentials !== null);

const waitsForGrant = ({ auth_kind: kind, health, auth_state: state }: Connection): boolean =>
  kind === 'oauth' && (health === 'reconnect' || state === null);

/** A connection that the caller may see, as they read it. @throws RequestError 404 */
export const readSeen = (deps: ViewDeps, principal: Principal, id: string): Promise<ConnectionView> =>
  withOrganization(deps.db, principal.organizationId, async (trx) => {
    const row = await readConnection(trx, principal, id);
    return toConnectionView(row, { tools: (await countTools(trx)).get(id), publicUrl: deps.publicUrl });
  });
