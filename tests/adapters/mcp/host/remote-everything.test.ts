import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createGuardedFetch } from '../../../../adapters/mcp/host/egress.ts';
import { openRemote } from '../../../../adapters/mcp/host/remote.ts';
import { suspicionOf } from '../../../../domain/tools/pins.ts';
import type { McpConnection } from '../../../../domain/tools/tool-ports.ts';
import { startEverything } from './everything.ts';

const never = new AbortController().signal;
const options = { signal: never, timeoutMs: 20_000 };
let server: Awaited<ReturnType<typeof startEverything>>;
let connection: McpConnection;
beforeAll(async () => {
  server = await startEverything();
  const fetch = createGuardedFetch({ allowPrivate: true });
  connection = await openRemote(
    { url: server.url, connection: 'Everything', fetch, onToolsChanged: () => undefined },
    never,
  );
});
afterAll(async () => {
  await connection?.close();
  await server?.stop();
});

describe('the reference server', () => {
  it('lists its tools, and none of them rouses suspicion', async () => {
    const { tools } = await connection.list(never);
    expect(tools.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['echo', 'get-sum', 'get-structured-content']),
    );
    expect(tools.filter((tool) => suspicionOf(tool) !== undefined)).toEqual([]);
  });

  it('answers a call', async () => {
    expect(await connection.call('echo', { message: 'hello' }, options)).toEqual({
      text: 'Echo: hello',
      isError: false,
    });
  });

  it('answers with data where a tool has an output schema', async () => {
    const result = await connection.call('get-structured-content', { location: 'Chicago' }, options);
    expect(result.data).toMatchObject({ temperature: expect.any(Number), conditions: expect.any(String) });
  });

  it('answers with an image, which is named and not carried along', async () => {
    const { text } = await connection.call('get-tiny-image', {}, options);
    expect(text).toMatch(/\[image, image\/png, \d+ kB, not shown\]/);
    expect(text.length).toBeLessThan(1_000);
  });

  it('answers with links to resources', async () => {
    const { text } = await connection.call('get-resource-links', { count: 2 }, options);
    expect(text).toContain('demo://resource/');
  });

  it('tells how far it is', async () => {
    const heard: { message?: string; share?: number }[] = [];
    await connection.call(
      'trigger-long-running-operation',
      { duration: 0.5, steps: 5 },
      { ...options, onProgress: (progress) => heard.push(progress) },
    );
    expect(heard.map(({ share }) => share)).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
  });

  it('says as a result what is wrong with arguments, or refuses', async () => {
    expect(await connection.call('get-sum', { a: 'x' }, options)).toMatchObject({ isError: true });
  });

  it('stops when it is asked to, and that is never told as not done', async () => {
    const gone = new AbortController();
    const call = connection.call(
      'trigger-long-running-operation',
      { duration: 30, steps: 60 },
      { signal: gone.signal, timeoutMs: 60_000, onProgress: () => gone.abort() },
    );
    await expect(call).rejects.toMatchObject({ name: 'ToolCallError', kind: 'cancelled' });
  });

  it('is too slow for one who waits no longer, and that is unknown', async () => {
    const slow = connection.call(
      'trigger-long-running-operation',
      { duration: 30, steps: 2 },
      { signal: never, timeoutMs: 300 },
    );
    await expect(slow).rejects.toMatchObject({ name: 'ToolCallError', kind: 'unknown' });
  });

  it('is well', async () => {
    expect((await connection.health(never)).latencyMs).toBeGreaterThanOrEqual(0);
  });
});
