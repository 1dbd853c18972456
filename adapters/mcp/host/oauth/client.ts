import type { OAuthClientMetadata } from '@modelcontextprotocol/sdk/shared/auth.js';
import type { FetchLike } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { ConnectionAuth } from '../../../../contracts/connections.ts';
import type { Discovery, OAuthClient } from '../../../../domain/connections/grant-state.ts';
import { isSameIssuer } from './discover.ts';
import { errorCodeOf, parseAnswer } from './oauth-answers.ts';
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
  /** What the client that we were was asked for last; registrations from before this was kept say nothing themselves. */
  readonly askedScope: string | undefined;
  readonly fetch: FetchLike;
}

/**
 * Who we are at an authorization server: the client a person has named, our metadata document where the server reads
 * those, who we were there before, or a new registration.
 * @throws GrantError
 */
export async function chooseClient(choosing: ClientChoice): Promise<OAuthClient> {
  const { auth, discovery, known, our, scope, askedScope } = choosing;
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
  const document = our.clientMetadataUrl;
  const isRefused = knownHere?.forgotten === true && knownHere.client_id === document;
  if (metadata?.client_id_metadata_document_supported === true && document && !isRefused)
    return { client_id: document, issuer };
  if (knownHere && isUsable(knownHere, our) && mayAsk(knownHere.scope ?? askedScope, scope)) return knownHere;
  return register(choosing);
}

/** A registration is for one redirect address, and some end. */
const isUsable = (client: OAuthClient, our: OurClient): boolean =>
  client.redirect_uris?.includes(our.redirectUri) === true &&
  client.forgotten !== true &&
  !(client.client_secret_expires_at && client.client_secret_expires_at * 1_000 < Date.now());

/** Many servers hold a client to the scope that it was registered with, and answer `invalid_scope` to more for ever. */
function mayAsk(registered: string | undefined, asked: string | undefined): boolean {
  if (registered === undefined || asked === undefined) return true;
  const words = new Set(registered.split(' '));
  return asked.split(' ').every((word) => words.has(word));
}

async function register({ discovery, our, scope, fetch }: ClientChoice): Promise<OAuthClient> {
  const { issuer, metadata } = discovery;
  if (metadata && !metadata.registration_endpoint)
    throw new GrantError(
      'refused',
      'The authorization server takes known clients only. Register Nubabel there and enter its client id.',
    );
  const methods = metadata?.token_endpoint_auth_methods_supported;
  const method = methods && methods.length > 0 && !methods.includes('none') ? methods[0] : undefined;
  const response = await fetch(metadata?.registration_endpoint ?? new URL('/register', issuer), {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({
      ...clientMetadata(our),
      ...(method && { token_endpoint_auth_method: method }),
      ...(scope && { scope }),
    }),
  });
  const said = parseAnswer(await response.text());
  const id = said?.['client_id'];
  if (!response.ok || (typeof id !== 'string' && typeof id !== 'number') || id === '')
    throw new GrantError('refused', notRegistered(errorCodeOf(said)));
  const [secret, ends, given] = ['client_secret', 'client_secret_expires_at', 'token_endpoint_auth_method'].map(
    (name) => said?.[name] ?? undefined,
  );
  const granted = said?.['scope'];
  const registered = typeof granted === 'string' && granted !== '' ? granted : scope;
  return {
    client_id: String(id),
    issuer,
    redirect_uris: [our.redirectUri],
    ...(typeof secret === 'string' && secret !== '' && { client_secret: secret }),
    ...(Number(ends) > 0 && { client_secret_expires_at: Number(ends) }),
    ...(typeof given === 'string' && { token_endpoint_auth_method: given }),
    ...(registered !== undefined && { scope: registered }),
  };
}

/** RFC 7591 3.2.2. Other words are not repeated: they are the server's own. */
const REGISTRATION_ERRORS = new Set(['invalid_redirect_uri', 'invalid_client_metadata', 'access_denied']);

const notRegistered = (code: string | undefined): string =>
  `The authorization server did not register Nubabel${code && REGISTRATION_ERRORS.has(code) ? ` (${code})` : ''}. Register it there by hand and enter its client id.`;
