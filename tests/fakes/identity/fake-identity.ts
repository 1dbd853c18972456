import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listen, parseObject, readBody, sendJson } from '../../../dev/fakes/http-server.ts';
import { openJournal } from '../../../dev/fakes/journal.ts';
import { authenticateClient } from './clients.ts';
import { passOn } from './proxy.ts';
import { FakeTokens } from './tokens.ts';
import type { FakeClient, FakeIdentity, FakeIdentityOptions, IdentityLine, IdentitySettings } from './types.ts';

/** What the routes know of the server they are part of. */
interface Server {
  url: string;
  readonly settings: IdentitySettings;
  readonly upstream: string | undefined;
  readonly tokens: FakeTokens;
  readonly clients: Map<string, FakeClient>;
  note(line: Omit<IdentityLine, 'at'>): void;
}

const DEFAULTS: IdentitySettings = {
  tokenSeconds: 3_600,
  pkceMethods: ['S256'],
  sendsIssuer: true,
  claimsIssuer: undefined,
  claimsResource: undefined,
  claimsServer: undefined,
  isOpenId: false,
  readsClientDocuments: false,
  registersClients: true,
  tokenFaults: [],
  tokenDelayMs: 0,
  beforeToken: undefined,
  bindsScopes: false,
  requiredScopes: [],
  tellsInChallengeOnly: false,
};

/** Where the resource's metadata is. */
const metadataPath = ({ settings }: Server): string =>
  settings.tellsInChallengeOnly ? '/elsewhere/metadata.json' : '/.well-known/oauth-protected-resource/mcp';

/**
 * An authorization server as OAuth 2.1 and MCP want them: metadata, registration, codes bound to PKCE and used once,
 * refresh tokens that rotate and end the whole family when one comes twice. With a resource that wants its tokens.
 */
export async function createFakeIdentity(options: FakeIdentityOptions = {}): Promise<FakeIdentity> {
  const journal = openJournal<IdentityLine>(options);
  const server: Server = {
    url: '',
    upstream: options.upstream,
    settings: { ...DEFAULTS, ...options.settings },
    tokens: new FakeTokens(),
    clients: new Map((options.clients ?? []).map((client) => [client.id, client])),
    note: (line) => journal.append({ at: new Date().toISOString(), ...line }),
  };
  const listening = await listen((req, res) => answer(server, req, res), options.port);
  server.url = listening.url;
  return {
    url: server.url,
    resourceUrl: `${server.url}/mcp`,
    settings: server.settings,
    lines: journal.lines,
    grant: async (authorizationUrl) => {
      const response = await fetch(authorizationUrl, { redirect: 'manual' });
      const location = response.headers.get('location');
      if (!location) throw new Error(`The fake sent nobody back: ${response.status} ${await response.text()}`);
      return new URL(location);
    },
    endAccess: () => server.tokens.endAccess(),
    forgetClients: () => server.clients.clear(),
    revoke: () => server.tokens.revoke(),
    count: (what, outcome) =>
      journal.lines.filter((line) => line.what === what && (!outcome || line.outcome === outcome)).length,
    close: async () => {
      await listening.close();
      journal.close();
    },
  };
}

async function answer(server: Server, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? '/', server.url);
  const route = `${req.method} ${url.pathname}`;
  const wellKnown = server.settings.isOpenId ? 'openid-configuration' : 'oauth-authorization-server';
  if (route === `GET /.well-known/${wellKnown}`) return metadata(server, res);
  if (route === `GET ${metadataPath(server)}`) return resourceMetadata(server, res);
  if (route === 'POST /register') return register(server, req, res);
  if (route === 'GET /authorize') return authorize(server, url, res);
  if (route === 'POST /token') return token(server, req, res);
  if (url.pathname === '/mcp') return resource(server, req, res);
  sendJson(res, 404, { error: 'not_found' });
}

const issuerOf = ({ settings, url }: Server) => settings.claimsIssuer ?? url;

