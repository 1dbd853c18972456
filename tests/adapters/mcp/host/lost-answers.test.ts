import { describe, expect, it } from '@jest/globals';
import type { FakeReply } from '../../../fakes/mcp/index.ts';
import { listen, type ListeningServer } from '../../../../dev/fakes/http-server.ts';
import { SessionOverError, type McpConnection, type ToolCallError } from '../../../../domain/tools/tool-ports.ts';
import { change, failing, options, useRemote } from './remote-fixture.ts';

const stage = useRemote();

describe('a session that is lost in other words', () => {
  const rpc = (code: number, message: string) => JSON.stringify({ jsonrpc: '2.0', id: null, error: { code, message } });
  const jsonType = { 'content-type': 'application/json' };
  const plain = { 'content-type': 'text/plain' };
  it.each<[string, FakeReply]>([
    ['400 in plain text', { status: 400, headers: plain, body: 'Bad Request: No valid session ID provided' }],
    ['400 as text without a kind', { status: 400, body: 'Invalid or missing session ID' }],
    ['404', { status: 404 }],
    ['404 in plain text', { status: 404, headers: plain, body: 'Session not found' }],
    ['404 as JSON-RPC', { status: 404, headers: jsonType, body: rpc(-32001, 'Session not found') }],
    [
      '400 and -32000',
      { status: 400, headers: jsonType, body: rpc(-32000, 'Bad Request: No valid session ID provided') },
    ],
    ['400 and -32001', { status: 400, headers: jsonType, body: rpc(-32001, 'Session has expired') }],
    [
      '400 of a server that was started anew',
      { status: 400, headers: jsonType, body: rpc(-32000, 'Bad Request: Server not initialized') },
    ],
    ['400 as JSON of its own', { status: 400, headers: jsonType, body: '{"error":"Unknown session"}' }],
    ['410', { status: 410, headers: jsonType, body: '{"detail":"session is gone"}' }],
  ])('is known by %s, and nothing was done', async (_what, reply) => {
    const connection = await stage.open();
    stage.server.failNext('tools/call', reply);
    const error = await failing(connection.call('act', {}, change));
    expect(error.kind).toBe('refused');
    expect(error.cause).toBeInstanceOf(SessionOverError);
  });

  it.each<[string, FakeReply]>([
    ['with 200', { error: { code: -32001, message: 'Session not found' } }],
    ['with 500', { status: 500, body: 'No session with this id' }],
  ])('%s: a change is not done again on that word, what only reads is', async (_what, reply) => {
    const connection = await stage.open();
    stage.server.failNext('tools/call', reply, 2);
    expect(await failing(connection.call('act', {}, change))).toMatchObject({ kind: 'unknown' });
    const read = await failing(connection.call('act', {}, options));
    expect(read).toMatchObject({ kind: 'refused' });
    expect(read.cause).toBeInstanceOf(SessionOverError);
  });

  it('is not meant by a tool that speaks of a session of its own', async () => {
    const connection = await stage.open();
    stage.server.failNext('tools/call', { error: { code: -32603, message: 'The browser session is closed.' } });
    const error = await failing(connection.call('act', {}, change));
    expect([error.kind, error.cause]).toEqual(['unknown', undefined]);
  });
});

describe('an error that comes after a tool may have run', () => {
  const after = async (code: number, message: string, more: { trusted?: boolean; reads?: boolean } = {}) => {
    const connection: McpConnection = await stage.open(stage.server.url, more.trusted ?? false);
    stage.server.failNext('tools/call', { error: { code, message } });
    return (await failing(connection.call('act', {}, more.reads ? options : change))).kind;
  };
  it.each([
    [-32602, 'Output validation error: Invalid structured content for tool act: [{"expected":"number"}]'],
    [-32602, 'Invalid params: data does not match outputSchema: missing required property id'],
    [-32602, 'output_schema validation failed: missing required property'],
    [-32602, 'Invalid return value: missing field id'],
    [-32602, 'Tool act returned unexpected fields'],
    [-32602, 'Tool act has an output schema but no structured content was provided'],
    [-32602, 'MCP error -32602: Output validation error'],
    [-32602, 'Invalid result'],
    [-32602, 'Something is wrong.'],
    [-32600, 'Invalid response from the tool'],
    [-32603, 'Internal error'],
    [-32000, 'Request timed out'],
    [1, 'Invalid arguments'],
  ])('is unknown: %d %s', async (code, message) => {
    expect(await after(code, message)).toBe('unknown');
  });
  it.each([
    [-32602, 'Invalid arguments for tool act: [{"path":["a"]}]'],
    [-32602, "Input validation error: 'b' is a required property of the arguments"],
    [-32602, 'Unknown tool: act'],
    [-32602, 'MCP error -32602: Tool act not found'],
    [-32601, 'Method not found'],
    [-32700, 'Parse error'],
  ])('is a refusal where it is about what was asked: %d %s', async (code, message) => {
    expect(await after(code, message)).toBe('refused');
  });
  it('is believed of a trusted server unless it is about what came out, and of what only reads', async () => {
    expect(await after(-32602, 'No such field.', { trusted: true })).toBe('refused');
    expect(await after(-32602, 'Output validation error', { trusted: true })).toBe('unknown');
    expect(await after(-32602, 'Output validation error', { reads: true })).toBe('refused');
  });
});

