import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
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
import { createOfferingHost } from '../../support/offering-host.ts';
import { eventually } from '../../support/eventually.ts';
import { RequestError, type Principal } from '../../../contracts/request.ts';
import { isDatabaseAway } from '../../../db/database.ts';

const person = (change: Partial<Principal> = {}): Principal => ({
  organizationId: 'acme',
  userId: 'ada',
  name: 'Ada',
  role: 'user',
  timeZone: 'UTC',
  ...change,
});

const URL_HERE = 'http://nubabel.example';
const closing: (() => Promise<void>)[] = [];
let sessions: McpSessions;
beforeEach(() => {
  sessions = createMcpSessions();
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await sessions.close();
});

const done: CallTool = async (_principal, _name, args) => ({
  jobId: 'job-1',
  status: 'done',
  result: { text: 'made', data: { id: '1', key: 'OPS-1', url: JSON.stringify(args) }, isError: false },
});

/** The routes behind a door that lets `who` in; `who` may change while a session lasts. */
async function open(given: { callTool?: CallTool; who?: () => Principal; logged?: unknown[] } = {}) {
  const { callTool = done, who = () => person(), logged = [] } = given;
  const log = { error: (line: unknown) => logged.push(line) } as unknown as McpDeps['log'];
  const host = await createOfferingHost('acme', [jira, sentry]);
  const deps = { host, callTool, sessions, publicUrl: URL_HERE, log, mcpProgress: progressTo } as unknown as McpDeps;
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

const post = (id?: string, method = 'ping') => ({
  method: 'POST',
  headers: {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...(id && { 'mcp-session-id': id }),
  },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method }),
});

const CREATE = { name: 'jira__createIssue', arguments: { summary: 'x' } };

describe('a provider’s server over HTTP', () => {
  it('lists the accepted tools of that provider, and says in their schemas that a call may wait', async () => {
    const { client, id } = await (await open()).connect('jira');
    expect(id).toMatch(/^mcp-session-[0-9a-f-]{36}$/);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['jira__getIssues', 'jira__createIssue', 'jira__updateIssue']);
    expect(tools[1]).toMatchObject({
      annotations: { readOnlyHint: false },
      outputSchema: { anyOf: [{ required: ['id', 'key'] }, { required: ['waiting'] }] },
    });
  });

  it('calls as the person who asks, and answers what the tool answered', async () => {
    const calls: unknown[] = [];
    const callTool: CallTool = (principal, name, args, options) => {
      calls.push([principal.userId, name, args]);
      return done(principal, name, args, options);
    };
    const { client } = await (await open({ callTool })).connect('jira');
    const result = await client.callTool(CREATE);
    expect(result).toMatchObject({
      isError: false,
      structuredContent: { key: 'OPS-1' },
      _meta: { 'nubabel/job': 'job-1' },
    });
    expect(calls).toEqual([['ada', 'jira__createIssue', { summary: 'x' }]]);
  });

  it('says which job waits for a person, as no failure, and so that clients accept it', async () => {
    const callTool: CallTool = async () => ({ jobId: 'job-7', status: 'awaiting_approval' });
    const { client } = await (await open({ callTool })).connect('jira');
    await client.listTools();
    const result = await client.callTool(CREATE);
    expect(result).toMatchObject({
      isError: false,
      structuredContent: {
        waiting: { jobId: 'job-7', status: 'awaiting_approval', jobUrl: `${URL_HERE}/api/jobs/job-7/status` },
      },
      content: [{ text: expect.stringContaining('do not call again') }],
    });
  });

  it('tells a refusal in its words, and a fault of ours without its insides', async () => {
    const refusing = await open({
      callTool: () => Promise.reject(new RequestError('conflict', 'Reconnect it first.')),
    });
    const refused = await (await refusing.connect('jira')).client.callTool(CREATE);
    expect(refused).toMatchObject({ isError: true, content: [{ text: 'Reconnect it first.' }] });
    const logged: unknown[] = [];
    const broken = await open({ callTool: () => Promise.reject(new TypeError('secret insides')), logged });
    const failed = await (await broken.connect('jira')).client.callTool(CREATE).catch(String);
    expect(failed).not.toContain('secret insides');
    expect(failed).toContain('is logged');
    expect(logged).toHaveLength(1);
  });

  it('calls no tool of another provider, and none that is not offered', async () => {
    const { client } = await (await open()).connect('jira');
    for (const name of ['sentry__resolveIssue', 'createIssue', 'nope'])
      await expect(client.callTool({ name })).rejects.toMatchObject({ code: -32602 });
  });

  it('hands progress and cancellation through', async () => {
    const aborted = Promise.withResolvers<void>();
    const callTool: CallTool = async (_principal, _name, _args, { signal, onProgress }) => {
      onProgress?.('begun', 0.5);
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
      aborted.resolve();
      return { jobId: 'job', status: 'running' };
    };
    const { client } = await (await open({ callTool })).connect('jira');
    const stop = new AbortController();
    const onprogress = ({ message }: { message?: string }) => stop.abort(message);
    await expect(client.callTool(CREATE, undefined, { signal: stop.signal, onprogress })).rejects.toThrow('begun');
    await aborted.promise;
  });

  it('does as the person may now, not as they could when the session began', async () => {
    let role: Principal['role'] = 'user';
    const seen: string[] = [];
    const callTool: CallTool = (principal, ...rest) => {
      seen.push(principal.role);
      return done(principal, ...rest);
    };
    const { client } = await (await open({ callTool, who: () => person({ role }) })).connect('jira');
    await client.callTool(CREATE);
    role = 'guest';
    await client.callTool(CREATE);
    expect(seen).toEqual(['user', 'guest']);
  });
});

