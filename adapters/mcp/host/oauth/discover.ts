import {
  discoverAuthorizationServerMetadata,
  discoverOAuthProtectedResourceMetadata,
  extractWWWAuthenticateParams,
} from '@modelcontextprotocol/sdk/client/auth.js';
import type { OAuthProtectedResourceMetadata } from '@modelcontextprotocol/sdk/shared/auth.js';
import { checkResourceAllowed, resourceUrlFromServerUrl } from '@modelcontextprotocol/sdk/shared/auth-utils.js';
import type { FetchLike } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { ConnectionAuth } from '../../../../contracts/connections.ts';
import type { Discovery } from '../../../../domain/connections/grant-state.ts';
import { GrantError } from '../../../../domain/connections/connection-ports.ts';
import { LATEST_PROTOCOL_VERSION } from '@modelcontextprotocol/sdk/types.js';

/** What is there to find an authorization server by. */
interface DiscoveryRequest {
  /** Of the resource; a provider's API without metadata has its addresses in `auth`. */
  readonly url: string | null;
  readonly auth: ConnectionAuth;
  /** As the resource's own challenge names it. */
  readonly resourceMetadataUrl?: URL;
  readonly fetch: FetchLike;
}

/**
 * Finds out who grants access to a resource: by the addresses a person has named, by the resource's metadata (RFC 9728)
 * and the server's (RFC 8414, OpenID Connect), or as servers did before there was metadata.
 * @throws GrantError
 */
export async function discover({ url, auth, resourceMetadataUrl, fetch }: DiscoveryRequest): Promise<Discovery> {
  const named = namedAddresses(auth);
  if (named) return named;
  if (url === null)
    throw new GrantError('refused', 'Nothing says where access is granted: name authorizationUrl and tokenUrl.');
  const resource = await resourceMetadata(url, resourceMetadataUrl, fetch);
  if (
    resource &&
    !checkResourceAllowed({ requestedResource: resourceUrlFromServerUrl(url), configuredResource: resource.resource })
  )
    throw new GrantError(
      'untrusted',
      'The server names another resource than its own address. Nothing was asked in its name; check the address of the connection.',
    );
  const told = resource?.authorization_servers?.[0];
  const issuer = told ?? String(new URL('/', url));
  const expected = 'issuer' in auth ? auth.issuer : undefined;
  if (expected !== undefined && !isSameIssuer(expected, issuer))
    throw new GrantError(
      'untrusted',
      'The server names another authorization server than the one these credentials are for. They were not sent.',
    );
  const metadata = await serverMetadata(issuer, { isTold: told !== undefined, fetch });
  return {
    issuer,
    ...(metadata && { metadata }),
    ...(resource && { resource: resource.resource }),
    ...(resource?.scopes_supported && { scopesSupported: resource.scopes_supported }),
  };
}

/** Two spellings of one issuer: a slash at the end, or a host in capitals. */
export function isSameIssuer(a: string, b: string): boolean {
  const [x, y] = [a, b].map((each) => (URL.canParse(each) ? new URL(each).href : each).replace(/\/$/, ''));
  return x === y;
}

const isSameOrigin = (a: string, b: string): boolean =>
  URL.canParse(a) && URL.canParse(b) && new URL(a).origin === new URL(b).origin;

/** Servers without metadata, by the addresses a person has named. */
function namedAddresses(auth: ConnectionAuth): Discovery | undefined {
  if (!('tokenUrl' in auth) || !auth.tokenUrl) return undefined;
  const authorizationUrl = 'authorizationUrl' in auth ? auth.authorizationUrl : undefined;
  if (auth.kind === 'oauth' && !authorizationUrl) return undefined;
  const issuer = ('issuer' in auth ? auth.issuer : undefined) ?? new URL(authorizationUrl ?? auth.tokenUrl).origin;
  return {
    issuer,
    metadata: {
      issuer,
      authorization_endpoint: authorizationUrl ?? auth.tokenUrl,
      token_endpoint: auth.tokenUrl,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
    },
  };
}