function metadata(server: Server, res: ServerResponse): void {
  const { url, settings, note } = server;
  note({ what: 'metadata', outcome: 'server' });
  sendJson(res, 200, {
    issuer: issuerOf(server),
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    ...(settings.registersClients && { registration_endpoint: `${url}/register` }),
    response_types_supported: ['code'],
    ...(settings.isOpenId && {
      jwks_uri: `${url}/jwks`,
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    }),
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    ...(settings.pkceMethods && { code_challenge_methods_supported: settings.pkceMethods }),
    ...(settings.readsClientDocuments && { client_id_metadata_document_supported: true }),
    ...(settings.sendsIssuer && { authorization_response_iss_parameter_supported: true }),
  });
}

function resourceMetadata({ url, settings, note }: Server, res: ServerResponse): void {
  note({ what: 'metadata', outcome: 'resource' });
  sendJson(res, 200, {
    resource: settings.claimsResource ?? `${url}/mcp`,
    authorization_servers: [settings.claimsServer ?? url],
    ...(!settings.tellsInChallengeOnly &&
      settings.requiredScopes.length > 0 && { scopes_supported: settings.requiredScopes }),
  });
}

async function register({ settings, clients, note }: Server, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const asked = parseObject((await readBody(req)) ?? '');
  const uris = asked?.['redirect_uris'];
  if (!settings.registersClients || !Array.isArray(uris) || uris.length === 0) {
    note({ what: 'register', outcome: 'invalid_redirect_uri' });
    return sendJson(res, 400, { error: 'invalid_redirect_uri' });
  }
  const id = `client_${randomUUID()}`;
  const scope = typeof asked?.['scope'] === 'string' ? asked['scope'] : undefined;
  clients.set(id, { id, redirectUris: uris.map(String), ...(scope !== undefined && { scope }) });
  note({ what: 'register', outcome: 'registered', client: id, ...(scope !== undefined && { scope }) });
  sendJson(res, 201, { ...asked, client_id: id, token_endpoint_auth_method: 'none' });
}

/** The person here says yes to everything that is asked in order. */
async function authorize(server: Server, url: URL, res: ServerResponse): Promise<void> {
  const { settings, note, tokens } = server;
  const asked = Object.fromEntries(url.searchParams);
  const client = await clientOf(server, asked['client_id'] ?? '');
  const redirectUri = asked['redirect_uri'] ?? '';
  // Never sent back to an address that the client has not registered, letter by letter.
  if (!client?.redirectUris.includes(redirectUri)) {
    note({
      what: 'authorize',
      outcome: 'unknown_client_or_redirect',
      ...(asked['client_id'] && { client: asked['client_id'] }),
    });
    return sendJson(res, 400, { error: 'invalid_request' });
  }
  const back = new URL(redirectUri);
  if (asked['state'] !== undefined) back.searchParams.set('state', asked['state']);
  if (settings.sendsIssuer) back.searchParams.set('iss', issuerOf(server));
  const challenge = asked['code_challenge'];
  const isAsked = asked['response_type'] === 'code' && challenge && asked['code_challenge_method'] === 'S256';
  const scope = asked['scope'] ?? '';
  const told = {
    what: 'authorize',
    client: client.id,
    scope,
    ...(asked['resource'] && { resource: asked['resource'] }),
  } as const;
  const may = new Set(client.scope?.split(' '));
  if (settings.bindsScopes && client.scope !== undefined && !scope.split(' ').every((word) => may.has(word))) {
    note({ ...told, outcome: 'invalid_scope' });
    back.searchParams.set('error', 'invalid_scope');
  } else if (isAsked) {
    note({ ...told, outcome: 'granted' });
    const { resource } = asked;
    back.searchParams.set(
      'code',
      tokens.newCode({ client: client.id, scope, challenge, redirectUri, ...(resource && { resource }) }),
    );
  } else {
    note({ ...told, outcome: 'invalid_request' });
    back.searchParams.set('error', 'invalid_request');
  }
  res.writeHead(302, { location: back.href });
  res.end();
}

/** A client is known, or described by the document that its id is the address of. */
async function clientOf({ clients, settings }: Server, id: string): Promise<FakeClient | undefined> {
  if (!settings.readsClientDocuments || !/^https?:/.test(id)) return clients.get(id);
  const document = (await (await fetch(id)).json()) as { client_id?: string; redirect_uris?: string[] };
  if (document.client_id !== id) return undefined;
  const client = { id, redirectUris: document.redirect_uris ?? [] };
  clients.set(id, client);
  return client;
}

