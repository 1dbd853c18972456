import { afterEach, describe, expect, it } from '@jest/globals';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { CallToolRequestSchema, type ElicitRequestFormParams } from '@modelcontextprotocol/sdk/types.js';
import { openSession, type McpSession } from '../../../../adapters/mcp/host/mcp-session.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A server that asks this in the middle of a call, and answers what it was told. */
async function openAsking(fields: ElicitRequestFormParams['requestedSchema']['properties'], takesDefaults: boolean) {
  const server = new Server({ name: 'asking', version: '1.0.0' }, { capabilities: { tools: {} } });
  server.setRequestHandler(CallToolRequestSchema, async () => {
    const asked = { message: 'How?', requestedSchema: { type: 'object' as const, properties: fields } };
    const told = await server.elicitInput(asked).catch(() => ({ action: 'nobody answers' }));
    return { content: [{ type: 'text', text: JSON.stringify(told) }] };
  });
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await server.connect(theirs);
  const given = { transport: ours, connection: 'Asking', onToolsChanged: () => undefined, trusted: takesDefaults };
  const session = await openSession(given, AbortSignal.timeout(5_000));
  closing.push(
    () => session.close(),
    () => server.close(),
  );
  return session;
}

async function told(session: McpSession): Promise<unknown> {
  const options = { signal: AbortSignal.timeout(5_000), timeoutMs: 5_000 };
  const { content } = (await session.call('any', {}, options)) as { content: { text: string }[] };
  return JSON.parse(content[0]?.text ?? '') as unknown;
}

const size = { type: 'number', default: 3 } as const;

describe('what a server asks in the middle of a call', () => {
  it('is answered with its own defaults when it has one for everything', async () => {
    const fields = { size, sure: { type: 'boolean', default: false } } as const;
    expect(await told(await openAsking(fields, true))).toEqual({ action: 'accept', content: { size: 3, sure: false } });
  });

  it.each([
    ['with a field that only a person could fill', { size, name: { type: 'string' } }],
    ['that is for consent only', {}],
  ] as const)('is declined %s', async (_, fields) => {
    expect(await told(await openAsking(fields, true))).toEqual({ action: 'decline' });
  });

  it('is not heard from an untrusted server', async () => {
    expect(await told(await openAsking({ size }, false))).toEqual({ action: 'nobody answers' });
  });
});
