import {
  fetchToken,
  refreshAuthorization,
  type AddClientAuthentication,
} from '@modelcontextprotocol/sdk/client/auth.js';
import type { ConnectionAuth } from '../../../../contracts/connections.ts';
import type { AuthState } from '../../../../domain/connections/grant-state.ts';
import { discover, isSameIssuer } from './discover.ts';
import { GrantError, isRegistration } from '../../../../domain/connections/connection-ports.ts';
import type { GrantChange, OpenedGrant } from '../../../../domain/connections/grant-store.ts';
import { oauthFetch } from './oauth-fetch.ts';
import { toGrantError, toTokens, toToolCallError } from './tokens.ts';
import { constants, createPrivateKey, randomUUID, sign, type JsonWebKeyInput, type KeyObject } from 'node:crypto';

interface Renewal {
  readonly url: string | null;
  readonly auth: ConnectionAuth;
  readonly state: AuthState;
  /** The guarded one. */
  readonly fetch: typeof globalThis.fetch;
}

/** For all of a renewal, ms. */
const RENEWAL_MS = 20_000;

/** What a grant becomes by asking its server, and why it was not renewed where it was not. */
export async function askForTokens(
  { name, url, auth, state }: OpenedGrant,
  fetch: Renewal['fetch'],
): Promise<{ readonly change: GrantChange; readonly error?: unknown }> {
  const deadline = AbortSignal.timeout(RENEWAL_MS);
  const bounded: typeof fetch = (input, init) =>
    fetch(input, { ...init, signal: AbortSignal.any([deadline, ...(init?.signal ? [init.signal] : [])]) });
  try {
    return { change: { state: await renewTokens({ url, auth, state, fetch: bounded }) } };
  } catch (error) {
    if (!(error instanceof GrantError)) throw error;
    const failed = toToolCallError(error);
    if (error.fault === 'passing') return { change: {}, error: failed };
    // A machine asks anew each time: nothing of it is ever over.
    const isOver = error.fault === 'over' && auth.kind === 'oauth' && state.tokens !== undefined;
    const { client } = state;
    const isForgotten = error.fault === 'client' && client !== undefined && isRegistration(client);
    const changed = isOver ? { over: true } : isForgotten && { client: { ...client, forgotten: true } };
    return {
      change: { reconnect: `${name}: ${error.message}`, ...(changed && { state: { ...state, ...changed } }) },
      error: failed,
    };
  }
}

/** New tokens for a grant that ends, or for a machine that asks in its own name. @throws GrantError */
function renewTokens(renewing: Renewal): Promise<AuthState> {
  const { kind } = renewing.auth;
  return kind === 'client_credentials' || kind === 'private_key_jwt' ? askAsMachine(renewing) : refresh(renewing);
}

/** Goes to the server that gave the grant, whatever the resource says by now. */
async function refresh({ auth, state, fetch }: Renewal): Promise<AuthState> {
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
    throw toGrantError(error, discovery.issuer, client);
  });
  const { forgotten: _, ...stillKnown } = client;
  return { ...state, client: stillKnown, tokens: toTokens(given, tokens) };
}

async function askAsMachine({ url, auth, state, fetch }: Renewal): Promise<AuthState> {
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

type KeyAuth = Extract<ConnectionAuth, { kind: 'private_key_jwt' }>;

const LIFETIME_S = 300;
const HASH = { ES256: 'sha256', ES384: 'sha384', RS256: 'sha256', PS256: 'sha256', EdDSA: undefined } as const;
const KEY_TYPE = { ES256: 'ec', ES384: 'ec', RS256: 'rsa', PS256: 'rsa', EdDSA: 'ed25519' } as const;

/**
 * Proves who we are with a signed assertion (RFC 7523 2.2). Not the SDK's own, which can name no key (`kid`) and takes no
 * Ed25519 key as PEM.
 */
const assertWithKey =
  (auth: KeyAuth): AddClientAuthentication =>
  (_headers, params, url, metadata) => {
    params.set('client_id', auth.clientId);
    params.set('client_assertion', signAssertion(auth, metadata?.issuer ?? String(url)));
    params.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
  };

/** @throws GrantError when the key is none, or not one for the algorithm. */
export function signAssertion(auth: KeyAuth, audience: string, now = Math.floor(Date.now() / 1_000)): string {
  const { algorithm, clientId, keyId } = auth;
  const header = { alg: algorithm, typ: 'JWT', ...(keyId && { kid: keyId }) };
  const claims = { iss: clientId, sub: clientId, aud: audience, iat: now, exp: now + LIFETIME_S, jti: randomUUID() };
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const key = readKey(auth);
  const signature = sign(HASH[algorithm], Buffer.from(text), {
    key,
    ...(key.asymmetricKeyType === 'ec' && { dsaEncoding: 'ieee-p1363' as const }),
    ...(algorithm === 'PS256' && { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
  });
  return `${text}.${signature.toString('base64url')}`;
}

function readKey({ privateKey, algorithm }: KeyAuth): KeyObject {
  const problem = new GrantError('refused', `The private key cannot be read as one for ${algorithm}.`);
  try {
    const key = privateKey.trimStart().startsWith('{')
      ? createPrivateKey({ key: JSON.parse(privateKey) as JsonWebKeyInput['key'], format: 'jwk' })
      : createPrivateKey(privateKey);
    if (key.asymmetricKeyType === KEY_TYPE[algorithm]) return key;
  } catch {
    // What OpenSSL says of it helps nobody, and may quote it.
  }
  throw problem;
}
