import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFakeIdentity, type FakeIdentity } from '../../../fakes/identity/index.ts';
import { createGuardedFetch } from '../../../../adapters/mcp/host/egress.ts';
import { beginAuthorization, checkIssuer, finishAuthorization } from '../../../../adapters/mcp/host/oauth/authorize.ts';
import { readChallenge } from '../../../../adapters/mcp/host/oauth/challenge.ts';
import { openHost, OUR } from './fixture.ts';

let identity: FakeIdentity;
beforeEach(async () => {
  identity = await createFakeIdentity();
});
afterEach(() => identity.close());

const begin = (fixture = openHost(identity)) => {
  const { url, auth, state: known } = fixture.store.held;
  return beginAuthorization({ url, isMcp: true, auth, known, our: OUR, state: 's', fetch });
};

/** Nothing was told to anybody. */
const expectNothingSent = () => {
  expect(identity.count('token')).toBe(0);
  expect(identity.lines.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
};

describe('access is not asked for at a server that', () => {
  it.each([
    ['says nothing of PKCE', { pkceMethods: undefined }],
    ['knows plain PKCE only', { pkceMethods: ['plain'] }],
    ['speaks in another name', { claimsIssuer: 'https://honest.test' }],
    ['names another resource', { claimsResource: 'https://honest.test/mcp' }],
  ])('%s', async (_, settings) => {
    Object.assign(identity.settings, settings);
    await expect(begin()).rejects.toMatchObject({ fault: 'untrusted' });
    expect(identity.count('register')).toBe(0);
    expectNothingSent();
  });
});

describe('a code is not shown', () => {
  it.each([
    ['when it comes from another server (mix-up)', 'https://attacker.test'],
    ['when it does not say from where, though the server always does', undefined],
  ])('%s', async (_, iss) => {
    const { pending, authorizationUrl } = await begin();
    const code = (await identity.grant(authorizationUrl)).searchParams.get('code') ?? '';
    await expect(finishAuthorization({ pending, code, iss, fetch })).rejects.toMatchObject({ fault: 'untrusted' });
    expectNothingSent();
  });

  it('twice with any use: the server ends what came of it', async () => {
    const fixture = openHost(identity);
    const { pending, authorizationUrl } = await begin(fixture);
    const back = await identity.grant(authorizationUrl);
    const given = { pending, code: back.searchParams.get('code') ?? '', iss: identity.url, fetch };
    const state = await finishAuthorization(given);
    fixture.store.held = { ...fixture.store.held, state };
    await expect(finishAuthorization(given)).rejects.toMatchObject({ fault: 'over' });
    await expect(fixture.call()).rejects.toMatchObject({ kind: 'reconnect' });
  });

  it('without the verifier that was made for it', async () => {
    const [one, two] = [await begin(), await begin()];
    const back = await identity.grant(one.authorizationUrl);
    const given = { code: back.searchParams.get('code') ?? '', iss: identity.url, fetch };
    await expect(finishAuthorization({ ...given, pending: two.pending })).rejects.toMatchObject({ fault: 'over' });
  });
});

it('an OpenID provider that always says where from may not leave it away either', async () => {
  identity.settings.isOpenId = true;
  const { pending, authorizationUrl } = await begin();
  const code = (await identity.grant(authorizationUrl)).searchParams.get('code') ?? '';
  const returning = { pending, code, fetch };
  await expect(finishAuthorization({ ...returning, iss: undefined })).rejects.toMatchObject({ fault: 'untrusted' });
  expectNothingSent();
  expect((await finishAuthorization({ ...returning, iss: identity.url })).tokens?.accessToken).toMatch(/^at_/);
});

it.each([
  ['our own network', 'http://10.0.0.7'],
  ['a cloud’s metadata', 'http://169.254.169.254/latest'],
  ['this machine by another name', 'https://localhost.:8443'],
])('a server cannot send us for access to %s', async (_, address) => {
  identity.settings.claimsServer = address;
  const strict = createGuardedFetch({ allowPrivate: false });
  const reached: string[] = [];
  const egress: typeof fetch = (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.origin === identity.url) return fetch(input, init);
    reached.push(url.host);
    return strict(input, init);
  };
  const { url, auth } = openHost(identity).store.held;
  const begun = beginAuthorization({ url, isMcp: true, auth, known: {}, our: OUR, state: 's', fetch: egress });
  await expect(begun).rejects.toMatchObject({ fault: 'untrusted' });
  expect(reached).toEqual([new URL(address).host]);
});

it('a server without the announcement may leave iss away, and may not name another', () => {
  const metadata = {
    issuer: 'https://as.test',
    authorization_endpoint: '',
    token_endpoint: '',
    response_types_supported: [],
  };
  expect(() => checkIssuer({ issuer: 'https://as.test', metadata }, undefined)).not.toThrow();
  expect(() => checkIssuer({ issuer: 'https://as.test', metadata }, 'https://as.test')).not.toThrow();
  expect(() => checkIssuer({ issuer: 'https://as.test' }, 'https://as.test.evil')).toThrow(/did not come from/);
});

it('a client that a person named is not shown to a server that took the place of another', async () => {
  const known = { id: 'known', secret: 'hush', redirectUris: [OUR.redirectUri] };
  await identity.close();
  identity = await createFakeIdentity({ clients: [known] });
  const fixture = openHost(identity, { kind: 'oauth', clientId: 'known', clientSecret: 'hush' });
  const client = { client_id: 'known', issuer: 'https://honest.test' };
  fixture.store.held = { ...fixture.store.held, state: { client } };
  await expect(begin(fixture)).rejects.toMatchObject({ fault: 'untrusted' });
  expectNothingSent();
});

it('metadata is read where the server itself is, whatever its challenge says', () => {
  const refusal = new Response('', {
    status: 401,
    headers: { 'www-authenticate': 'Bearer resource_metadata="http://169.254.169.254/x", scope="a"' },
  });
  expect(readChallenge(refusal, 'https://mcp.test/mcp')).toEqual({ scope: 'a' });
});
