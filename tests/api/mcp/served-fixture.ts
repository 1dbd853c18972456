import { afterEach, beforeEach } from '@jest/globals';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Hono } from 'hono';
import type { ApiEnv } from '../../../api/deps.ts';
import { ownHostsOnly, mcpSessionRoutes } from '../../../api/mcp/routes.ts';
import type { CallTool, McpDeps } from '../../../api/mcp/offered-server.ts';
import { progressTo } from '../../../adapters/mcp/servers/call-result.ts';
import { createMcpSessions, type McpSessions } from '../../../api/mcp/sessions.ts';
import { onError } from '../../../api/problems.ts';
import { jira } from '../../../adapters/mcp/servers/jira/index.ts';
import { sentry } from '../../../adapters/mcp/servers/sentry/index.ts';
import type { OfferedTool } from '../../../domain/tools/tool-host.ts';
import { createOfferingHost } from '../../support/offering-host.ts';
import type { Principal } from '../../../contracts/request.ts';
import { isDatabaseAway } from '../../../db/database.ts';

export const person = (change: Partial<Principal> = {}): Principal => ({
  organizationId: 'acme',
  userId: 'ada',
  name: 'Ada',
  role: 'user',
  timeZone: 'UTC',
  ...change,
});

export const URL_HERE = 'http://nubabel.example';
const closing: (() => Promise<void>)[] = [];
let sessions: McpSessions;
/** Sessions with other limits, from now on in this test. */
export const useSessions = (limits: Parameters<typeof createMcpSessions>[0]) => {
  sessions = createMcpSessions(limits);
};
beforeEach(() => {
  sessions = createMcpSessions();
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await sessions.close();
});

export const done: CallTool = async (_principal, _name, args) => ({
  jobId: 'job-1',
  status: 'done',
  result: { text: 'made', data: { id: '1', key: 'OPS-1', url: JSON.stringify(args) }, isError: false },
});

/** The routes behind a door that lets `who` in; `who` may change while a session lasts. */
interface Given {
  readonly callTool?: CallTool;
  readonly followCall?: McpDeps['followCall'];
  readonly who?: () => Principal;
  readonly logged?: unknown[];
  /** Tools beside those of Jira and Sentry. */
  readonly more?: readonly OfferedTool[];
}

export async function open(given: Given = {}) {
  const { callTool = done, followCall, who = () => person(), logged = [], more = [] } = given;
  const log = { error: (line: unknown) => logged.push(line) } as unknown as McpDeps['log'];
  const ours = await createOfferingHost('acme', [jira, sentry]);
  const offer: McpDeps['host']['offer'] = async (whom) => {
    const { tools, leftOut } = await ours.offer(whom);
    return { tools: tools.length > 0 ? [...tools, ...more] : [], leftOut };
  };
  const calls = { callTool, followCall };
  const deps = {
    host: { offer },
    ...calls,
    sessions,
    publicUrl: URL_HERE,
    log,
    mcpProgress: progressTo,
  } as unknown as McpDeps;
  const app = new Hono<ApiEnv>()
    .use(ownHostsOnly(URL_HERE), (c, next) => {
      c.set('principal', who());
      return next();
    })
    .route('/mcp', mcpSessionRoutes(deps));
  app.onError(onError({ log, isDatabaseAway }));
  const request = async (input: string | URL, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    if (!headers.has('host')) headers.set('host', 'nubabel.example');
    return app.request(input.toString(), { ...init, headers });
  };
  const connect = async (provider: string) => {
    const client = new Client({ name: 'test', version: '1' });
    const transport = new StreamableHTTPClientTransport(new URL(`${URL_HERE}/mcp/${provider}`), { fetch: request });
    await client.connect(transport);
    closing.push(() => client.close());
    return { client, transport, id: transport.sessionId ?? '' };
  };
  return { request, connect };
}

export const post = (id?: string, method = 'ping') => ({
  method: 'POST',
  headers: {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...(id && { 'mcp-session-id': id }),
  },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method }),
});
