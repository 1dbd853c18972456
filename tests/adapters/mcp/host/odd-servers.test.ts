import { describe, expect, it } from '@jest/globals';
import type { FakeReply } from '../../../fakes/mcp/index.ts';
import { withLenientMessages } from '../../../../adapters/mcp/host/lenient-messages.ts';
import { change, failing, options, useRemote } from './remote-fixture.ts';

const stage = useRemote();
const json = (body: unknown): FakeReply => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

describe('a list with odd tools in it', () => {
  const list = async (...pages: Record<string, unknown>[]) => {
    const connection = await stage.open();
    for (const page of pages) stage.server.failNext('tools/list', { result: page });
    return connection.list(options.signal);
  };
  const good = { name: 'good', inputSchema: { type: 'object' } };

  it('has all that can be used, and names the rest with the reason', async () => {
    const { tools, unusable } = await list({
      tools: [
        good,
        { name: 'bare' },
        { name: 'empty', inputSchema: {} },
        { name: 'php', inputSchema: [], annotations: [] },
        { name: 'nulls', title: null, description: null, inputSchema: null, outputSchema: null, annotations: null },
        {
          name: 'array',
          inputSchema: { type: 'object' },
          outputSchema: { type: 'array' },
          annotations: { readOnlyHint: null },
        },
        { name: 'hints', annotations: { readOnlyHint: 'yes', destructiveHint: false, title: 3 }, description: 7 },
        { description: 'no name' },
        { name: '' },
        null,
        'text',
        { name: 'words', inputSchema: 'a text' },
        { name: 'long', description: 'x'.repeat(300_000) },
        good,
        { ...good, description: 'another' },
      ],
    });
    expect(tools.map(({ name }) => name)).toEqual(['good', 'bare', 'empty', 'php', 'nulls', 'array', 'hints']);
    expect(tools[4]).toEqual({ name: 'nulls', description: '', inputSchema: { type: 'object' }, annotations: {} });
    expect(tools[6]).toMatchObject({ description: '', annotations: { destructiveHint: false } });
    expect(unusable).toEqual([
      { tool: '(no name)', reason: 'It has no usable name.' },
      { tool: '(no name)', reason: 'It has no usable name.' },
      { tool: '(no name)', reason: 'It is no definition of a tool.' },
      { tool: '(no name)', reason: 'It is no definition of a tool.' },
      { tool: 'words', reason: 'Its inputSchema is no schema.' },
      { tool: 'long', reason: 'It is described at too great a length.' },
      { tool: 'good', reason: expect.stringContaining('two tools of this name') },
    ]);
  });

  it.each([[null], ['']])('ends where the next cursor is %j', async (nextCursor) => {
    expect(await list({ tools: [good], nextCursor })).toEqual({ tools: [expect.anything()], unusable: [] });
    expect(stage.server.log.filter(({ method }) => method === 'tools/list')).toHaveLength(1);
  });

  it.each([[null], [undefined], ['text']])('is empty where tools are %j', async (tools) => {
    expect(await list({ tools })).toEqual({ tools: [], unusable: [] });
  });

  it('ends where a cursor comes again, and says so', async () => {
    const again = { tools: [good], nextCursor: 'again' };
    const { tools, unusable } = await list(again, again, again);
    expect([tools.length, unusable]).toEqual([1, [{ tool: '…', reason: expect.stringContaining('again and again') }]]);
    expect(stage.server.log.filter(({ method }) => method === 'tools/list')).toHaveLength(2);
  });

  it('without an end is read as far as people could ever need it', async () => {
    const pages = Array.from({ length: 60 }, (_, n) => ({ tools: [{ name: `t${n}` }], nextCursor: n }));
    const { tools, unusable } = await list(...pages);
    expect([tools.length, unusable.length]).toEqual([50, 1]);
    const many = await list({ tools: Array.from({ length: 600 }, (_, n) => ({ name: `t${n}` })) });
    expect(many.tools).toHaveLength(500);
    expect(many.unusable[0]?.reason).toContain('more than 500 tools');
  });
});

