import { randomUUID } from 'node:crypto';
import type { ConnectionAuth } from '../../../../contracts/connections.ts';
import type { FakeIdentity } from '../../../fakes/identity/index.ts';
import { beginAuthorization, finishAuthorization } from '../../../../adapters/mcp/host/oauth/authorize.ts';
import type { OurClient } from '../../../../domain/connections/connection-ports.ts';
import { createCredentials } from '../../../../adapters/mcp/host/oauth/create-credentials.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

export const OUR: OurClient = {
  publicUrl: 'http://nubabel.test',
  redirectUri: 'http://nubabel.test/api/connections/oauth/callback',
  clientMetadataUrl: undefined,
};
export const ON = { organizationId: randomUUID(), connectionId: randomUUID() };
/** The store in memory has it open. */
export const SEALED = { name: 'Acme', url: null, credentials: null, auth_state: null };

/** Goes the whole way of a grant once, as a person does: asks, says yes, comes back with the code. */
export async function grantOnce(store: MemoryStore, identity: FakeIdentity, our: OurClient = OUR): Promise<void> {
  const { url, auth, state: known } = store.held;
  const begun = await beginAuthorization({ url, isMcp: true, auth, known, our, state: 's', fetch });
  const back = await identity.grant(begun.authorizationUrl);
  const state = await finishAuthorization({
    pending: begun.pending,
    code: back.searchParams.get('code') ?? '',
    iss: back.searchParams.get('iss') ?? undefined,
    fetch,
  });
  store.held = { ...store.held, state };
}

/** A connection to the fake's resource, and a call that goes there with its credentials. */
export function openHost(identity: FakeIdentity, auth: ConnectionAuth = { kind: 'oauth' }, url = identity.resourceUrl) {
  const store = createMemoryStore(auth, url);
  const credentials = createCredentials({ store, fetch });
  const connected = credentials.fetchFor(ON, { url }, fetch);
  const call = (to = url, init: RequestInit = {}) =>
    connected(to, { method: 'POST', body: '{"id":1}', headers: { 'content-type': 'application/json' }, ...init });
  return { store, credentials, connected, call, grant: (our?: OurClient) => grantOnce(store, identity, our) };
}
