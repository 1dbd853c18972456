import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectionAuth } from '../../../../contracts/connections.ts';
import { ToolCallError, type ConnectionRef } from '../../../../domain/tools/tool-ports.ts';
import { type Credentials, type Token } from '../../../../domain/connections/connection-ports.ts';
import type { AuthState } from '../../../../domain/connections/grant-state.ts';
import { readChallenge } from './challenge.ts';
import type { GrantChange, GrantStore, OpenedGrant } from '../../../../domain/connections/grant-store.ts';
import { askForTokens } from './renew.ts';
import { isDue, isExpired } from './tokens.ts';

interface CredentialsDeps {
  readonly store: GrantStore;
  /** The guarded one: authorization servers are addresses that tenants name. */
  readonly fetch: typeof globalThis.fetch;
}

/** A connection's credentials over a store of grants. */
export function createCredentials({ store, fetch: guarded }: CredentialsDeps): Credentials {
  const renewals = new Map<string, Promise<OpenedGrant>>();

  /** One renewal at a time here, and one in all processes by the store's lease. */
  function renewOnce(on: ConnectionRef, spent: SpentToken): Promise<OpenedGrant> {
    const key = `${on.organizationId}/${on.connectionId}`;
    const running = renewals.get(key);
    if (running) return running;
    const renewal = renewLeased({ store, fetch: guarded }, on, spent).finally(() => renewals.delete(key));
    renewals.set(key, renewal);
    return renewal;
  }

  async function current(on: ConnectionRef, read: Promise<OpenedGrant>, rejected?: string): Promise<OpenedGrant> {
    const grant = await read;
    if (!hasTokens(grant.auth)) return grant;
    const { tokens } = grant.state;
    if (grant.state.over) throw over(grant);
    if (tokens && tokens.accessToken !== rejected && !isDue(tokens)) return grant;
    const renewed = await renewOnce(on, { token: tokens?.accessToken, isRejected: rejected !== undefined });
    // A renewal that was under way may have begun with another token than the one that was rejected here.
    if (rejected === undefined || renewed.state.tokens?.accessToken !== rejected) return renewed;
    return renewOnce(on, { token: rejected, isRejected: true });
  }

  return {
    async tokenFor(on, server) {
      const opened = await store.open(on, server);
      // What had no access when it was read may have been given it since.
      return toToken(await current(on, isWithout(opened) ? store.read(on) : Promise.resolve(opened)));
    },
    async renew(on, rejectedToken) {
      const token = toToken(await current(on, store.read(on), rejectedToken));
      if (token.token === rejectedToken) throw await refusedKey(store, on);
      return token;
    },
    fetchFor: (on, server, fetch) => async (input, init) => {
      const address = new URL(input instanceof Request ? input.url : input);
      // What is for one server is shown to no other, wherever that one sends us.
      if (!server.url || address.origin !== new URL(server.url).origin) return fetch(input, init);
      const grant = await current(on, store.read(on));
      // A session that outlives a change of the connection must not carry the new credentials to the old server.
      if (!grant.url || new URL(grant.url).origin !== address.origin)
        throw new ToolCallError('refused', `${grant.name} has another address now. Nothing was sent.`);
      const renewed = (rejected: OpenedGrant) => current(on, store.read(on), rejected.state.tokens?.accessToken);
      const send = (held: OpenedGrant, request: typeof input) => fetch(request, withCredentials(held, request, init));
      return callWithGrant({ store, on, url: server.url, send, renewed }, grant, input);
    },
  };
}

/** Credentials that a server has given, as opposed to ones that a person has. */
const hasTokens = ({ kind }: ConnectionAuth): boolean => kind !== 'none' && kind !== 'api_key';

interface GrantedCall {
  readonly store: GrantStore;
  readonly on: ConnectionRef;
  readonly url: string;
  readonly send: (grant: OpenedGrant, request: string | URL | Request) => Promise<Response>;
  readonly renewed: (rejected: OpenedGrant) => Promise<OpenedGrant>;
}

/** Calls with a grant, and again with a renewed one where the server refuses it. @throws ToolCallError */
async function callWithGrant(
  { store, on, url, send, renewed }: GrantedCall,
  first: OpenedGrant,
  input: string | URL | Request,
): Promise<Response> {
  let grant = first;
  for (let tries = 1; ; tries++) {
    const response = await send(grant, input instanceof Request ? input.clone() : input);
    if (tries === 1) await stepUp({ store, on, grant, response, url });
    if (response.status !== 401) return response;
    await response.body?.cancel();
    if (!hasTokens(grant.auth) || (tries > 1 && !hasEnded(grant))) throw await refusedKey(store, on);
    if (tries === MAX_TRIES)
      throw new ToolCallError('unavailable', `Access to ${grant.name} ends before it can be used. Try again later.`);
    grant = await renewed(grant);
  }
}

