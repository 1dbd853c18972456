import { describe, expect, it } from '@jest/globals';
import { createAuthorizedProviderClient } from '../../../../adapters/mcp/host/authorized-provider-client.ts';
import { createCredentials } from '../../../../adapters/mcp/host/oauth/create-credentials.ts';
import { ProviderError, type Provider } from '../../../../adapters/mcp/servers/define.ts';
import { jira } from '../../../../adapters/mcp/servers/jira/index.ts';
import type { GrantStore, OpenedGrant } from '../../../../domain/connections/grant-store.ts';
import type { ConnectedServer } from '../../../../domain/tools/tool-ports.ts';

const on = { organizationId: 'o', connectionId: 'c' };
const OVER = 'over';
const grantOf = (accessToken: string): OpenedGrant => ({
  name: 'Sales',
  url: 'https://sales.test',
  auth: { kind: 'oauth' },
  state: { tokens: { accessToken, refreshToken: 'r' }, ...(accessToken === OVER && { over: true }) },
});

/** The connection was read with one token; by now another process has renewed it, and the provider takes the new one. */
function open(read: string, stored: string) {
  const store: GrantStore = {
    read: () => Promise.resolve(grantOf(stored)),
    open: (_, { name }) => Promise.resolve(grantOf(name)),
    change: () => Promise.reject(new Error('Nothing has to be renewed.')),
    renew: () => Promise.reject(new Error('Nothing has to be renewed.')),
  };
  const provider = {
    provider: 'sales',
    title: 'Sales',
    createClient: ({ token }: { token: string }) => ({ token }),
    tools: [],
  } as unknown as Provider;
  const serverOf = (token: string) => ({ name: token, url: null, settings: {} }) as unknown as ConnectedServer;
  const credentials = createCredentials({ store, fetch: () => Promise.reject(new Error('Nobody is asked.')) });
  const client = createAuthorizedProviderClient({ on, server: serverOf(read), provider, credentials, fetch });
  const options = { signal: new AbortController().signal, timeoutMs: 1_000 };
  const ask = () =>
    client.use(options, (api) => {
      const { token } = api as { token: string };
      if (token !== stored) throw new ProviderError('unauthorized', 'That token is over.');
      return Promise.resolve(token);
    });
  return { client, ask, serverOf };
}

describe('a grant that was renewed after the connection had been read', () => {
  it('is used once the token that was read is refused', async () => {
    await expect(open('old', 'new').ask()).resolves.toBe('new');
  });

  it('goes on being used by calls that have read the connection before', async () => {
    const { client, ask, serverOf } = open('old', 'new');
    await ask();
    client.authorizeAs(serverOf('old'));
    await expect(client.open()).resolves.toMatchObject({ client: { token: 'new' } });
  });

  it('is used where access was over before', async () => {
    await expect(open(OVER, 'new').ask()).resolves.toBe('new');
    await expect(open(OVER, OVER).ask()).rejects.toMatchObject({ kind: 'reconnect' });
  });

  it('is what serves calls over the protocol too', async () => {
    const { client } = open('old', 'new');
    await expect(client.open()).resolves.toMatchObject({ client: { token: 'old' } });
    await client.renew();
    await expect(client.open()).resolves.toMatchObject({ client: { token: 'new' } });
  });
});

describe('a key that the provider refuses', () => {
  it('is told with what to do about it, where the provider knows', async () => {
    const key: OpenedGrant = { ...grantOf('scoped'), auth: { kind: 'api_key', apiKey: 'scoped' }, state: {} };
    const store: GrantStore = {
      read: () => Promise.resolve(key),
      open: () => Promise.resolve(key),
      change: () => Promise.resolve(key),
      renew: () => Promise.reject(new Error('A key is not renewed.')),
    };
    const fetch = (() =>
      Promise.resolve(Response.json({ errorMessages: ['No.'] }, { status: 401 }))) as typeof globalThis.fetch;
    const server = { name: 'Jira', url: 'https://jira.acme.example', settings: {} } as unknown as ConnectedServer;
    const credentials = createCredentials({ store, fetch });
    const client = createAuthorizedProviderClient({ on, server, provider: jira, credentials, fetch });
    const options = { signal: new AbortController().signal, timeoutMs: 1_000 };
    await expect(client.use(options, (api, context) => jira.whoAmI(api as never, context))).rejects.toMatchObject({
      kind: 'reconnect',
      message: expect.stringMatching(/A token with scopes is taken only at https:\/\/api\.atlassian\.com/) as unknown,
    });
  });
});