async function token(server: Server, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { settings, note, clients } = server;
  const body = new URLSearchParams((await readBody(req)) ?? '');
  const grant = body.get('grant_type') ?? '';
  if ((await settings.beforeToken?.()) === 'ignore') return;
  const fault = settings.tokenFaults.shift();
  if (fault) {
    note({ what: 'token', outcome: `fault ${fault.status}`, grant });
    if (typeof fault.body === 'string') return sendText(res, fault.status, fault.body);
    return sendJson(
      res,
      fault.status,
      fault.body ?? { error: 'server_error' },
      fault.retryAfter ? { 'retry-after': fault.retryAfter } : {},
    );
  }
  const client = authenticateClient(req, body, clients, server.url);
  const given = client ? giveTokens(server, client, grant, body) : 'invalid_client';
  const outcome = typeof given === 'string' ? given : 'given';
  note({
    what: 'token',
    outcome,
    grant,
    ...(client && { client: client.id }),
    ...optional('resource', body.get('resource')),
  });
  if (settings.tokenDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, settings.tokenDelayMs));
  if (typeof given === 'string') sendJson(res, given === 'invalid_client' ? 401 : 400, { error: given });
  else sendJson(res, 200, given);
}

function sendText(res: ServerResponse, status: number, text: string): void {
  res.writeHead(status, { 'content-type': 'text/plain' });
  res.end(text);
}

const optional = (name: string, value: string | null) => (value ? { [name]: value } : {});

function giveTokens({ tokens, settings, note }: Server, client: FakeClient, grant: string, body: URLSearchParams) {
  const of = (name: string) => body.get(name) ?? '';
  if (grant === 'client_credentials') {
    if (!client.secret && !client.publicKey) return 'unauthorized_client';
    return tokens.give(
      tokens.newFamily(client.id, of('scope'), body.get('resource') ?? undefined),
      settings.tokenSeconds,
      false,
    );
  }
  const family =
    grant === 'authorization_code'
      ? tokens.useCode(of('code'), {
          client: client.id,
          verifier: of('code_verifier'),
          redirectUri: of('redirect_uri'),
        })
      : grant === 'refresh_token'
        ? tokens.useRefresh(of('refresh_token'), client.id)
        : undefined;
  if (family === 'reuse') note({ what: 'reuse', outcome: 'family_ended', grant, client: client.id });
  if (!family || family === 'reuse') return 'invalid_grant';
  return tokens.give(family, settings.tokenSeconds, true);
}

/** Stands for an MCP server: takes our tokens for itself only, and echoes who may come in. */
async function resource(server: Server, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { url, settings, tokens, note } = server;
  const text = (await readBody(req)) ?? '';
  const given = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1];
  const family = given ? tokens.check(given) : undefined;
  const told = { what: 'resource', ...(given && { authorization: given }) } as const;
  const scope = settings.requiredScopes.join(' ');
  const challenge = `Bearer resource_metadata="${url}${metadataPath(server)}"${scope && `, scope="${scope}"`}`;
  if (!family || (family.resource !== undefined && family.resource !== `${url}/mcp`)) {
    note({ ...told, outcome: 'unauthorized' });
    return sendJson(res, 401, { error: 'invalid_token' }, { 'www-authenticate': challenge });
  }
  const granted = new Set(family.scope.split(' '));
  if (!settings.requiredScopes.every((each) => granted.has(each))) {
    note({ ...told, outcome: 'insufficient_scope' });
    return sendJson(
      res,
      403,
      { error: 'insufficient_scope' },
      { 'www-authenticate': `${challenge}, error="insufficient_scope"` },
    );
  }
  note({ ...told, outcome: 'served' });
  if (server.upstream !== undefined) return passOn(server.upstream, { req, res, body: text });
  sendJson(res, 200, { jsonrpc: '2.0', id: parseObject(text)?.['id'] ?? null, result: { client: family.client } });
}
