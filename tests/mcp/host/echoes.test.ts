import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFakeMcp, type FakeMcp, type FakeReply } from '../../../dev/fakes/mcp/index.ts';
import { createEchoes } from '../../../mcp/host/echoes.ts';
import { createGuardedFetch } from '../../../mcp/host/egress.ts';
import { openRemote } from '../../../mcp/host/remote.ts';
import type { McpConnection } from '../../../mcp/port.ts';

const TOKEN = 'canary-token-5f3a';
const KEY = 'canary-key-77c1';
const never = new AbortController().signal;
let server: FakeMcp;
let connection: McpConnection;
beforeEach(async () => {
  server = await createFakeMcp({ tools: [{ name: 'act' }], authorization: `Bearer ${TOKEN}` });
  const echoes = createEchoes(createGuardedFetch({ allowPrivate: true }));
  const fetch: typeof globalThis.fetch = (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set('authorization', `Bearer ${TOKEN}`);
    headers.set('x-api-key', KEY);
    return echoes.fetch(input, { ...init, headers });
  };
  connection = echoes.guard(
    await openRemote({ url: server.url, connection: 'Acme', fetch, onToolsChanged: () => undefined }, never),
  );
});
afterEach(async () => {
  await connection.close();
  await server.close();
});

const said = `You sent Bearer ${TOKEN} and ${KEY}.`;
const REPLIES: readonly FakeReply[] = [
  { result: { content: [{ type: 'text', text: said }], structuredContent: { deep: [{ [TOKEN]: said }] } } },
  { result: { content: [{ type: 'text', text: said }], isError: true } },
  { error: { code: -32602, message: said } },
  { error: { code: -32000, message: said } },
  { status: 400, body: JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32000, message: said } }) },
  { status: 500, body: JSON.stringify({ error: { message: said } }) },
];

describe('a server that repeats what it is sent', () => {
  it.each(REPLIES.map((reply) => [reply]))('does not put credentials into what we keep: %j', async (reply) => {
    server.setCall(() => reply);
    const outcome = await connection
      .call('act', {}, { signal: never, timeoutMs: 2_000 })
      .catch((error: Error & { cause?: unknown }) => `${error.message}${error.stack}`);
    const kept = JSON.stringify(outcome);
    expect(server.calls()).toHaveLength(1);
    expect(kept).not.toContain('canary');
    expect(kept).toContain('[secret]');
  });

  it('is shown to the reader as it is otherwise', async () => {
    expect(await connection.call('act', { a: 'short' }, { signal: never, timeoutMs: 2_000 })).toEqual({
      text: '{"a":"short"}',
      isError: false,
    });
  });
});
