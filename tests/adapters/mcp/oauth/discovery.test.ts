import { afterEach, describe, expect, it } from '@jest/globals';
import { listen, sendJson, type ListeningServer } from '../../../../dev/fakes/http-server.ts';
import { readChallenge } from '../../../../adapters/mcp/host/oauth/challenge.ts';
import { discover } from '../../../../adapters/mcp/host/oauth/discover.ts';
import { oauthFetch } from '../../../../adapters/mcp/host/oauth/oauth-fetch.ts';

/** Where access is granted, as servers say it: in every place and spelling that is about. */
const servers: ListeningServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

describe('WWW-Authenticate', () => {
  const read = (...lines: string[]) => {
    const headers = new Headers();
    for (const line of lines) headers.append('www-authenticate', line);
    const { resourceMetadataUrl, ...rest } = readChallenge(
      new Response('', { status: 401, headers }),
      'https://mcp.test/mcp',
    );
    return { at: resourceMetadataUrl?.pathname, ...rest };
  };
  const AT = 'resource_metadata="https://mcp.test/meta"';
  it.each([
    ['a Basic challenge before', [`Basic realm="x", Bearer ${AT}`], { at: '/meta' }],
    [
      'commas and escapes in quotes',
      [`Basic realm="a, Bearer b=\\"c\\", d", Bearer realm="x,y", ${AT}, scope="a b"`],
      { at: '/meta', scope: 'a b' },
    ],
    ['several lines', ['Basic realm="x"', `Bearer ${AT}`], { at: '/meta' }],
    ['credentials of one word before', [`Negotiate YIIJvwYGKwYBBQUCoIIJszCCCa8=, Bearer ${AT}`], { at: '/meta' }],
    ['a scheme without anything before', [`Negotiate, Bearer ${AT}`], { at: '/meta' }],
    [
      'small letters and blanks',
      [`bearer  Resource_Metadata = "https://mcp.test/meta" ,scope=a`],
      { at: '/meta', scope: 'a' },
    ],
    ['no quotes', ['Bearer resource_metadata=meta, error=invalid_token'], { at: '/meta', error: 'invalid_token' }],
    ['another scheme that names it', [`DPoP algs="ES256", ${AT}`], { at: '/meta' }],
    [
      'a challenge of its own for the scope',
      [`Bearer ${AT}, Bearer error="insufficient_scope", scope="w"`],
      { at: '/meta', error: 'insufficient_scope', scope: 'w' },
    ],
    ['a name that only ends so', ['Bearer x_scope="no", realm="scope=no"'], {}],
    ['nothing at all', [''], {}],
    ['rubbish', ['=",,"=,Bearer =,('], {}],
  ])('is read with %s', (_, lines, expected) => {
    expect(read(...lines)).toEqual({ at: undefined, ...expected });
  });

  it('of any length is read in no time', () => {
    const at = performance.now();
    read(`Bearer ${'a="'.repeat(100_000)}`, 'x '.repeat(100_000));
    expect(performance.now() - at).toBeLessThan(500);
  });
});

