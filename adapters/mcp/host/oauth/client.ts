import { registerClient } from '@modelcontextprotocol/sdk/client/auth.js';
import { OAuthError, ServerError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import type { OAuthClientMetadata } from '@modelcontextprotocol/sdk/shared/auth.js';
import type { FetchLike } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { ConnectionAuth } from '../../../../contracts/connections.ts';
import type { Discovery, OAuthClient } from '../../../../domain/connections/grant-state.ts';
import { isSameIssuer } from './discover.ts';
import { GrantError, type OurClient } from '../../../../domain/connections/connection-ports.ts';

/** How we describe ourselves, in the metadata document and when we register. */
const clientMetadata = ({ redirectUri, publicUrl }: OurClient): OAuthClientMetadata => ({
  client_name: 'Nubabel',
  client_uri: publicUrl,
  redirect_uris: [redirectUri],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
});

/** The document at `clientMetadataUrl`: the address is the client's id. */
export const clientIdDocument = (our: OurClient) => ({
  client_id: our.clientMetadataUrl,
  ...clientMetadata(our),
});

interface ClientChoice {
  readonly auth: ConnectionAuth;
  readonly discovery: Discovery;
  /** Who we were last time. */
  readonly known: OAuthClient | undefined;
  readonly our: OurClient;
  readonly scope: string | undefined;
  readonly fetch: FetchLike;
}

/**
 * Who we are at an authorization server: the client a person has named, our metadata document where the server reads
 * those, who we were there before, or a new registration.
 * @throws GrantError
 */
export async function chooseClient(choosing: ClientChoice): Promise<OAuthClient> {
  const { auth, discovery, known, our } = choosing;
  const { issuer, metadata } = discovery;
  const knownHere = known && isSameIssuer(known.issuer, issuer) ? known : undefined;
  if ('clientId' in auth && auth.clientId) {
    if (known && known.client_id === auth.clientId && !knownHere)
      throw new GrantError(
        'untrusted',
        'The server names another authorization server than before. The client of this connection was not shown to it; enter the credentials again if it has moved.',
      );
    const secret = 'clientSecret' in auth ? auth.clientSecret : undefined;
    return { client_id: auth.clientId, ...(secret && { client_secret: secret }), issuer };
  }
  if (metadata?.client_id_metadata_document_supported === true && our.clientMetadataUrl)
    return { client_id: our.clientMetadataUrl, issuer };
  if (knownHere && isUsable(knownHere, our)) return knownHere;
  return register(choosing);
}

/** A registration is for one redirect address, and some end. */
const isUsable = ({ redirect_uris: uris, client_secret_expires_at: ends }: OAuthClient, our: OurClient): boolean =>
  uris?.includes(our.redirectUri) === true && !(ends && ends * 1_000 < Date.now());

async function register({ discovery, our, scope, fetch }: ClientChoice): Promise<OAuthClient> {
  const { issuer, metadata } = discovery;
  if (metadata && !metadata.registration_endpoint)
    throw new GrantError(
      'refused',
      'The authorization server takes known clients only. Register Nubabel there and enter its client id.',
    );
  const methods = metadata?.token_endpoint_auth_methods_supported;
  const method = methods && !methods.includes('none') ? methods[0] : undefined;
  const registered = await registerClient(issuer, {
    ...(metadata && { metadata: { ...metadata } }),
    clientMetadata: { ...clientMetadata(our), ...(method && { token_endpoint_auth_method: method }) },
    ...(scope && { scope }),
    fetchFn: fetch,
  }).catch((error: unknown) => {
    if (error instanceof GrantError) throw error;
    const why = error instanceof OAuthError && !(error instanceof ServerError) ? ` (${error.errorCode})` : '';
    throw new GrantError(
      'refused',
      `The authorization server did not register Nubabel${why}. Register it there by hand and enter its client id.`,
    );
  });
  const { client_id, client_secret, client_secret_expires_at, token_endpoint_auth_method } = registered;
  return {
    client_id,
    issuer,
    redirect_uris: [our.redirectUri],
    ...(client_secret && { client_secret }),
    ...(client_secret_expires_at && { client_secret_expires_at }),
    ...(token_endpoint_auth_method && { token_endpoint_auth_method }),
  };
}