/** Undefined only when the server says that it has none: a fault on the way must not lead to another authorization server. */
async function resourceMetadata(
  url: string,
  resourceMetadataUrl: URL | undefined,
  fetch: FetchLike,
): Promise<OAuthProtectedResourceMetadata | undefined> {
  let isMissing = false;
  const looking: FetchLike = async (address, init) => {
    const response = await fetch(address, init);
    isMissing = response.status >= 400 && response.status < 500;
    return response;
  };
  try {
    return await discoverOAuthProtectedResourceMetadata(
      url,
      resourceMetadataUrl ? { resourceMetadataUrl } : {},
      looking,
    );
  } catch (error) {
    if (isMissing) return undefined;
    if (error instanceof GrantError) throw error;
    throw new GrantError('refused', 'What the server says of who grants access to it cannot be read.');
  }
}

async function serverMetadata(
  issuer: string,
  { isTold, fetch }: { readonly isTold: boolean; readonly fetch: FetchLike },
): Promise<Discovery['metadata']> {
  let announcesIssuer = false;
  const looking: FetchLike = async (address, init) => {
    const response = await fetch(address, init);
    if (response.ok) announcesIssuer = await isIssuerAnnounced(response.clone());
    return response;
  };
  const found = await discoverAuthorizationServerMetadata(issuer, { fetchFn: looking }).catch((error: unknown) => {
    if (error instanceof GrantError) throw error;
    throw new GrantError('refused', 'What the authorization server says of itself cannot be read.');
  });
  if (!found) return undefined;
  // RFC 8414 3.3: otherwise one server could speak in the name of another (mix-up). The SDK does not look. Where nobody
  // has told us of it, as before there was resource metadata, it may have any name at the resource's own origin.
  const isItself = isTold ? isSameIssuer(found.issuer, issuer) : isSameOrigin(found.issuer, issuer);
  if (!isItself)
    throw new GrantError(
      'untrusted',
      'The authorization server calls itself by another name than it is known by. Nothing was sent to it.',
    );
  for (const endpoint of [found.authorization_endpoint, found.token_endpoint])
    if (!/^https?:$/.test(new URL(endpoint).protocol))
      throw new GrantError('untrusted', 'The authorization server names an address that is not of the web.');
  return { ...found, [ANNOUNCES_ISSUER]: announcesIssuer };
}

/** RFC 9207 3. The SDK drops it from what an OpenID provider says of itself. */
export const ANNOUNCES_ISSUER = 'authorization_response_iss_parameter_supported';

async function isIssuerAnnounced(response: Response): Promise<boolean> {
  try {
    const said = (await response.json()) as Record<string, unknown> | null;
    return said?.[ANNOUNCES_ISSUER] === true;
  } catch {
    return false;
  }
}

/** What a resource asks for when it refuses: where its metadata is, and the scope. */
export interface Challenge {
  readonly resourceMetadataUrl?: URL;
  readonly scope?: string;
  readonly error?: string;
}

/** Reads `WWW-Authenticate`. Where the metadata is counts only at the resource's own origin. */
export function readChallenge(response: Response, resourceUrl: string): Challenge {
  const { resourceMetadataUrl: at, scope, error } = extractWWWAuthenticateParams(response);
  return {
    ...(at && at.origin === new URL(resourceUrl).origin && { resourceMetadataUrl: at }),
    ...(scope && { scope }),
    ...(error && { error }),
  };
}

/** Asks an MCP server without credentials, to be told what it wants; one that wants nothing asks for nothing. */
export async function askForChallenge(url: string, fetch: FetchLike): Promise<Challenge> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 0,
      method: 'initialize',
      params: {
        protocolVersion: LATEST_PROTOCOL_VERSION,
        capabilities: {},
        clientInfo: { name: 'nubabel', version: '0.1.0' },
      },
    }),
  });
  await response.body?.cancel();
  return response.status === 401 ? readChallenge(response, url) : {};
}
