import { randomBytes, randomUUID } from 'node:crypto';
import type { ConnectionAuth } from '../../../../contracts/connections.ts';
import { withOrganization } from '../../../../db/organization.ts';
import { insertConnection } from '../../../../db/queries/connections.ts';
import { createSealer, type Sealer, type SealingKey } from '../../../../db/sealing.ts';
import type { FakeIdentity } from '../../../fakes/identity/index.ts';
import { createGuardedFetch } from '../../../../adapters/mcp/host/egress.ts';
import { beginAuthorization, finishAuthorization } from '../../../../adapters/mcp/host/oauth/authorize.ts';
import { type AuthState, sealAuthState, sealCredentials } from '../../../../domain/connections/grant-state.ts';
import { createGrantStore } from '../../../../domain/connections/grant-store.ts';
import type { ConnectionRef } from '../../../../domain/tools/tool-ports.ts';
import { createTenant, type Tenant } from '../../../db/world.ts';
import type { TestDatabase } from '../../../support/database.ts';
import { OUR } from './fixture.ts';

export const newKey = (id: string): SealingKey => ({ id, key: randomBytes(32) });
export const egress = createGuardedFetch({ allowPrivate: true });

export interface ConnectionGiven {
  readonly auth?: ConnectionAuth;
  readonly url: string;
  readonly state?: AuthState;
  readonly personalOf?: string;
}

/** A connection as the door makes it, its secrets sealed. */
export async function connect(
  database: TestDatabase,
  sealer: Sealer,
  tenant: Tenant,
  { auth = { kind: 'oauth' }, url, state, personalOf }: ConnectionGiven,
): Promise<ConnectionRef> {
  const on = { organizationId: tenant.organizationId, connectionId: randomUUID() };
  await withOrganization(database.db, on.organizationId, (trx) =>
    insertConnection(trx, {
      organization_id: on.organizationId,
      id: on.connectionId,
      provider: 'acme',
      slug: `acme_${on.connectionId.slice(0, 8)}`,
      name: 'Acme',
      kind: 'remote',
      url,
      user_id: personalOf ?? null,
      auth_kind: auth.kind,
      credentials: sealCredentials(sealer, on, auth),
      auth_state: state ? sealAuthState(sealer, on, state) : null,
      auth_expires_at: state?.tokens?.expiresAt ?? null,
    }),
  );
  return on;
}

/** A grant of the fake's person. */
export async function grantOf(identity: FakeIdentity, url = identity.resourceUrl): Promise<AuthState> {
  const given = { url, isMcp: true, auth: { kind: 'oauth' }, known: {}, our: OUR, state: 's', fetch: egress } as const;
  const { authorizationUrl, pending } = await beginAuthorization(given);
  const back = await identity.grant(authorizationUrl);
  const [code = '', iss] = [back.searchParams.get('code') ?? '', back.searchParams.get('iss') ?? undefined];
  return finishAuthorization({ pending, code, iss, fetch: egress });
}

/** The same, and its access token is due. */
export function madeDue(state: AuthState): AuthState {
  const tokens = state.tokens && { ...state.tokens, renewAt: new Date(0).toISOString() };
  return { ...state, ...(tokens && { tokens }) };
}

export interface ConnectedNubabel {
  readonly tenant: Tenant;
  readonly sealer: Sealer;
  readonly on: ConnectionRef;
}

/** A tenant with one connection whose token is due. */
export async function openDueNubabel(
  database: TestDatabase,
  identity: FakeIdentity,
  key = newKey('k1'),
): Promise<ConnectedNubabel> {
  const tenant = await createTenant(database.db);
  const sealer = createSealer([key]);
  const state = madeDue(await grantOf(identity));
  const on = await connect(database, sealer, tenant, { url: identity.resourceUrl, state });
  return { tenant, sealer, on };
}

export const storeOf = (database: TestDatabase, sealer: Sealer | undefined) => createGrantStore(database.db, sealer);

/** What stands in the row, as nobody of the product sees it. */
export const rowOf = async (database: TestDatabase, { connectionId }: ConnectionRef) => {
  const [row] = await database.look<{
    name: string;
    url: string | null;
    credentials: string | null;
    auth_state: string | null;
    auth_version: number;
    health: string;
    last_error: string | null;
  }>('select name, url, credentials, auth_state, auth_version, health, last_error from connections where id = $1', [
    connectionId,
  ]);
  if (!row) throw new Error('The connection is gone.');
  return row;
};

/** A call's status, its body let go. */
export async function statusOf(asked: Promise<Response>): Promise<number> {
  const response = await asked;
  await response.body?.cancel();
  return response.status;
}
