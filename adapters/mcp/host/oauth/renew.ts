import { fetchToken, refreshAuthorization } from '@modelcontextprotocol/sdk/client/auth.js';
import type { ConnectionAuth } from '../../../../contracts/connections.ts';
import { assertWithKey } from './client-assertion.ts';
import type { AuthState } from '../../../../domain/connections/auth-state.ts';
import { discover, isSameIssuer } from './discover.ts';
import { GrantError } from '../../../../domain/connections/grant-port.ts';
import { oauthFetch } from './oauth-fetch.ts';
import { toGrantError } from './token-errors.ts';
import { toTokens } from './tokens.ts';

export interface Renewing {
  readonly url: string | null;
  readonly auth: ConnectionAuth;
  readonly state: AuthState;
  /** The guarded one. */
  readonly fetch: typeof globalThis.fetch;
}

/** New tokens for a grant that ends, or for a machine that asks in its own name. @throws GrantError */
export function renewTokens(renewing: Renewing): Promise<AuthState> {
  const { kind } = renewing.auth;
  return kind === 'client_credentials' || kind === 'private_key_jwt' ? askAsMachine(renewing) : refresh(renewing);
}

/** Goes to the server that gave the grant, whatever the resource says by now. */
async function refresh({ auth, state, fetch }: Renewing): Promise<AuthState> {
  const { tokens, discovery, client } = state;
  if (!tokens || !discovery || !client) throw new GrantError('over', 'Nobody has granted access yet.');
  if (!tokens.refreshToken)
    throw new GrantError(
      'over',
      'Access has ended, and it cannot be renewed without a person. Somebody has to grant it again.',
    );
  if (!isSameIssuer(client.issuer, discovery.issuer))
    throw new GrantError('untrusted', 'The client of this grant belongs to another authorization server.');
  const secret = auth.kind === 'oauth' && auth.clientId === client.client_id ? auth.clientSecret : client.client_secret;
  const given = await refreshAuthorization(discovery.issuer, {
    ...(discovery.metadata && { metadata: { ...discovery.metadata } }),
    clientInformation: { ...client, ...(secret && { client_secret: secret }) },
    refreshToken: tokens.refreshToken,
    ...(discovery.resource && { resource: discovery.resource }),
    fetchFn: oauthFetch(fetch),
  }).catch((error: unknown) => {
    throw toGrantError(error, discovery.issuer);
  });
  return { ...state, tokens: toTokens(given, tokens) };
}

async function askAsMachine({ url, auth, state, fetch }: Renewing): Promise<AuthState> {
  if (auth.kind !== 'client_credentials' && auth.kind !== 'private_key_jwt')
    throw new GrantError('refused', 'This connection does not ask for tokens in its own name.');
  const fetchFn = oauthFetch(fetch);
  const discovery = state.discovery ?? (await discover({ url, auth, fetch: fetchFn }));
  const scope = auth.scopes?.join(' ') ?? (discovery.scopesSupported?.join(' ') || undefined);
  const secret = auth.kind === 'client_credentials' ? auth.clientSecret : undefined;
  const client = { client_id: auth.clientId, issuer: discovery.issuer, ...(secret && { client_secret: secret }) };
  const provider = {
    redirectUrl: undefined,
    clientMetadata: { redirect_uris: [], ...(scope && { scope }) },
    clientInformation: () => client,
    // The resource is named here, in its own spelling: the SDK would write it as a URL, with a slash that some refuse.
    prepareTokenRequest: () =>
      new URLSearchParams({
        grant_type: 'client_credentials',
        ...(scope && { scope }),
        ...(discovery.resource && { resource: discovery.resource }),
      }),
    ...(auth.kind === 'private_key_jwt' && { addClientAuthentication: assertWithKey(auth) }),
    tokens: () => undefined,
    saveTokens: () => {},
    redirectToAuthorization: () => {},
    saveCodeVerifier: () => {},
    codeVerifier: () => '',
  };
  const given = await fetchToken(provider, discovery.issuer, {
    ...(discovery.metadata && { metadata: { ...discovery.metadata } }),
    fetchFn,
  }).catch((error: unknown) => {
    throw toGrantError(error, discovery.issuer);
  });
  return {
    ...state,
    discovery,
    client: { client_id: auth.clientId, issuer: discovery.issuer },
    tokens: toTokens(given, undefined),
  };
}
