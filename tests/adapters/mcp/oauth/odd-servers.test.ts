import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { discover } from '../../../../adapters/mcp/host/oauth/discover.ts';
import { oauthFetch } from '../../../../adapters/mcp/host/oauth/oauth-fetch.ts';
import { createFakeIdentity, type FakeIdentity } from '../../../fakes/identity/index.ts';
import { openHost, ON, SEALED } from './fixture.ts';

/** Authorization servers as they are, and not as the RFCs want them. */
let identity: FakeIdentity;
beforeEach(async () => {
  identity = await createFakeIdentity();
});
afterEach(() => identity.close());

const answers = (body: unknown) => identity.settings.tokenFaults.push({ status: 200, body });
const GIVEN = { access_token: 'at_odd', token_type: 'Bearer', refresh_token: 'rt_odd', expires_in: 3_600 };

describe('a code is not spent for nothing by an answer with', () => {
  it.each([
    ['refresh_token null', { ...GIVEN, refresh_token: null }, { refreshToken: undefined }],
    ['refresh_token empty', { ...GIVEN, refresh_token: '' }, { refreshToken: undefined }],
    ['scope null', { ...GIVEN, scope: null }, { scope: undefined }],
    ['scope as a list', { ...GIVEN, scope: ['read', 'write'] }, { scope: 'read write' }],
    ['no token_type', { ...GIVEN, token_type: undefined }, {}],
    ['token_type null', { ...GIVEN, token_type: null }, {}],
    ['token_type in capitals', { ...GIVEN, token_type: 'BEARER' }, {}],
    ['an id_token of null', { ...GIVEN, id_token: null }, {}],
    ['error null beside the token', { ...GIVEN, error: null }, {}],
    ['Slack’s token of a person', { ok: true, access_token: null, authed_user: GIVEN }, {}],
    ['GitHub’s form', 'access_token=at_odd&scope=repo%2Cgist&token_type=bearer', { scope: 'repo,gist' }],
  ])('%s', async (_, body, expected) => {
    const { grant, store, call } = openHost(identity);
    answers(body);
    await grant();
    const { tokens } = store.held.state;
    expect(tokens).toMatchObject({ accessToken: 'at_odd' });
    for (const [name, value] of Object.entries(expected)) expect(tokens?.[name as 'scope']).toBe(value);
    expect(identity.count('token')).toBe(1);
    // It is carried as a bearer token, whatever it calls itself.
    await call().catch(() => undefined);
    expect(identity.lines.find(({ what, authorization }) => what === 'resource' && authorization)).toMatchObject({
      authorization: 'at_odd',
    });
  });
});

describe('how long a token is good', () => {
  it.each([
    ['null', null, undefined],
    ['an empty text', '', undefined],
    ['words', 'never', undefined],
    ['0, as of tokens that do not end', 0, undefined],
    ['a negative number', -1, undefined],
    ['"0"', '0', undefined],
    ['a text', '3600', 3_600],
    ['a number', 3_600, 3_600],
    ['more than any clock can show', 1e20, 315_360_000],
  ])('expires_in %s', async (_, expires_in, seconds) => {
    const { grant, store, credentials } = openHost(identity);
    answers({ ...GIVEN, expires_in });
    const at = Date.now();
    await grant();
    const { expiresAt } = store.held.state.tokens ?? {};
    const lives = expiresAt === undefined ? undefined : (Date.parse(expiresAt) - at) / 1_000;
    if (seconds === undefined) expect(lives).toBeUndefined();
    else expect(Math.abs((lives ?? 0) - seconds)).toBeLessThan(5);
    // It is used until it is refused, and not renewed with every call.
    expect((await credentials.tokenFor(ON, SEALED)).token).toBe('at_odd');
    expect(identity.count('token')).toBe(1);
  });
});