describe('messages in an odd form', () => {
  const act = async (reply: FakeReply, trusted = false) => {
    const connection = await stage.open(stage.server.url, trusted);
    stage.server.failNext('tools/call', reply);
    return connection.call('act', {}, change);
  };
  const text = (said: string) => ({ content: [{ type: 'text', text: said }] });

  it.each<[string, FakeReply, object]>([
    [
      'a list as data',
      { result: { content: [], structuredContent: [1, 2] } },
      { text: '[1,2]', data: { items: [1, 2] } },
    ],
    ['nulls', { result: { ...text('ok'), structuredContent: null, isError: null, _meta: null } }, { text: 'ok' }],
    [
      'no content',
      { result: { content: null, structuredContent: { a: null } } },
      { text: '{"a":null}', data: { a: null } },
    ],
    ['a text as content', { result: { content: 'done' } }, { text: 'done' }],
    ['one block as content', { result: { content: { type: 'text', text: 'done' } } }, { text: 'done' }],
    [
      'a block of no known kind',
      { result: { content: [{ type: 'video', data: 'AAAA' }, null, 'x'] } },
      { text: '[video, 1 kB, not shown]\n\nx' },
    ],
    [
      'a block with null text',
      { result: { content: [{ type: 'text', text: null, annotations: null }] } },
      { text: '' },
    ],
    ['an old form', { result: { toolResult: { id: 7 } } }, { text: '{"toolResult":{"id":7}}' }],
    ['an odd _meta', { result: { ...text('ok'), _meta: ['x'] } }, { text: 'ok' }],
    ['error: null beside it', json({ jsonrpc: '2.0', id: 1, error: null, result: text('ok') }), { text: 'ok' }],
    ['no version and a text as id', json({ id: '1', result: text('ok') }), { text: 'ok' }],
    ['a plain value', json({ jsonrpc: '2.0', id: 1, result: 'done' }), { text: 'done' }],
    [
      'JSON called text',
      {
        status: 200,
        headers: { 'content-type': 'text/plain' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, result: text('ok') }),
      },
      { text: 'ok' },
    ],
  ])('are an answer all the same: %s', async (_what, reply, expected) => {
    expect(await act(reply)).toEqual({ isError: false, ...expected });
  });

  it.each(['true', 'True', 1, 'yes'])('tell of an error also by %j', async (isError) => {
    expect(await act({ result: { ...text('no'), isError } })).toMatchObject({ isError: true });
  });

  it('keep what JavaScript would round', async () => {
    const body =
      '{"jsonrpc":"2.0","id":1,"result":{"content":[],"structuredContent":{"id":1234567890123456789,"n":[-9007199254740993,12]}}}';
    const kept = { id: '1234567890123456789', n: ['-9007199254740993', 12] };
    expect(await act({ status: 200, headers: { 'content-type': 'application/json' }, body })).toMatchObject({
      data: kept,
    });
    const stream = { 'content-type': 'text/event-stream' };
    expect(await act({ status: 200, headers: stream, body: `event: message\r\ndata: ${body}\r\n\r\n` })).toMatchObject({
      data: kept,
    });
  });

  it('send a whole number of any length to the digit', async () => {
    const exact = JSON as unknown as { rawJSON(text: string): unknown };
    const connection = await stage.open();
    await connection.call('act', { id: exact.rawJSON('1234567890123456789') }, change);
    expect(stage.sent.at(-1)).toContain('"arguments":{"id":1234567890123456789}');
  });

  it.each<[string, unknown]>([
    ['without an id', { jsonrpc: '2.0', id: null, error: { code: -32603, message: 'Boom.' } }],
    ['as a text', { jsonrpc: '2.0', id: 1, error: 'Boom.' }],
    ['without a code', { jsonrpc: '2.0', id: 1, result: null, error: { message: 'Boom.', code: null } }],
  ])('are an error at once: %s', async (_what, body) => {
    const startedAt = performance.now();
    expect(await failing(act(json(body)))).toMatchObject({
      kind: 'unknown',
      message: expect.stringContaining('Boom.'),
    });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  it('open a session where the server says null for what it does not have', async () => {
    const said = { protocolVersion: '2025-06-18', capabilities: { tools: null, logging: null }, instructions: null };
    stage.server.failNext('initialize', { result: { ...said, serverInfo: { name: 'x', version: null, title: null } } });
    await expect(stage.open()).resolves.toBeDefined();
    stage.server.failNext('initialize', { result: { ...said, capabilities: null, serverInfo: null } });
    await expect(stage.open()).resolves.toBeDefined();
  });
});

it.each<[string, FakeReply]>([
  ['does not know ping', { error: { code: -32601, message: 'Method not found' } }],
  ['has an opinion on ping', { error: { code: -32602, message: 'No.' } }],
])('a server that %s is alive', async (_what, reply) => {
  const connection = await stage.open();
  stage.server.failNext('ping', reply);
  expect(await connection.health(options.signal)).toEqual({ latencyMs: expect.any(Number) });
});

it('one endless line in small pieces costs what it is long, and not its square', async () => {
  const piece = new TextEncoder().encode('x'.repeat(16_384));
  let pieces = 0;
  const body = new ReadableStream<Uint8Array>({
    pull: (stream) => (++pieces > 700 ? stream.close() : stream.enqueue(piece)),
  });
  const headers = { 'content-type': 'text/event-stream' };
  const asked = withLenientMessages(() => Promise.resolve(new Response(body, { headers })));
  const startedAt = performance.now();
  const answer = await asked('https://odd.example', { method: 'POST', body: '{"id":1,"method":"tools/call"}' });
  expect((await answer.text()).length).toBe(700 * 16_384);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});
