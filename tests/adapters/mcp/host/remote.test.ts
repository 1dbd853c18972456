import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFakeMcp, type FakeMcp, type FakeReply } from '../../../fakes/mcp/index.ts';
import { listen } from '../../../../dev/fakes/http-server.ts';
import {
  SessionOverError,
  ToolCallError,
  type CallFailure,
  type McpConnection,
} from '../../../../domain/tools/tool-ports.ts';
import { createGuardedFetch } from '../../../../adapters/mcp/host/egress.ts';
import { openRemote } from '../../../../adapters/mcp/host/remote.ts';
import { eventually } from '../../../support/eventually.ts';

const never = new AbortController().signal;
const options = { signal: never, timeoutMs: 5_000 };
let server: FakeMcp;
let opened: McpConnection[];
let changes: number;
beforeEach(async () => {
  [opened, changes] = [[], 0];
  server = await createFakeMcp({ tools: [{ name: 'act' }] });
});
afterEach(async () => {
  await Promise.all(opened.map((one) => one.close()));
  await server.close();
});

async function open(url = server.url, limits: { maxBytes?: number } = {}): Promise<McpConnection> {
  const fetch = createGuardedFetch({ allowPrivate: true, ...limits });
  const connection = await openRemote({ url, connection: 'Acme', fetch, onToolsChanged: () => void changes++ }, never);
  opened.push(connection);
  return connection;
}
const failing = (work: Promise<unknown>): Promise<ToolCallError> =>
  work.then(
    () => {
      throw new Error('It did not fail.');
    },
    (error: unknown) => {
      if (error instanceof ToolCallError) return error;
      throw error;
    },
  );

describe('what a lost answer means', () => {
  const CASES: readonly (readonly [string, FakeReply, CallFailure])[] = [
    ['the server breaks the connection', { disconnect: 'before' }, 'unknown'],
    ['the server dies in the middle of its answer', { disconnect: 'midway' }, 'unknown'],
    ['the answer does not come in time', { hang: true }, 'unknown'],
    ['500', { status: 500 }, 'unknown'],
    ['502 of a proxy', { status: 502, body: '<html>' }, 'unknown'],
    ['503', { status: 503 }, 'unknown'],
    ['504 of a proxy', { status: 504 }, 'unknown'],
    ['408', { status: 408 }, 'unknown'],
    ['400', { status: 400 }, 'refused'],
    ['403', { status: 403 }, 'refused'],
    ['404', { status: 404 }, 'refused'],
    ['413', { status: 413 }, 'refused'],
    ['401', { status: 401 }, 'reconnect'],
    ['429', { status: 429, headers: { 'retry-after': '7' } }, 'rate_limited'],
    ['arguments that the server refuses', { error: { code: -32602, message: 'Invalid arguments: no b.' } }, 'refused'],
    ['a tool that it does not have', { error: { code: -32602, message: 'Tool act not found' } }, 'refused'],
    ['a method that it does not know', { error: { code: -32601, message: 'No.' } }, 'refused'],
    ['an error of the server', { error: { code: -32603, message: 'Boom.' } }, 'unknown'],
    ['an error of its own', { error: { code: -32000, message: 'Boom.' } }, 'unknown'],
    ['a person who has to go somewhere first', { error: { code: -32042, message: 'Go there.' } }, 'refused'],
    [
      'an answer that is no JSON',
      { status: 200, headers: { 'content-type': 'application/json' }, body: '{' },
      'unknown',
    ],
    ['an answer that is a page', { status: 200, headers: { 'content-type': 'text/html' }, body: 'hi' }, 'unknown'],
    ['an answer that is empty', { status: 200, headers: { 'content-type': 'text/event-stream' }, body: '' }, 'unknown'],
  ];
  it.each(CASES)('%s', async (_what, reply, kind) => {
    const connection = await open();
    server.setCall(() => reply);
    const error = await failing(connection.call('act', {}, { ...options, timeoutMs: 400 }));
    expect(error).toMatchObject({ kind, retryAfterMs: kind === 'rate_limited' ? 7_000 : undefined });
    expect(error.message).toContain('Acme');
    expect(server.calls()).toHaveLength(1);
  });

  it('a stream that promised to be resumed, and cannot be: unknown at once, not when the time is up', async () => {
    const connection = await open();
    server.setCall(() => {
      server.expireSessions();
      return { disconnect: 'midway', eventId: 'e1' };
    });
    const error = await failing(connection.call('act', {}, { ...options, timeoutMs: 60_000 }));
    expect(error).toMatchObject({ kind: 'unknown', message: expect.stringContaining('ended in the middle') });
  });

  it('nobody there: it was certainly not sent', async () => {
    const connection = await open();
    await server.close();
    expect(await failing(connection.call('act', {}, options))).toMatchObject({ kind: 'unavailable' });
  });

  it('stopped before it began: it was certainly not sent', async () => {
    const connection = await open();
    expect(await failing(connection.call('act', {}, { ...options, signal: AbortSignal.abort() }))).toMatchObject({
      kind: 'cancelled',
    });
    expect(server.calls()).toEqual([]);
  });

  it('stopped while it ran: the server hears of it, and it is not told as not done', async () => {
    const connection = await open();
    server.setCall(() => ({ hang: true }));
    const gone = new AbortController();
    const call = failing(connection.call('act', {}, { ...options, signal: gone.signal }));
    await eventually('the call', () => server.calls().length === 1);
    gone.abort();
    expect(await call).toMatchObject({ kind: 'cancelled' });
    await eventually('the cancellation', () => server.log.some(({ method }) => method === 'notifications/cancelled'));
  });

  it('a signal that comes after the answer cancels nothing', async () => {
    const connection = await open();
    const gone = new AbortController();
    await connection.call('act', {}, { ...options, signal: gone.signal });
    gone.abort();
    await connection.health(never);
    expect(server.log.some(({ method }) => method === 'notifications/cancelled')).toBe(false);
  });
});

