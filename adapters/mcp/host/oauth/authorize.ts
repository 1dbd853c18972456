import { exchangeAuthorization, startAuthorization } from '@modelcontextprotocol/sdk/client/auth.js';
import type { ConnectionAuth } from '../../../../contracts/connections.ts';
import type { AuthState, Discovery, OAuthClient, Tokens } from '../../../../domain/connections/grant-state.ts';
import { askForChallenge, type Challenge } from './challenge.ts';
import { ANNOUNCES_ISSUER, discover, isSameIssuer } from './discover.ts';
import { chooseClient } from './client.ts';
import {
  GrantError,
  isRegistration,
  type AuthorizationRequest,
  type AuthorizationResponse,
  type Authorizations,
  type OurClient,
} from '../../../../domain/connections/connection-ports.ts';
import { oauthFetch } from './oauth-fetch.ts';
import { toGrantError, toTokens } from './tokens.ts';

interface Guarded {
  /** The guarded one: authorization servers are addresses that tenants name. */
  readonly fetch: typeof globalThis.fetch;
}

export const createAuthorizations = (guarded: typeof globalThis.fetch): Authorizations => ({
  begin: (request) => beginAuthorization({ ...request, fetch: guarded }),
  finish: (response) => finishAuthorization({ ...response, fetch: guarded }),
});

/**
 * The address where a person grants access, and what has to be remembered until they come back. PKCE with S256, always.
 * @throws GrantError
 */
export async function beginAuthorization({
  url,
  isMcp,
  auth,
  known,
  our,
  state,
  fetch: guarded,
}: AuthorizationRequest & Guarded): ReturnType<Authorizations['begin']> {
  if (auth.kind !== 'oauth') throw new GrantError('refused', 'This connection has credentials and needs no grant.');
  const fetch = oauthFetch(guarded);
  const hasAddresses = auth.authorizationUrl !== undefined && auth.tokenUrl !== undefined;
  const challenge: Challenge = isMcp && url !== null && !hasAddresses ? await askForChallenge(url, fetch) : {};
  const { resourceMetadataUrl } = challenge;
  const discovery = await discover({ url, auth, fetch, ...(resourceMetadataUrl && { resourceMetadataUrl }) });
  refuseWithoutPkce(discovery);
  const scope = scopeToAsk(auth, known, challenge, discovery);
  const choice = { auth, discovery, our, scope, askedScope: known.askedScope, fetch };
  const start = (as: OAuthClient, word: string) => startAt({ discovery, client: as, our, scope }, word);
  let client = await chooseClient({ ...choice, known: known.client });
  const isKept = client === known.client && isRegistration(client);
  if (isKept && (await isForgotten((await start(client, 'look')).authorizationUrl, our, guarded)))
    client = await chooseClient({ ...choice, known: { ...client, forgotten: true } });
  const { authorizationUrl, codeVerifier } = await start(client, state);
  return {
    authorizationUrl: authorizationUrl.href,
    pending: { codeVerifier, redirectUri: our.redirectUri, discovery, client, ...(scope && { scope }) },
  };
}

interface Start {
  readonly discovery: Discovery;
  readonly client: OAuthClient;
  readonly our: OurClient;
  readonly scope: string | undefined;
}

const startAt = ({ discovery, client, our, scope }: Start, state: string) =>
  startAuthorization(discovery.issuer, {
    ...(discovery.metadata && { metadata: { ...discovery.metadata } }),
    clientInformation: client,
    redirectUrl: our.redirectUri,
    state,
    ...(scope && { scope }),
    ...(discovery.resource && { resource: discovery.resource }),
  }).catch(() => {
    throw new GrantError('refused', 'The authorization server does not grant access by code.');
  });

/** Longest look at where a person would be sent, ms. */
const LOOK_MS = 5_000;
/** What a server says of a client that it does not know, or not for this. A wall against programs says 403 or 429. */
const UNKNOWN_CLIENT = new Set([400, 401, 404, 410, 422, 500]);
const REFUSALS_OF_CLIENT = new Set(['invalid_client', 'unauthorized_client', 'invalid_scope']);

/**
 * Whether the server refuses a registration of ours before it asks anybody. A person who is sent there with a client that
 * it has forgotten finds an error page and never comes back, so nobody would hear of it. What cannot be told is no.
 */
async function isForgotten(at: URL, our: OurClient, fetch: typeof globalThis.fetch): Promise<boolean> {
  try {
    const response = await fetch(at, { redirect: 'manual', signal: AbortSignal.timeout(LOOK_MS) });
    await response.body?.cancel();
    const back = URL.parse(response.headers.get('location') ?? '', at);
    const isBack = back !== null && back.href.startsWith(our.redirectUri);
    return isBack ? REFUSALS_OF_CLIENT.has(back.searchParams.get('error') ?? '') : UNKNOWN_CLIENT.has(response.status);
  } catch {
    return false;
  }
}

/** A server that says what it supports and does not name S256 has none: the specification forbids to go on. */
function refuseWithoutPkce({ metadata }: Discovery): void {
  if (metadata && metadata.code_challenge_methods_supported?.includes('S256') !== true)
    throw new GrantError(
      'untrusted',
      'The authorization server does not protect codes with PKCE (S256), so access is not asked for there.',
    );
}

/** The least that will do: what was asked for since, what a person has named, what the server asks for, what it has. */
function scopeToAsk(
  auth: Extract<ConnectionAuth, { kind: 'oauth' }>,
  known: AuthState,
  challenge: Challenge,
  discovery: Discovery,
): string | undefined {
  const base = auth.scopes?.join(' ') ?? challenge.scope ?? (discovery.scopesSupported?.join(' ') || undefined);
  const words = new Set([base, known.wantedScope].flatMap((scope) => scope?.split(' ') ?? []).filter(Boolean));
  // Without it some servers give no refresh token, and people would have to come back every hour.
  if (!auth.scopes && words.size > 0 && discovery.metadata?.scopes_supported?.includes('offline_access'))
    words.add('offline_access');
  return words.size > 0 ? [...words].join(' ') : undefined;
}

/** Changes a code for tokens, at the server that was asked and nowhere else. @throws GrantError */
export async function finishAuthorization({
  pending,
  code,
  iss,
  fetch: guarded,
}: AuthorizationResponse & Guarded): Promise<AuthState> {
  const { discovery, client, codeVerifier, redirectUri, scope } = pending;
  checkIssuer(discovery, iss);
  const given = await exchangeAuthorization(discovery.issuer, {
    ...(discovery.metadata && { metadata: { ...discovery.metadata } }),
    clientInformation: client,
    authorizationCode: code,
    codeVerifier,
    redirectUri,
    ...(discovery.resource && { resource: discovery.resource }),
    fetchFn: oauthFetch(guarded),
  }).catch((error: unknown) => {
    throw toGrantError(error, discovery.issuer, client);
  });
  const tokens: Tokens = toTokens(given, undefined);
  return { discovery, client, tokens, ...(scope && { askedScope: scope }) };
}

/** The answer has to come from the server that was asked (RFC 9207): otherwise the code would be shown to another. */
export function checkIssuer({ issuer, metadata }: Discovery, iss: string | undefined): void {
  const isAnnounced = metadata?.[ANNOUNCES_ISSUER] === true;
  if (iss === undefined && !isAnnounced) return;
  if (iss !== undefined && isSameIssuer(iss, metadata?.issuer ?? issuer)) return;
  throw new GrantError('untrusted', 'The answer did not come from the authorization server that was asked.');
}
