import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { z } from 'zod';
import { createGuardedFetch } from '../../../adapters/mcp/host/egress.ts';
import { openRemote } from '../../../adapters/mcp/host/remote.ts';
import { sendingUntil } from '../../../adapters/mcp/host/sending-until.ts';
import { ToolCallError } from '../../../domain/tools/tool-ports.ts';
import { sendRest } from '../../../adapters/mcp/servers/rest.ts';
import { createFakeMcp, type FakeMcp } from '../../fakes/mcp/index.ts';

const heard: string[] = [];
const server = createServer((req, res) => {
  heard.push(req.method ?? '');
  res.end('{}');
});
let wiki: FakeMcp;
let url = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = z.object({ port: z.number() }).parse(server.address());
  url = `http://127.0.0.1:${port}/`;
  wiki = await createFakeMcp({ tools: [{ name: 'createPage' }] });
});
afterAll(async () => {
  server.close();
  await wiki?.close();
});

const guarded = createGuardedFetch({ allowPrivate: true });
const signal = new AbortController().signal;
const rest = (method: 'POST' | 'GET') =>
  sendRest(guarded, { provider: 'Jira', method, url, headers: {}, changes: method === 'POST', signal });

it('sends a change in time, and after that no more: nothing was sent, and it says so', async () => {
  await sendingUntil(Date.now() + 60_000, () => rest('POST'));
  expect(heard).toEqual(['POST']);
  await expect(sendingUntil(Date.now() - 1, () => rest('POST'))).rejects.toMatchObject({
    fault: 'unavailable',
    message: expect.stringContaining('nothing was sent'),
  });
  expect(heard).toEqual(['POST']);
});

it('still reads when it is late', async () => {
  heard.length = 0;
  await sendingUntil(Date.now() - 1, () => rest('GET'));
  expect(heard).toEqual(['GET']);
});

it('does not call a remote tool that it is too late for, and the session is as good as before', async () => {
  const given = { url: wiki.url, connection: 'Wiki', fetch: guarded, onToolsChanged: () => undefined };
  const connection = await openRemote(given, signal);
  const call = () => connection.call('createPage', {}, { signal, timeoutMs: 5_000 });
  const late: unknown = await sendingUntil(Date.now() - 1, call).catch((error: unknown) => error);
  expect(late).toBeInstanceOf(ToolCallError);
  expect(late).toMatchObject({ kind: 'unavailable' });
  expect(wiki.calls()).toEqual([]);
  await expect(call()).resolves.toMatchObject({ isError: false });
  expect(wiki.calls()).toHaveLength(1);
  await connection.close();
});
