import { afterEach, describe, expect, it } from '@jest/globals';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { z } from 'zod';
import { defineTool, ProviderError, type Provider, type ToolContext } from '../../../../adapters/mcp/servers/define.ts';
import { EFFECT_KEY_META, faultOf, toReadable } from '../../../../adapters/mcp/servers/call-result.ts';
import { createProviderServer, type OpenClient } from '../../../../adapters/mcp/servers/serve.ts';

type Run = (args: { text: string }, context: ToolContext) => Promise<unknown>;

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** A provider with a reading and a writing tool that both do `run`, and a client of its server. */
async function serve(run: Run, openClient: OpenClient = async () => ({ client: 'c', settings: { project: 'P' } })) {
  const tool = (name: string, readOnlyHint: boolean) =>
    defineTool<string>()({
      name,
      title: `Do ${name}`,
      description: `Does ${name}.`,
      input: z.strictObject({ text: z.string() }),
      output: z.object({ said: z.string() }),
      annotations: { readOnlyHint, destructiveHint: !readOnlyHint, idempotentHint: false, openWorldHint: true },
      run: async (_client, args, context) => (await run(args, context)) as { said: string },
    });
  const provider: Provider = {
    provider: 'sample',
    title: 'Sample',
    defaultUrl: undefined,
    createClient: () => 'c',
    whoAmI: async () => 'me',
    tools: [tool('look', true), tool('change', false)],
  };
  const server = createProviderServer(provider, openClient);
  const client = new Client({ name: 'test', version: '1' });
  const [there, here] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(there), client.connect(here)]);
  open.push(() => client.close());
  return client;
}

describe('a server of ours', () => {
  it('lists its tools with schemas and annotations', async () => {
    const client = await serve(async () => ({ said: '' }));
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['look', 'change']);
    expect(tools[1]).toMatchObject({
      title: 'Do change',
      inputSchema: { required: ['text'], additionalProperties: false },
      outputSchema: { required: ['said'] },
      annotations: { readOnlyHint: false, destructiveHint: true },
    });
  });

  it('answers data and readable text, and hands settings and the effect key on', async () => {
    const seen: ToolContext[] = [];
    const client = await serve(async ({ text }, context) => {
      seen.push(context);
      return { said: `${text}!` };
    });
    const result = await client.callTool({
      name: 'change',
      arguments: { text: 'hi' },
      _meta: { [EFFECT_KEY_META]: 'effect-1' },
    });
    expect(result).toMatchObject({
      structuredContent: { said: 'hi!' },
      content: [{ type: 'text', text: 'said: hi!' }],
    });
    expect(seen[0]).toMatchObject({ settings: { project: 'P' }, effectKey: 'effect-1' });
    await client.callTool({ name: 'look', arguments: { text: 'hi' } });
    expect(seen[1]).not.toHaveProperty('effectKey');
  });

  it('tells progress with ever larger numbers, to those who ask', async () => {
    const client = await serve(async (_args, { onProgress }) => {
      onProgress?.('begun');
      onProgress?.('half', 0.5);
      onProgress?.('still');
      return { said: 'done' };
    });
    const told: { progress: number; message?: string; total?: number }[] = [];
    await client.callTool({ name: 'look', arguments: { text: '' } }, undefined, {
      onprogress: (one) => told.push(one),
    });
    expect(told.map(({ message }) => message)).toEqual(['begun', 'half', 'still']);
    expect(told[1]).toMatchObject({ progress: 0.5, total: 1 });
    const numbers = told.map(({ progress }) => progress);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  });

  it('aborts the tool when the client cancels', async () => {
    const aborted = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const client = await serve(async (_args, { signal }) => {
      signal.addEventListener('abort', () => aborted.resolve());
      started.resolve();
      await aborted.promise;
      return { said: '' };
    });
    const stop = new AbortController();
    const call = client.callTool({ name: 'look', arguments: { text: '' } }, undefined, { signal: stop.signal });
    const refused = expect(call).rejects.toThrow('stop');
    await started.promise;
    stop.abort('stop');
    await refused;
    await aborted.promise;
  });
});

describe('a failure of a tool', () => {
  const failing = (error: unknown) => serve(() => Promise.reject(error));

  it.each([
    ['refused', undefined],
    ['unknown', undefined],
    ['unauthorized', undefined],
    ['rate_limited', 30_000],
    ['unavailable', undefined],
  ] as const)('is told as %s to the host and in words to the model', async (fault, retryAfterMs) => {
    const client = await failing(new ProviderError(fault, 'Ask for less.', { retryAfterMs }));
    const result = await client.callTool({ name: 'change', arguments: { text: '' } });
    expect(result).toMatchObject({ isError: true, content: [{ type: 'text', text: 'Ask for less.' }] });
    expect(faultOf(result)).toEqual({ fault, ...(retryAfterMs && { retryAfterMs }) });
  });

  it('that nobody translated counts as perhaps done for a change, and as not done for a read', async () => {
    const client = await failing(new TypeError('secret insides'));
    const change = await client.callTool({ name: 'change', arguments: { text: '' } });
    const look = await client.callTool({ name: 'look', arguments: { text: '' } });
    expect(faultOf(change)).toEqual({ fault: 'unknown' });
    expect(faultOf(look)).toEqual({ fault: 'unavailable' });
    expect(JSON.stringify([change, look])).not.toContain('secret');
  });

  it('to answer what the schema says counts as perhaps done', async () => {
    const client = await serve(async () => ({ wrong: 1 }));
    expect(faultOf(await client.callTool({ name: 'change', arguments: { text: '' } }))).toEqual({ fault: 'unknown' });
  });

  it('to open the connection is never a perhaps', async () => {
    for (const error of [new Error('x'), new ProviderError('unknown', 'No answer.')]) {
      const client = await serve(
        async () => ({ said: '' }),
        () => Promise.reject(error),
      );
      const result = await client.callTool({ name: 'change', arguments: { text: '' } });
      expect(faultOf(result)).toEqual({ fault: 'unavailable' });
    }
    const over = await serve(
      async () => ({ said: '' }),
      () => Promise.reject(new ProviderError('unauthorized', 'Reconnect.')),
    );
    expect(faultOf(await over.callTool({ name: 'look', arguments: { text: '' } }))).toEqual({ fault: 'unauthorized' });
  });

  it('to give the right arguments is refused before the tool is run', async () => {
    let runs = 0;
    const client = await serve(async () => ({ said: String(++runs) }));
    const result = await client.callTool({ name: 'change', arguments: { text: 1, more: true } });
    expect(faultOf(result)).toEqual({ fault: 'refused' });
    expect(runs).toBe(0);
  });
});

describe('readable text', () => {
  it('shows what is inside further in, and leaves out what is not there', () => {
    expect(toReadable({ id: 1, gone: undefined, none: null, list: [{ a: 'x', b: 2 }, 'y'], empty: [] })).toBe(
      ['id: 1', 'none: null', 'list:', '  - a: x', '    b: 2', '  - y', 'empty: []'].join('\n'),
    );
  });

  it('lets no line of a text pass for a field', () => {
    const lines = toReadable({ text: 'hello\nstatus: done', list: ['a\nb: c'] }).split('\n');
    expect(lines).toEqual(['text:', '  hello', '  status: done', 'list:', '  - a', '      b: c']);
  });
});