describe('a session', () => {
  it('that the server has forgotten is told apart, because the same may be asked in a new one', async () => {
    const connection = await open();
    server.expireSessions();
    const error = await failing(connection.call('act', {}, options));
    expect(error.kind).toBe('refused');
    expect(error.cause).toBeInstanceOf(SessionOverError);
    expect(await (await open()).call('act', { a: 1 }, options)).toEqual({ text: '{"a":1}', isError: false });
  });

  it('hears that the tools are others now', async () => {
    await open();
    await eventually('the listening stream', () => server.listeners() === 1);
    server.setTools([{ name: 'other' }], { tell: true });
    await eventually('the news', () => changes === 1);
  });

  it('says goodbye', async () => {
    const connection = await open();
    await connection.close();
    expect(server.log.some(({ http }) => http.startsWith('DELETE'))).toBe(true);
  });

  it('cannot be opened with a server that does not answer, does not speak MCP or redirects elsewhere', async () => {
    const other = await listen(async (_req, res) => void res.writeHead(307, { location: server.url }).end());
    expect(await failing(open(other.url))).toMatchObject({ kind: 'refused' });
    expect(server.log).toEqual([]);
    await other.close();
    expect(await failing(open(other.url))).toMatchObject({ kind: 'unavailable' });
    server.failNext('initialize', { status: 500 });
    expect(await failing(open())).toMatchObject({ kind: 'unavailable' });
    server.failNext('initialize', { result: { hello: 'there' } });
    expect(await failing(open())).toMatchObject({ kind: 'unavailable' });
  });

  it('carries the key of an effect, for servers that understand it', async () => {
    await (await open()).call('act', {}, { ...options, effectKey: 'key-1' });
    expect(server.calls()[0]?.params._meta).toMatchObject({ 'nubabel/effect-key': 'key-1' });
  });
});

describe('a list', () => {
  const many = (count: number) => Array.from({ length: count }, (_, nth) => ({ name: `tool_${nth}` }));

  it('is read page by page', async () => {
    await server.close();
    server = await createFakeMcp({ tools: many(25), pageSize: 10 });
    expect((await (await open()).list(never)).tools).toHaveLength(25);
  });

  it('that cannot be had leaves nothing unknown', async () => {
    const connection = await open();
    server.failNext('tools/list', { status: 500 });
    expect(await failing(connection.list(never))).toMatchObject({ kind: 'unavailable' });
  });
});

describe('a result', () => {
  it('of a tool that failed is a result', async () => {
    const connection = await open();
    server.setCall(() => ({ result: { content: [{ type: 'text', text: 'No.' }], isError: true } }));
    expect(await connection.call('act', {}, options)).toEqual({ text: 'No.', isError: true });
  });

  it('that does not fit its schema is still the result of what was done', async () => {
    server.setTools([{ name: 'act', outputSchema: { type: 'object', properties: { n: { type: 'number' } } } }]);
    const connection = await open();
    await connection.list(never);
    server.setCall(() => ({ result: { content: [], structuredContent: { n: 'x' } }, asJson: true }));
    expect(await connection.call('act', {}, options)).toEqual({ text: '{"n":"x"}', data: { n: 'x' }, isError: false });
  });

  it('is bounded, and can be stored', async () => {
    const connection = await open();
    const text = `\u0000\ud800${'x'.repeat(150_000)}`;
    server.setCall(() => ({ result: { content: [{ type: 'text', text }], structuredContent: { text } } }));
    const result = await connection.call('act', {}, options);
    expect(result.text).toMatch(/^\ufffdx+\n\[50001 more characters are left out\]$/);
    expect(result.data).toEqual({ text: `\ufffd${'x'.repeat(150_000)}` });
  });

  it('that has no end is cut off', async () => {
    const connection = await open(server.url, { maxBytes: 100_000 });
    server.setCall(() => ({ result: { content: [{ type: 'text', text: 'x'.repeat(2_000_000) }] } }));
    expect(await failing(connection.call('act', {}, options))).toMatchObject({ kind: 'unknown' });
  });

  it('names what cannot be read', async () => {
    const connection = await open();
    const blob = Buffer.alloc(3_000).toString('base64');
    const content = [
      { type: 'audio', data: blob, mimeType: 'audio/wav' },
      { type: 'resource', resource: { uri: 'file:///a.bin', blob } },
      { type: 'resource', resource: { uri: 'file:///a.txt', text: 'inside' } },
    ];
    server.setCall(() => ({ result: { content } }));
    expect((await connection.call('act', {}, options)).text).toBe(
      '[audio, audio/wav, 3 kB: the model cannot hear it]\n[file:///a.bin, binary, 3 kB, not shown]\n[file:///a.txt]\ninside',
    );
  });
});
