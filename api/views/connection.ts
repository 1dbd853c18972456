import type { ConnectionView } from '../../contracts/connections.ts';
import type { Connection } from '../../db/queries/connections.ts';

interface Shown {
  readonly tools: ConnectionView['tools'] | undefined;
  /** Where people reach this house; without a trailing slash. */
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
    url: row.url,
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
