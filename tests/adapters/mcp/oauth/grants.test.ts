import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createFakeIdentity, type FakeIdentity } from '../../../fakes/identity/index.ts';
import { listen, sendJson, type ListeningServer } from '../../../../dev/fakes/http-server.ts';
import { clientIdDocument } from '../../../../adapters/mcp/host/oauth/client.ts';
import { openHost, ON, OUR, SEALED } from './fixture.ts';

let identity: FakeIdentity;
beforeEach(async () => {
  identity = await createFakeIdentity();
});
afterEach(() => identity.close());

const lastOf = (what: string) => identity.lines.findLast((line) => line.what === what);

describe('a grant', () => {
  it('is found, asked for with PKCE and for this resource only, and opens the door', async () => {
    const { call, grant } = openHost(identity);
    await expect(call()).rejects.toMatchObject({ name: 'ToolCallError', kind: 'reconnect' });
    expect(identity.count('resource')).toBe(0);
    await grant();
    expect((await call()).status).toBe(200);
    expect(lastOf('authorize')).toMatchObject({ outcome: 'granted', resource: identity.resourceUrl });
    expect(lastOf('token')).toMatchObject({ outcome: 'given', resource: identity.resourceUrl });
    expect(identity.count('register', 'registered')).toBe(1);
  });

  it('registers once: the next grant is asked for by the same client', async () => {
    const { grant } = openHost(identity);
    await grant();
    await grant();
    expect(identity.count('register')).toBe(1);
    expect(identity.count('token', 'given')).toBe(2);
  });

  it('goes by the client that a person has named, before anything else', async () => {
    await identity.close();
    const known = { id: 'known', secret: 'hush', redirectUris: [OUR.redirectUri] };
    identity = await createFakeIdentity({ clients: [known], settings: { readsClientDocuments: true } });
    const { call, grant } = openHost(identity, { kind: 'oauth', clientId: 'known', clientSecret: 'hush' });
    await grant({ ...OUR, clientMetadataUrl: 'https://nubabel.test/oauth/client-metadata.json' });
    expect((await call()).status).toBe(200);
    expect(lastOf('token')).toMatchObject({ client: 'known' });
    expect(identity.count('register')).toBe(0);
  });

  describe('by our client-id document', () => {
    let publicly: ListeningServer;
    const ours = () => ({ ...OUR, clientMetadataUrl: `${publicly.url}/oauth/client-metadata.json` });
    beforeAll(async () => {
      publicly = await listen((_, res) => Promise.resolve(sendJson(res, 200, clientIdDocument(ours()))));
    });
    afterAll(() => publicly.close());

    it('registers nowhere where the server reads it', async () => {
      identity.settings.readsClientDocuments = true;
      const { call, grant } = openHost(identity);
      await grant(ours());
      expect((await call()).status).toBe(200);
      expect(lastOf('token')).toMatchObject({ client: `${publicly.url}/oauth/client-metadata.json` });
      expect(identity.count('register')).toBe(0);
    });

    it('registers where the server does not', async () => {
      const { grant } = openHost(identity);
      await grant(ours());
      expect(identity.count('register', 'registered')).toBe(1);
    });
  });

  it('says what to do where there is no way to be a client', async () => {
    identity.settings.registersClients = false;
    await expect(openHost(identity).grant()).rejects.toMatchObject({
      fault: 'refused',
      message: expect.stringMatching(/takes known clients only.*client id/) as unknown,
    });
  });

  it('is found without metadata by the two addresses that a person names', async () => {
    await identity.close();
    const known = { id: 'known', redirectUris: [OUR.redirectUri] };
    identity = await createFakeIdentity({ clients: [known], settings: { sendsIssuer: false } });
    const addresses = { authorizationUrl: `${identity.url}/authorize`, tokenUrl: `${identity.url}/token` };
    const { call, grant } = openHost(identity, { kind: 'oauth', clientId: 'known', scopes: ['read'], ...addresses });
    await grant();
    expect(identity.count('metadata')).toBe(0);
    expect(lastOf('authorize')).toMatchObject({ scope: 'read' });
    expect((await call()).status).toBe(200);
  });

  it('is found by what the resource says only when it refuses', async () => {
    Object.assign(identity.settings, { tellsInChallengeOnly: true, requiredScopes: ['read'] });
    const { call, grant } = openHost(identity);
    await grant();
    expect(lastOf('authorize')).toMatchObject({ scope: 'read', resource: identity.resourceUrl });
    expect((await call()).status).toBe(200);
  });

  it('asks for what the resource wants, and for more once it wants more, and not for ever', async () => {
    identity.settings.requiredScopes = ['read'];
    const { call, grant, store } = openHost(identity);
    await grant();
    expect(lastOf('authorize')).toMatchObject({ scope: 'read' });
    expect((await call()).status).toBe(200);
    identity.settings.requiredScopes = ['read', 'write'];
    await expect(call()).rejects.toMatchObject({
      kind: 'reconnect',
      message: expect.stringContaining('write') as unknown,
    });
    expect(store.reconnects).toHaveLength(1);
    await grant();
    expect(lastOf('authorize')).toMatchObject({ scope: 'read write' });
    expect((await call()).status).toBe(200);
    identity.settings.requiredScopes = ['read', 'write', 'never'];
    await expect(call()).rejects.toMatchObject({ kind: 'reconnect' });
    store.held = { ...store.held, state: { ...store.held.state, askedScope: 'read write never' } };
    await expect(call()).rejects.toMatchObject({ kind: 'refused' });
  });
});

it('credentials go to their own server and to no other', async () => {
  const { connected, grant } = openHost(identity);
  await grant();
  const seen: (string | undefined)[] = [];
  const other = await listen((req, res) => {
    seen.push(req.headers.authorization);
    return Promise.resolve(sendJson(res, 200, {}));
  });
  await connected(`${other.url}/mcp`, { method: 'POST' });
  await other.close();
  expect(seen).toEqual([undefined]);
});

it('credentials that were given for another address since do not go to the old one', async () => {
  const { call, store } = openHost(identity, { kind: 'api_key', apiKey: 'key-canary' });
  store.held = { ...store.held, url: 'https://other.test/mcp' };
  await expect(call()).rejects.toMatchObject({ kind: 'refused' });
  expect(identity.lines).toEqual([]);
});

describe('a key', () => {
  it.each([
    ['as a bearer token', {}, 'authorization', 'Bearer key-canary'],
    ['in a header of its own', { header: 'X-Api-Key' }, 'x-api-key', 'key-canary'],
  ])('goes %s', async (_, more, header, value) => {
    const seen: unknown[] = [];
    const server = await listen((req, res) => {
      seen.push(req.headers[header]);
      return Promise.resolve(sendJson(res, 200, {}));
    });
    const { call, credentials } = openHost(
      identity,
      { kind: 'api_key', apiKey: 'key-canary', email: 'ada@acme.test', ...more },
      server.url,
    );
    await call();
    await server.close();
    expect(seen).toEqual([value]);
    expect(await credentials.tokenFor(ON, SEALED)).toEqual({ token: 'key-canary', email: 'ada@acme.test' });
  });

  it('that is refused asks for a person, once, and is not quoted', async () => {
    const { call, store } = openHost(identity, { kind: 'api_key', apiKey: 'key-canary' });
    const failed = await call().catch((error: unknown) => error);
    expect(failed).toMatchObject({ kind: 'reconnect' });
    expect(String(failed)).not.toContain('canary');
    expect(store.reconnects.join()).not.toContain('canary');
    expect(identity.count('resource')).toBe(1);
  });
});