describe('an address that leads elsewhere is told as what it is', () => {
  const serve = async (answer: Parameters<typeof listen>[0]): Promise<ListeningServer> => {
    const other = await listen(answer);
    stage.closeLater(() => other.close());
    return other;
  };
  it.each<[string, number, Record<string, string>, string, Partial<ToolCallError>, RegExp]>([
    ['nothing there', 404, {}, '', { kind: 'refused', at: 'address' }, /nothing at this address \(404\).*\/mcp/],
    ['no POST there', 405, {}, '', { kind: 'refused', at: 'address' }, /takes no MCP messages \(405\)/],
    [
      'a web page',
      200,
      { 'content-type': 'text/html' },
      '<html>Welcome',
      { kind: 'refused', at: 'address' },
      /sends a web page and speaks no MCP/,
    ],
    [
      'some text',
      200,
      { 'content-type': 'text/plain' },
      'hello',
      { kind: 'refused', at: 'address' },
      /sends text\/plain and speaks no MCP/,
    ],
    [
      'a page with 404',
      404,
      { 'content-type': 'text/html' },
      '<html>Not found',
      { kind: 'refused', at: 'address' },
      /nothing at this address \(404\)\. /,
    ],
    [
      'a door',
      401,
      {},
      '',
      { kind: 'reconnect', at: 'credentials' },
      /asks for credentials \(401\), and the connection has none/,
    ],
    ['a closed door', 403, {}, '{"message":"no scope"}', { kind: 'refused', at: 'credentials' }, /\(403\): no scope/],
    ['another message', 400, {}, 'what is this', { kind: 'refused', at: 'address' }, /\(400\): what is this/],
    ['trouble', 500, {}, '', { kind: 'unavailable' }, /answered 500/],
  ])('%s', async (_what, status, headers, body, expected, message) => {
    const other = await serve(async (_req, res) => void res.writeHead(status, headers).end(body));
    const error = await failing(stage.open(`${other.url}/wrong`));
    expect(error).toMatchObject(expected);
    expect(error.message).toMatch(message);
    expect(error.message).not.toMatch(/session/);
  });

  it('a server of the older transport, with the bridges that would help', async () => {
    const other = await serve(async (req, res) => {
      if (req.method === 'GET')
        res.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: endpoint\ndata: /messages?s=1\n\n');
      else res.writeHead(404).end();
    });
    const error = await failing(stage.open(`${other.url}/sse`));
    expect(error).toMatchObject({ kind: 'refused', at: 'address' });
    expect(error.message).toMatch(/older HTTP\+SSE transport.*mcp-proxy or supergateway/);
  });

  it('a name that leads inside, one that nobody knows, a port where nobody listens, no TLS', async () => {
    const inside = await failing(
      stage.open('https://inside.example/mcp', false, { allowPrivate: false, resolve: async () => ['10.0.0.1'] }),
    );
    expect(inside).toMatchObject({ kind: 'refused', at: 'address' });
    expect(inside.message).toMatch(/was not asked: inside\.example does not lead to the public internet/);
    const unknown = Object.assign(new Error('x'), { code: 'ENOTFOUND' });
    const nobody = await failing(
      stage.open('https://nobody.example/mcp', false, { allowPrivate: false, resolve: () => Promise.reject(unknown) }),
    );
    expect(nobody).toMatchObject({ kind: 'unavailable', at: 'address' });
    expect(nobody.message).toMatch(/its name is not known.*\(ENOTFOUND\)/);
    const closed = await serve(async () => undefined);
    await closed.close();
    expect((await failing(stage.open(closed.url))).message).toMatch(/nothing listens at its address \(ECONNREFUSED\)/);
    const plain = await serve(async (_req, res) => void res.end());
    const tls = await failing(stage.open(plain.url.replace('http:', 'https:')));
    expect(tls).toMatchObject({ kind: 'unavailable', at: 'address' });
    expect(tls.message).toMatch(/no secure connection can be made/);
  });
});

describe('how long a call may take', () => {
  const slow = (thenMs: number, times: number) => () => ({
    result: { content: [{ type: 'text', text: 'done' }] },
    progress: Array.from({ length: times }, (_, n) => ({ progress: n, thenMs })),
  });

  it('is counted anew with every sign of life', async () => {
    const connection = await stage.open();
    stage.server.setCall(slow(150, 6));
    expect(await connection.call('act', {}, { ...change, silenceMs: 400 })).toMatchObject({ text: 'done' });
  });

  it('ends after a silence, and after the whole time whatever is told', async () => {
    const connection = await stage.open();
    stage.server.setCall(() => ({ hang: true }));
    const silent = await failing(connection.call('act', {}, { ...change, silenceMs: 200 }));
    expect(silent).toMatchObject({ kind: 'unknown', message: expect.stringContaining('no sign of life for 0.2 s') });
    stage.server.setCall(slow(100, 12));
    const startedAt = performance.now();
    const late = await failing(connection.call('act', {}, { ...change, silenceMs: 300, timeoutMs: 700 }));
    expect(late).toMatchObject({ kind: 'unknown', message: expect.stringContaining('longer than 0.7 s') });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});