describe('a session', () => {
  it('is found by its owner only, at its provider only', async () => {
    let who = person();
    const { request, connect } = await open({ who: () => who });
    const { id } = await connect('jira');
    const status = async (provider: string) => (await request(`${URL_HERE}/mcp/${provider}`, post(id))).status;
    expect(await status('jira')).toBe(200);
    expect(await status('sentry')).toBe(404);
    who = person({ userId: 'eve' });
    expect(await status('jira')).toBe(404);
    who = person({ organizationId: 'other' });
    expect(await status('jira')).toBe(404);
  });

  it('is begun by initialize only', async () => {
    const { request } = await open();
    expect((await request(`${URL_HERE}/mcp/jira`, post())).status).toBe(400);
    expect((await request(`${URL_HERE}/mcp/jira`, { headers: { accept: 'text/event-stream' } })).status).toBe(400);
    expect((await request(`${URL_HERE}/mcp/jira`, post('mcp-session-made-up'))).status).toBe(404);
  });

  it('is not begun for a provider without a usable connection', async () => {
    const other = await open({ who: () => person({ organizationId: 'other' }) });
    await expect(other.connect('jira')).rejects.toThrow('no usable connection');
    const { connect } = await open();
    await expect(connect('notion')).rejects.toThrow('no usable connection');
    await expect(connect('nowhere')).rejects.toThrow('no usable connection');
  });

  it('ends with DELETE', async () => {
    const { request, connect } = await open();
    const { transport, id } = await connect('jira');
    await transport.terminateSession();
    expect((await request(`${URL_HERE}/mcp/jira`, post(id))).status).toBe(404);
  });

  it('ends when nobody has used it for long', async () => {
    sessions = createMcpSessions({ idleMs: 10 });
    const { request, connect } = await open();
    const { id } = await connect('jira');
    const isOver = async () => (await request(`${URL_HERE}/mcp/jira`, post(id))).status === 404;
    await eventually('the end of the session', isOver);
  });

  it('makes room for a new one of the same organization when there are too many', async () => {
    sessions = createMcpSessions({ maxPerOrganization: 2 });
    let who = person();
    const { request, connect } = await open({ who: () => who });
    const first = await connect('jira');
    const second = await connect('jira');
    await first.client.ping();
    who = person({ userId: 'bob' });
    await connect('jira');
    who = person();
    expect((await request(`${URL_HERE}/mcp/jira`, post(second.id))).status).toBe(404);
    expect((await request(`${URL_HERE}/mcp/jira`, post(first.id))).status).toBe(200);
  });
});

describe('a request', () => {
  it.each([
    ['another host', { host: 'evil.example' }, 403],
    ['a host that only begins like ours', { host: 'nubabel.example.evil.example' }, 403],
    ['a page of another site', { origin: 'https://evil.example' }, 403],
    ['a page without an origin of its own', { origin: 'null' }, 403],
    ['a page of ours', { origin: URL_HERE }, 404],
    ['this machine by its own name', { host: 'localhost:8080', origin: 'http://127.0.0.1:8080' }, 404],
  ])('from %s is judged by where it was meant to go', async (_name, headers, status) => {
    const { request } = await open();
    const init = post('mcp-session-made-up');
    const response = await request(`${URL_HERE}/mcp/jira`, { ...init, headers: { ...init.headers, ...headers } });
    expect(response.status).toBe(status);
  });

  it('may be large, but not larger than a mebibyte', async () => {
    const { request, connect } = await open();
    const { id } = await connect('jira');
    const body = (size: number) =>
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping', params: { pad: 'x'.repeat(size) } });
    const status = async (size: number) =>
      (await request(`${URL_HERE}/mcp/jira`, { ...post(id), body: body(size) })).status;
    expect(await status(900_000)).toBe(200);
    expect(await status(1_100_000)).toBe(413);
  });
});
