import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFakeIdentity, type FakeIdentity } from '../../../fakes/identity/index.ts';
import { createCredentials } from '../../../../adapters/mcp/host/oauth/create-credentials.ts';
import { oauthFetch } from '../../../../adapters/mcp/host/oauth/oauth-fetch.ts';
import { isDue, toTokens } from '../../../../adapters/mcp/host/oauth/tokens.ts';
import { openHost, ON, SEALED } from './fixture.ts';

let identity: FakeIdentity;
beforeEach(async () => {
  identity = await createFakeIdentity();
});
afterEach(() => identity.close());

const refreshes = () =>
  identity.lines.filter(({ what, grant }) => what === 'token' && grant === 'refresh_token').length;

/** A connection whose access token is due, as it is a minute before its end. */
async function due() {
  const fixture = openHost(identity);
  await fixture.grant();
  const { state } = fixture.store.held;
  const before = new Date(Date.now() - 1_000).toISOString();
  const tokens = { ...state.tokens, accessToken: state.tokens?.accessToken ?? '', renewAt: before };
  fixture.store.held = { ...fixture.store.held, state: { ...state, tokens } };
  return fixture;
}

describe('a grant that ends', () => {
  it('is renewed once, whoever asks, and stored before it is used', async () => {
    const { call, store, credentials } = await due();
    const answers = await Promise.all([
      ...Array.from({ length: 25 }, () => call()),
      ...Array.from({ length: 25 }, () => credentials.tokenFor(ON, SEALED)),
    ]);
    expect(answers.filter((answer) => answer instanceof Response && answer.status !== 200)).toEqual([]);
    expect(refreshes()).toBe(1);
    expect(identity.count('reuse')).toBe(0);
    const used = new Set(
      identity.lines.flatMap(({ what, authorization }) => (what === 'resource' ? [authorization] : [])),
    );
    const told = [...used].filter(Boolean);
    expect(told).toEqual([store.stored[0]?.tokens?.accessToken]);
  });

  it('is renewed once over several hosts with one store', async () => {
    const { store } = await due();
    const hosts = [1, 2, 3].map(() => createCredentials({ store, fetch }));
    const tokens = await Promise.all(
      hosts.flatMap((host) => Array.from({ length: 10 }, () => host.tokenFor(ON, SEALED))),
    );
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(1);
    expect(refreshes()).toBe(1);
  });

  it('is renewed once when the server says no before the time, by the call and by first-party clients', async () => {
    const fixture = openHost(identity);
    await fixture.grant();
    const { token } = await fixture.credentials.tokenFor(ON, SEALED);
    identity.endAccess();
    const answers = await Promise.all([
      fixture.call(),
      fixture.call(),
      fixture.credentials.renew(ON, token),
      fixture.credentials.renew(ON, token),
    ]);
    expect(answers.map((answer) => (answer instanceof Response ? answer.status : answer.token !== token))).toEqual([
      200,
      200,
      true,
      true,
    ]);
    expect(refreshes()).toBe(1);
  });

  it('that the server takes back asks for a person, is kept, and is not tried again', async () => {
    const { call, store } = await due();
    const { refreshToken } = store.held.state.tokens ?? {};
    identity.revoke();
    await expect(call()).rejects.toMatchObject({ kind: 'reconnect' });
    await expect(call()).rejects.toMatchObject({ kind: 'reconnect' });
    expect(refreshes()).toBe(1);
    expect(store.held.state.tokens?.refreshToken).toBe(refreshToken);
    expect(store.held.state.over).toBe(true);
  });

  it.each([
    ['a fault', { status: 503 }],
    ['a limit', { status: 429, retryAfter: '7' }],
    ['a fault that calls itself an end', { status: 502, body: { error: 'invalid_grant' } }],
    ['a page instead of an answer', { status: 404, body: 'sorry' }],
  ])('is not over by %s: it is good until its end', async (_, fault) => {
    const { call, store } = await due();
    identity.settings.tokenFaults.push(fault);
    expect((await call()).status).toBe(200);
    expect(store.reconnects).toEqual([]);
    expect((await call()).status).toBe(200);
    expect(refreshes()).toBe(2);
  });

  it('cannot be used after its end, and the wait that the server names is handed on', async () => {
    const { call, store } = await due();
    identity.endAccess();
    identity.settings.tokenFaults.push({ status: 503 }, { status: 429, retryAfter: '7' });
    await expect(call()).rejects.toMatchObject({ kind: 'unavailable', retryAfterMs: 7_000 });
    expect(store.reconnects).toEqual([]);
    expect((await call()).status).toBe(200);
  });

  it.each([['bad_refresh_token'], ['token_revoked']])(
    'is over also where the provider says so with 200 and %s',
    async (error) => {
      const { call, store } = await due();
      identity.settings.tokenFaults.push({ status: 200, body: { ok: false, error } });
      await expect(call()).rejects.toMatchObject({ kind: 'reconnect' });
      expect(store.held.state.over).toBe(true);
    },
  );

  it('whose client is refused asks for a person and is tried again', async () => {
    const { call, store } = await due();
    identity.settings.tokenFaults.push({ status: 401, body: { error: 'invalid_client' } });
    await expect(call()).rejects.toMatchObject({ kind: 'reconnect' });
    expect(store.held.state.over).toBeUndefined();
    expect((await call()).status).toBe(200);
  });

  it('is told of without what the server answered, which may repeat a secret', async () => {
    const { call, store } = await due();
    identity.endAccess();
    const body = { error: 'invalid_grant', error_description: 'rt_canary is over' };
    identity.settings.tokenFaults.push({ status: 500, body }, { status: 400, body });
    for (const _ of [1, 2]) {
      const error = await call().catch((thrown: unknown) => thrown);
      expect(inspect(error, { depth: 9 })).not.toContain('canary');
    }
    expect(store.reconnects.join()).not.toContain('canary');
  });
});

describe('when a token is due', () => {
  it.each([
    [3_600, 3_539, false],
    [3_600, 3_541, true],
    [60, 29, false],
    [60, 31, true],
  ])('of %d seconds after %d: %s', (life, after, isTrue) => {
    const tokens = toTokens({ access_token: 'a', token_type: 'Bearer', expires_in: life }, undefined, 0);
    expect(isDue(tokens, after * 1_000)).toBe(isTrue);
  });

  it('never, where the server does not say', () => {
    expect(isDue(toTokens({ access_token: 'a', token_type: 'Bearer' }, undefined, 0), Number.MAX_SAFE_INTEGER)).toBe(
      false,
    );
  });
});

it('an authorization server that is away is not taken for one without metadata', async () => {
  const away = oauthFetch(() => Promise.reject(new TypeError('fetch failed')));
  await expect(away('https://as.test/.well-known/oauth-authorization-server')).rejects.toMatchObject({
    fault: 'passing',
  });
});