describe('discovery', () => {
  /** A server of documents, by path. */
  async function serve(documents: (url: string) => Record<string, unknown>) {
    const asked: string[] = [];
    const server = await listen((req, res) => {
      asked.push(req.url ?? '');
      const found = documents(server.url)[req.url ?? ''];
      if (typeof found === 'string') {
        res.writeHead(200, { 'content-type': 'text/html' });
        return Promise.resolve(void res.end(found));
      }
      return Promise.resolve(sendJson(res, found === undefined ? 404 : 200, found ?? {}));
    });
    servers.push(server);
    return { url: server.url, asked };
  }
  const metadataOf = (issuer: string, base = issuer) => ({
    issuer,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    code_challenge_methods_supported: ['S256'],
  });
  const find = (url: string) => discover({ url, auth: { kind: 'oauth' }, fetch: oauthFetch(fetch) });

  it.each([
    ['a slash at the end', (url: string) => `${url}/mcp/`, '/mcp'],
    ['no slash where we have one', (url: string) => `${url}/mcp`, '/mcp/'],
    [
      'the host in capitals',
      (url: string) => `${url.replace('127.0.0.1', 'LOCALHOST').replace('http', 'HTTP')}/mcp`,
      '/mcp',
    ],
    ['the origin only', (url: string) => url, '/mcp'],
  ])('knows a resource with %s, and names it in its own spelling', async (_, spelled, path) => {
    const { url } = await serve((at) => ({
      '/.well-known/oauth-protected-resource/mcp': { resource: spelled(at), authorization_servers: [at] },
      '/.well-known/oauth-authorization-server': metadataOf(at),
    }));
    const asked = spelled(url).includes('LOCALHOST') ? url.replace('127.0.0.1', 'localhost') : url;
    expect((await find(`${asked}${path}`)).resource).toBe(spelled(url));
  });

  it('asks nobody but the server that was named, also where its path looks like another host', async () => {
    const asked: string[] = [];
    const fetch = oauthFetch((input) => {
      asked.push(new URL(input instanceof Request ? input.url : input).host);
      return Promise.resolve(new Response('{}', { status: 404 }));
    });
    await discover({ url: 'https://mcp.test//evil.test/mcp', auth: { kind: 'oauth' }, fetch });
    expect(new Set(asked)).toEqual(new Set(['mcp.test']));
  });

  it('knows a default port', async () => {
    const documents: Record<string, unknown> = {
      '/.well-known/oauth-protected-resource/mcp': {
        resource: 'https://mcp.test:443/mcp',
        authorization_servers: ['https://as.test'],
      },
      '/.well-known/oauth-authorization-server': metadataOf('https://as.test'),
    };
    const found = await discover({
      url: 'https://mcp.test/mcp',
      auth: { kind: 'oauth' },
      fetch: (url) => {
        const body = documents[new URL(url).pathname];
        return Promise.resolve(Response.json(body ?? {}, { status: body ? 200 : 404 }));
      },
    });
    expect(found.resource).toBe('https://mcp.test:443/mcp');
  });

  it.each([
    ['behind the path', '/tenant/.well-known/oauth-authorization-server'],
    ['as OpenID Connect has it', '/tenant/.well-known/openid-configuration'],
    ['before the path', '/.well-known/oauth-authorization-server/tenant'],
    ['as OpenID before the path', '/.well-known/openid-configuration/tenant'],
    ['at the root', '/.well-known/oauth-authorization-server'],
  ])('finds what a server says of itself %s', async (_, place) => {
    const { url } = await serve((at) => ({
      '/.well-known/oauth-protected-resource': { resource: at, authorization_servers: [`${at}/tenant`] },
      [place]: metadataOf(`${at}/tenant/`, `${at}/tenant`),
    }));
    expect((await find(`${url}/mcp`)).metadata).toMatchObject({ token_endpoint: `${url}/tenant/token` });
  });

  it.each([
    ['a page where there is no document', { '/.well-known/oauth-protected-resource/mcp': '<html>app</html>' }],
    [
      'a list of servers that is null',
      { '/.well-known/oauth-protected-resource/mcp': { authorization_servers: null, scopes_supported: null } },
    ],
  ])('goes on after %s', async (_, documents) => {
    const { url } = await serve((at) => ({
      ...documents,
      '/.well-known/oauth-authorization-server': {
        ...metadataOf(at),
        response_types_supported: null,
        registration_endpoint: null,
      },
    }));
    expect((await find(`${url}/mcp`)).metadata).toMatchObject({
      token_endpoint: `${url}/token`,
      response_types_supported: ['code'],
    });
  });

  it('never takes a resource that only begins like ours for ours', async () => {
    const { url } = await serve((at) => ({
      '/.well-known/oauth-protected-resource/mcp': { resource: `${at}/mc`, authorization_servers: [at] },
    }));
    await expect(find(`${url}/mcp`)).rejects.toMatchObject({ fault: 'untrusted' });
  });
});
