import type { FetchLike } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { ConnectionAuth } from '../../../../contracts/connections.ts';
import type { Discovery } from '../../../../domain/connections/grant-state.ts';
import { GrantError } from '../../../../domain/connections/connection-ports.ts';
import { LATEST_PROTOCOL_VERSION } from '@modelcontextprotocol/sdk/types.js';
import { parseAnswer } from './oauth-answers.ts';

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
  if (resource && !isWithin(url, resource.resource))
    throw new GrantError(
      'untrusted',
      'The server names another resource than its own address. Nothing was asked in its name; check the address of the connection.',
    );
  const told = resource?.server;
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
    ...(resource?.scopes && { scopesSupported: resource.scopes }),
  };
}

/** Whether an address belongs to a resource: its own, or below it, in whatever spelling of host, port and last slash. */
function isWithin(url: string, resource: string): boolean {
  const [asked, named] = [new URL(url), new URL(resource)];
  const [path, of] = [asked.pathname, named.pathname].map((each) => `${each.replace(/\/+$/, '')}/`);
  return asked.origin === named.origin && path?.startsWith(of ?? '/') === true;
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

/** What a resource says of who grants access to it (RFC 9728), as far as it is used. */
interface ResourceMetadata {
  readonly resource: string;
  readonly server: string | undefined;
  readonly scopes: string[] | undefined;
}

/** Undefined only when the server says that it has none: a fault on the way must not lead to another authorization server. */
async function resourceMetadata(
  url: string,
  named: URL | undefined,
  fetch: FetchLike,
): Promise<ResourceMetadata | undefined> {
  for (const address of [...(named ? [named] : []), ...wellKnown(url, ['oauth-protected-resource'])]) {
    const said = await readDocument(address, fetch);
    if (!said) continue;
    const resource = textOf(said['resource']) ?? url;
    if (!URL.canParse(resource))
      throw new GrantError('refused', 'What the server says of who grants access to it cannot be read.');
    const servers = [said['authorization_servers']].flat().filter((one) => typeof one === 'string');
    return { resource, server: servers.find((one) => URL.canParse(one)), scopes: wordsOf(said['scopes_supported']) };
  }
  return undefined;
}

/**
 * Where a document about `of` may stand, the likeliest first: RFC 8414 and 9728 put the path behind the well-known name,
 * OpenID Connect before it, and many servers do not care which is theirs, or know only their root.
 */
function wellKnown(of: string, names: readonly string[]): URL[] {
  const { origin, pathname, search } = new URL(of);
  const path = pathname.replace(/\/+$/, '');
  const places = [
    ...names.map((name) => `/.well-known/${name}${path}${search}`),
    ...(path === '' ? [] : names.toReversed().map((name) => `${path}/.well-known/${name}`)),
    ...(path === '' && search === '' ? [] : names.map((name) => `/.well-known/${name}`)),
  ];
  // Put together, not resolved: a path that begins with two slashes would name another host.
  return places.map((place) => new URL(`${origin}${place}`));
}

const MAX_REDIRECTS = 3;

/** A place that no RFC names: what goes wrong there says nothing. */
const isGuess = ({ pathname }: URL): boolean => !/^\/\.well-known\/|\/openid-configuration$/.test(pathname);

const readDocument = (at: URL, fetch: FetchLike): Promise<Record<string, unknown> | undefined> =>
  readWithinOrigin(at, fetch).catch((error: unknown) => {
    if (isGuess(at)) return undefined;
    throw error;
  });

/** A JSON object that stands there; undefined where there is none. Redirects are followed within the origin only. */
async function readWithinOrigin(at: URL, fetch: FetchLike): Promise<Record<string, unknown> | undefined> {
  const headers = { accept: 'application/json', 'mcp-protocol-version': LATEST_PROTOCOL_VERSION };
  for (let [address, followed] = [at, 0]; followed <= MAX_REDIRECTS; followed++) {
    const response = await fetch(address, { headers, redirect: 'manual' });
    const location = response.headers.get('location');
    const isDocument = !/event-stream|html/i.test(response.headers.get('content-type') ?? '');
    if (response.ok && isDocument) return parseAnswer(await response.text().catch(() => ''));
    await response.body?.cancel();
    const next = response.status >= 300 && response.status < 400 && location ? URL.parse(location, address) : null;
    if (next?.origin !== at.origin) return undefined;
    address = next;
  }
  return undefined;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** A list of words; some servers write it as one text. */
function wordsOf(value: unknown): string[] | undefined {
  const list = typeof value === 'string' ? value.split(/[\s,]+/) : value;
  return Array.isArray(list)
    ? list.filter((word): word is string => typeof word === 'string' && word !== '')
    : undefined;
}

async function serverMetadata(
  issuer: string,
  { isTold, fetch }: { readonly isTold: boolean; readonly fetch: FetchLike },
): Promise<Discovery['metadata']> {
  let isOther = false;
  for (const address of wellKnown(issuer, ['oauth-authorization-server', 'openid-configuration'])) {
    const found = toMetadata(issuer, await readDocument(address, fetch));
    if (!found) continue;
    // RFC 8414 3.3: otherwise one server could speak in the name of another (mix-up). Where nobody has told us of it, as
    // before there was resource metadata, it may have any name at the resource's own origin.
    const isItself = isTold ? isSameIssuer(found.issuer, issuer) : isSameOrigin(found.issuer, issuer);
    if (isItself) return withWebAddresses(found);
    isOther = true;
  }
  if (!isOther) return undefined;
  throw new GrantError(
    'untrusted',
    'The authorization server calls itself by another name than it is known by. Nothing was sent to it.',
  );
}

type Metadata = NonNullable<Discovery['metadata']>;

/** RFC 9207 3. */
export const ANNOUNCES_ISSUER = 'authorization_response_iss_parameter_supported';

/** What an authorization server says of itself; what is missing or null, and can be, is as the RFC says of its absence. */
function toMetadata(issuer: string, said: Readonly<Record<string, unknown>> | undefined): Metadata | undefined {
  const [authorization, token] = [textOf(said?.['authorization_endpoint']), textOf(said?.['token_endpoint'])];
  if (!said || authorization === undefined || token === undefined) return undefined;
  const registration = textOf(said['registration_endpoint']);
  const lists = {
    scopes_supported: wordsOf(said['scopes_supported']),
    token_endpoint_auth_methods_supported: wordsOf(said['token_endpoint_auth_methods_supported']),
    code_challenge_methods_supported: wordsOf(said['code_challenge_methods_supported']),
  };
  return {
    issuer: textOf(said['issuer']) ?? issuer,
    authorization_endpoint: authorization,
    token_endpoint: token,
    ...(registration !== undefined && { registration_endpoint: registration }),
    response_types_supported: wordsOf(said['response_types_supported']) ?? ['code'],
    ...Object.fromEntries(Object.entries(lists).filter(([, words]) => words !== undefined)),
    ...(said['client_id_metadata_document_supported'] === true && { client_id_metadata_document_supported: true }),
    [ANNOUNCES_ISSUER]: said[ANNOUNCES_ISSUER] === true,
  };
}

/** @throws GrantError when an address is none, or not of the web. */
function withWebAddresses(metadata: Metadata): Metadata {
  const { authorization_endpoint, token_endpoint, registration_endpoint } = metadata;
  for (const endpoint of [authorization_endpoint, token_endpoint, registration_endpoint])
    if (endpoint !== undefined && !/^https?:$/.test(URL.parse(endpoint)?.protocol ?? ''))
      throw new GrantError('untrusted', 'The authorization server names an address that is not of the web.');
  return metadata;
}