describe('an error is heard', () => {
  const askToken = (body: string, { status = 200, type = 'application/json' } = {}) =>
    oauthFetch(() => Promise.resolve(new Response(body, { status, headers: { 'content-type': type } })))(
      'https://as.test/token',
      { method: 'POST', body: new URLSearchParams() },
    ).then(async (response) => [response.status, await response.text()]);
  it.each([
    ['with 200', '{"error":"invalid_grant"}', {}, [400, '{"error":"invalid_grant"}']],
    ['with 200 as text/plain', '{"error":"invalid_grant"}', { type: 'text/plain' }, [400, '{"error":"invalid_grant"}']],
    [
      'with 200 as a form',
      'error=bad_verification_code&error_description=The+code',
      { type: 'application/x-www-form-urlencoded' },
      [400, '{"error":"invalid_grant"}'],
    ],
    ['in Slack’s words', '{"ok":false,"error":"invalid_client_id"}', {}, [400, '{"error":"invalid_client"}']],
    ['in GitHub’s words', '{"error":"incorrect_client_credentials"}', {}, [400, '{"error":"invalid_client"}']],
    ['in capitals', '{"error":"INVALID_GRANT"}', { status: 400 }, [400, '{"error":"invalid_grant"}']],
    [
      'with a null beside',
      '{"error":"invalid_grant","error_description":null}',
      { status: 400 },
      [400, '{"error":"invalid_grant"}'],
    ],
    [
      'inside of an object',
      '{"error":{"code":"invalid_grant","message":"x"}}',
      { status: 400 },
      [400, '{"error":"invalid_grant"}'],
    ],
    ['as 401 without a word', '', { status: 401 }, [401, '{"error":"invalid_client"}']],
    ['by the name of a prototype', '{"error":"constructor"}', { status: 400 }, [400, '{"error":"constructor"}']],
  ])('%s', async (_, body, init, expected) => {
    expect(await askToken(body, init)).toEqual(expected);
  });
});

describe('a registration that the server has forgotten', () => {
  /** As after a restart of a server that keeps clients in memory. */
  async function forgotten() {
    const fixture = openHost(identity);
    await fixture.grant();
    identity.forgetClients();
    return fixture;
  }

  it.each([['invalid_client'], ['unauthorized_client']])(
    'with %s asks for a person once, and the next grant registers anew',
    async (error) => {
      const fixture = openHost(identity);
      await fixture.grant();
      identity.endAccess();
      identity.settings.tokenFaults.push({ status: 401, body: { error } });
      await expect(fixture.call()).rejects.toMatchObject({
        kind: 'reconnect',
        message: expect.stringMatching(/registers again/) as unknown,
      });
      await fixture.grant();
      expect(identity.count('register', 'registered')).toBe(2);
      expect((await fixture.call()).status).toBe(200);
    },
  );

  it('is not shown to a person: nobody is sent to an error page', async () => {
    const { grant, call } = await forgotten();
    await grant();
    expect(identity.count('register', 'registered')).toBe(2);
    expect((await call()).status).toBe(200);
  });

  it('is found out by a renewal, and then registered anew', async () => {
    const { grant, call, store } = await forgotten();
    identity.endAccess();
    await expect(call()).rejects.toMatchObject({ kind: 'reconnect' });
    expect(store.held.state.client?.forgotten).toBe(true);
    await grant();
    expect((await call()).status).toBe(200);
    expect(store.held.state.client?.forgotten).toBeUndefined();
  });

  it('is not given up for a client that a person has named', async () => {
    await identity.close();
    identity = await createFakeIdentity({ clients: [{ id: 'named', secret: 'hush', redirectUris: [] }] });
    const { store, call } = openHost(identity, { kind: 'oauth', clientId: 'named', clientSecret: 'hush' });
    const client = { client_id: 'named', issuer: identity.url };
    const discovery = await discover({ url: identity.resourceUrl, auth: { kind: 'oauth' }, fetch });
    const tokens = { accessToken: 'at', refreshToken: 'rt', renewAt: new Date(0).toISOString() };
    store.held = { ...store.held, state: { client, discovery, tokens } };
    identity.endAccess();
    identity.settings.tokenFaults.push({ status: 401, body: { error: 'invalid_client' } });
    await expect(call()).rejects.toMatchObject({
      kind: 'reconnect',
      message: expect.stringMatching(/id and secret/) as unknown,
    });
    expect(identity.count('register')).toBe(0);
    expect(store.held.state.client).toEqual(client);
  });
});

it('a registration of the first scope is not sent for ever with more: it registers anew with all', async () => {
  Object.assign(identity.settings, { requiredScopes: ['read'], bindsScopes: true });
  const { call, grant } = openHost(identity);
  await grant();
  identity.settings.requiredScopes = ['read', 'write'];
  await expect(call()).rejects.toMatchObject({ kind: 'reconnect' });
  await grant();
  expect((await call()).status).toBe(200);
  const registered = identity.lines.filter(({ what }) => what === 'register').map(({ scope }) => scope);
  expect(registered).toEqual(['read', 'read write']);
  expect(identity.count('authorize', 'invalid_scope')).toBe(0);
});