/** Of one call, as long as each token had ended by the time it was looked at: a short one on a busy machine. */
const MAX_TRIES = 4;

const hasEnded = ({ state: { tokens } }: OpenedGrant): boolean => tokens !== undefined && isExpired(tokens);

const isWithout = ({ auth, state }: OpenedGrant): boolean =>
  hasTokens(auth) && (state.over === true || state.tokens === undefined);

const over = ({ name }: Pick<OpenedGrant, 'name'>) =>
  new ToolCallError('reconnect', `Access to ${name} is over. Somebody has to connect it again.`);

/** The token that will not do any more; a rejected one is of no use even before its end. */
interface SpentToken {
  readonly token: string | undefined;
  readonly isRejected: boolean;
}

/** Whoever finds another at it looks again so often, ms, and for so long before it says that access could not be renewed. */
const LOOK_AGAIN_MS = 150;
const PATIENCE_MS = 45_000;

/** The grant as it is now, or a new one. The rotated token is stored before anybody uses it, and the old one is never deleted. */
async function renewLeased(
  { store, fetch }: CredentialsDeps,
  on: ConnectionRef,
  { token: spent, isRejected }: SpentToken,
): Promise<OpenedGrant> {
  const isFresh = ({ state }: OpenedGrant): boolean =>
    state.over === true || (state.tokens !== undefined && state.tokens.accessToken !== spent && !isDue(state.tokens));
  let failed: unknown;
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await store.read(on);
    const grant = isFresh(found)
      ? found
      : await store.renew(on, async (held): Promise<GrantChange> => {
          // Whoever took the lease next finds what the one before has got.
          if (isFresh(held)) return {};
          const { change, error } = await askForTokens(held, fetch);
          failed = error;
          return change;
        });
    if (grant) return settled(grant, failed, isRejected);
    if (Date.now() > until)
      throw new ToolCallError('unavailable', `Access to ${found.name} is being renewed and takes too long.`);
    await delay(LOOK_AGAIN_MS);
  }
}

function settled(grant: OpenedGrant, failed: unknown, isRejected: boolean): OpenedGrant {
  if (grant.state.over) throw over(grant);
  if (failed === undefined) return grant;
  const { tokens } = grant.state;
  // Renewed early, so a fault that passes costs nobody a call while the token is good.
  const isGood = !isRejected && tokens !== undefined && !isExpired(tokens);
  if (isGood && failed instanceof ToolCallError && failed.kind === 'unavailable') return grant;
  throw failed;
}

function toToken({ name, auth, state }: OpenedGrant): Token {
  if (auth.kind === 'api_key') return { token: auth.apiKey, ...(auth.email && { email: auth.email }) };
  if (!state.tokens) throw new ToolCallError('reconnect', `Nobody has granted access to ${name} yet.`);
  return { token: state.tokens.accessToken };
}

function withCredentials(
  grant: OpenedGrant,
  input: string | URL | Request,
  init: RequestInit | undefined,
): RequestInit {
  const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
  const { auth } = grant;
  if (auth.kind === 'api_key' && auth.header) headers.set(auth.header, auth.apiKey);
  else if (auth.kind !== 'none') headers.set('authorization', `Bearer ${toToken(grant).token}`);
  return { ...init, headers };
}

/** What a person gave is refused: only a person can give something else. */
async function refusedKey(store: GrantStore, on: ConnectionRef): Promise<ToolCallError> {
  const { name } = await store.read(on);
  const message = `${name} does not accept the credentials of this connection. Somebody has to enter or grant them again.`;
  await store.change(on, () => ({ reconnect: message }));
  return new ToolCallError('reconnect', message);
}

interface StepUp {
  readonly store: GrantStore;
  readonly on: ConnectionRef;
  readonly grant: OpenedGrant;
  readonly response: Response;
  readonly url: string;
}

/** The server wants more than was granted: remembered for the next grant. What was asked for already is not asked for again and again. */
async function stepUp({ store, on, grant, response, url }: StepUp): Promise<void> {
  if (response.status !== 403 && response.status !== 401) return;
  const { scope, error } = readChallenge(response, url);
  if (error !== 'insufficient_scope' || !scope || grant.auth.kind !== 'oauth') return;
  await response.body?.cancel();
  const asked = new Set(grant.state.askedScope?.split(' '));
  if (scope.split(' ').every((word) => asked.has(word)))
    throw new ToolCallError(
      'refused',
      `${grant.name} wants the scope "${scope}", which was asked for already. An admin of it has to look.`,
    );
  const message = `${grant.name} wants more access than it was granted (${scope}). Somebody has to connect it again.`;
  const wanted = (state: AuthState): AuthState => ({
    ...state,
    wantedScope: [...new Set([...(state.wantedScope?.split(' ') ?? []), ...scope.split(' ')])].join(' '),
  });
  await store.change(on, ({ state }) => ({ state: wanted(state), reconnect: message }));
  throw new ToolCallError('reconnect', message);
}
