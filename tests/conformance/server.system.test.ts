import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import { Hono } from 'hono';
import { pino } from 'pino';
import type { ApiEnv } from '../../api/deps.ts';
import { mcpRoutes } from '../../api/mcp/routes.ts';
import { createMcpSessions } from '../../api/mcp/sessions.ts';
import { onError } from '../../api/problems.ts';
import { withOrganization } from '../../db/organization.ts';
import { putOrganization, putToken, putUser } from '../../db/queries/organizations.ts';
import { providers } from '../../adapters/mcp/servers/index.ts';
import { createOfferingHost } from '../support/offering-host.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { hashToken } from '../../domain/organizations/organizations.ts';
import { isDatabaseAway } from '../../db/database.ts';

const run = promisify(execFile);
const CONFORMANCE = 'node_modules/@modelcontextprotocol/conformance/dist/index.js';

/**
 * What every server must do. All other scenarios call tools, prompts and resources of a server that is made for them,
 * or need capabilities that ours do not declare.
 */
const GENERIC = ['server-initialize', 'ping', 'tools-list', 'server-sse-multiple-streams', 'dns-rebinding-protection'];

let database: TestDatabase;
let server: ServerType;
let origin: string;
const sessions = createMcpSessions();
const token = `nub_${randomUUID()}`;

async function addPerson(organizationId: string): Promise<void> {
  const userId = randomUUID();
  await withOrganization(database.db, organizationId, async (trx) => {
    await putOrganization(trx, { id: organizationId, name: 'Conformance' });
    await putUser(trx, { organization_id: organizationId, id: userId, name: 'Probe', role: 'user' });
    await putToken(trx, { organization_id: organizationId, token_hash: hashToken(token), user_id: userId, name: 't' });
  });
}

const listen = (app: Hono<ApiEnv>): Promise<ServerType> =>
  new Promise((resolve) => {
    const made = createAdaptorServer({ fetch: app.fetch });
    made.listen(0, '127.0.0.1', () => resolve(made));
  });

beforeAll(async () => {
  database = await openTestDatabase(2);
  const organizationId = randomUUID();
  await addPerson(organizationId);
  const log = pino({ level: 'silent' });
  const routes = mcpRoutes({
    db: database.db,
    log,
    host: await createOfferingHost(organizationId, providers),
    followCall: () => Promise.reject(new Error('nobody follows')),
    callTool: () => Promise.reject(new Error('no generic scenario calls a tool')),
    sessions,
    mcpProgress: () => undefined,
    publicUrl: 'https://nubabel.example',
  });
  const app = new Hono<ApiEnv>();
  app.onError(onError({ log, isDatabaseAway }));
  // The conformance client cannot send a token, so this stands before the same routes with one for it.
  app.all('/as-somebody/mcp/:provider', (c) => {
    const headers = new Headers(c.req.raw.headers);
    headers.set('authorization', `Bearer ${token}`);
    return app.request(new Request(c.req.url.replace('/as-somebody', ''), new Request(c.req.raw, { headers })));
  });
  app.route('/mcp', routes);
  server = await listen(app);
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  await sessions.close();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  await database?.drop();
});

/** Runs one scenario as CI would; it answers 1 when a check has failed. */
async function scenario(name: string, provider: string): Promise<{ code: number; said: string }> {
  const args = [CONFORMANCE, 'server', '--url', `${origin}/as-somebody/mcp/${provider}`, '--scenario', name];
  try {
    const { stdout, stderr } = await run(process.execPath, args, { timeout: 60_000 });
    return { code: 0, said: stdout + stderr };
  } catch (error) {
    const { code = 1, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string };
    return { code, said: stdout + stderr };
  }
}

describe.each(providers.map(({ provider }) => provider))('the server of %s', (provider) => {
  it.each(GENERIC)('passes %s', async (name) => {
    const { code, said } = await scenario(name, provider);
    expect({ code, failed: /FAILURE|✗ FAIL/.test(said) ? said : '' }).toEqual({ code: 0, failed: '' });
    expect(said).toMatch(/Passed: [1-9]/);
  });
});

describe('a scenario that a server does not pass', () => {
  it('is noticed', async () => {
    expect(await scenario('tools-call-simple-text', 'jira')).toMatchObject({ code: 1 });
  });
});

describe('the door of our servers', () => {
  const initialize = (headers: Record<string, string>) =>
    fetch(`${origin}/mcp/jira`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'probe', version: '1' } },
      }),
    });

  it('opens for tokens of ours, and for nobody else’s', async () => {
    const ours = await initialize({ authorization: `Bearer ${token}` });
    expect([ours.status, ours.headers.get('mcp-session-id')]).toEqual([200, expect.stringMatching(/^mcp-session-/)]);
    await ours.body?.cancel();
    for (const authorization of ['', 'Bearer jira-demo-token', 'Bearer eyJhbGciOiJub25lIn0.e30.', `Basic ${token}`]) {
      const refused = await initialize({ authorization });
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    }
  });
});
