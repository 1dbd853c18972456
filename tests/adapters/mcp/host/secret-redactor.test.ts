import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFakeMcp, type FakeMcp, type FakeReply } from '../../../fakes/mcp/index.ts';
import { createSecretRedactor } from '../../../../adapters/mcp/host/secret-redactor.ts';
import { createGuardedFetch } from '../../../../adapters/mcp/host/egress.ts';
import { openRemote } from '../../../../adapters/mcp/host/remote.ts';
import type { McpConnection } from '../../../../domain/tools/tool-ports.ts';

const TOKEN = 'canary-token-5f3a';
const KEY = 'canary-key-77c1';
const never = new AbortController().signal;
let server: FakeMcp;
let connection: McpConnection;
beforeEach(async () => {
  server = await createFakeMcp({ tools: [{ name: 'act' }], authorization: `Bearer ${TOKEN}` });
  const echoes = createSecretRedactor(createGuardedFetch({ allowPrivate: true }));
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

const encoded = (['base64', 'base64url', 'hex'] as const).map((form) => Buffer.from(TOKEN).toString(form)).join(' ');
const said = `You sent Bearer ${TOKEN} and ${KEY}, that is ${encoded}.`;
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
    for (const form of encoded.split(' ')) expect(kept).not.toContain(form);
    expect(kept).toContain('[secret]');
  });

  it('does not put them into progress or into the words of its tools either', async () => {
    const told: unknown[] = [];
    server.setCall(() => ({ result: { content: [] }, progress: [{ progress: 1, message: said }] }));
    const onProgress = (progress: unknown) => void told.push(progress);
    await connection.call('act', {}, { signal: never, timeoutMs: 2_000, onProgress });
    server.setTools([{ name: 'act', description: said }]);
    const kept = JSON.stringify([told, await connection.list(never)]);
    expect(told).toHaveLength(1);
    expect(kept).not.toContain('canary');
    expect(kept).toContain('[secret]');
  });

  it('is known by a password that went out in a pair', async () => {
    const pair = Buffer.from(`bot@acme.example:${TOKEN}`).toString('base64');
    const echoes = createSecretRedactor(async () => new Response('{}'), 'provider');
    const headers = { authorization: `Basic ${pair}`, 'notion-version': '2025-09-03' };
    await echoes.fetch('https://jira.example', { headers });
    const heard = `${pair} ${TOKEN} 2025-09-03`;
    expect(await echoes.guardWork(Promise.resolve({ heard }))).toEqual({ heard: '[secret] [secret] 2025-09-03' });
  });

  it('is shown to the reader as it is otherwise', async () => {
    expect(await connection.call('act', { a: 'short' }, { signal: never, timeoutMs: 2_000 })).toEqual({
      text: '{"a":"short"}',
      isError: false,
    });
  });
});
