import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createFakeMcp, type FakeMcp } from '../fakes/mcp/index.ts';
import type { ModelRequest, Reply } from '../../dev/fakes/model/index.ts';
import { waits as waitsFor } from '../support/approvals.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { specialist, toolCall } from '../support/replies.ts';
import { answer, callsOf, connect, effectsOf } from '../support/tools.ts';

/** More tools than a prompt has room for: they are looked up, and called through one that stands for all. */
const properties = Object.fromEntries(
  Array.from({ length: 12 }, (_, nth) => [
    `field${nth}`,
    { type: 'string', description: 'One of many fields. '.repeat(8) },
  ]),
);
const TOOLS = Array.from({ length: 80 }, (_, nth) => ({
  name: nth === 40 ? 'archiveInvoice' : `tool${nth}`,
  description: nth === 40 ? 'Archives one invoice of the accounting.' : `Does thing number ${nth}.`,
  inputSchema: {
    type: 'object',
    properties: nth === 40 ? { invoice: { type: 'string' }, ...properties } : properties,
    required: nth === 40 ? ['invoice'] : [],
  },
  annotations: { destructiveHint: false },
}));

let nubabel: Nubabel;
let server: FakeMcp;
beforeAll(async () => {
  [nubabel, server] = await Promise.all([startSharedNubabel(), createFakeMcp({ tools: TOOLS })]);
  await connect(nubabel, { provider: 'books', name: 'Books', url: server.url, auth: { kind: 'none' }, trusted: true });
}, 120_000);
afterAll(async () => {
  await nubabel?.close();
  await server?.close();
});

/** One call a round, then what the last one said. */
const looksUp = (...rounds: readonly ((request: ModelRequest) => Reply)[]) =>
  nubabel.model.setResponder((request) => {
    if (request.schema) return specialist()(request);
    const { allToolResults: results } = request;
    return rounds[results.length]?.(request) ?? { text: `${results.at(-1)?.text}\nCONFIDENCE: 0.8` };
  });
const executes = (name: string, args: Record<string, unknown>) => () =>
  toolCall('tools__execute', { name, arguments: args });
const lastOf = (message: string) => nubabel.model.requests.filter(({ userText }) => userText.includes(message));

describe('eighty tools', () => {
  it('are searched, read and called, with the question and the ledger of any other call', async () => {
    looksUp(
      () => toolCall('tools__search', { query: 'archive invoice' }),
      ({ allToolResults: [found] }) =>
        toolCall('tools__details', { name: /books__archiveInvoice/.exec(found?.text ?? '')?.[0] ?? 'not found' }),
      executes('books__archiveInvoice', { invoice: 'R-17' }),
    );
    const { jobId } = await nubabel.ask('Archive R-17', { agents: ['general'] });
    const asked = await waitsFor(nubabel, jobId, 'tool');
    expect(asked.approval?.plan.calls).toMatchObject([
      { tool: 'books__archiveInvoice', connection: 'Books', arguments: { invoice: 'R-17' } },
    ]);
    expect(server.calls()).toEqual([]);
    await answer(nubabel, asked);
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed', effects: { done: 1 } });
    expect(server.calls()).toMatchObject([{ tool: 'archiveInvoice', params: { arguments: { invoice: 'R-17' } } }]);
    expect(await effectsOf(nubabel, jobId)).toMatchObject([{ tool: 'books__archiveInvoice', state: 'DONE' }]);
    const [first, , third] = lastOf('Archive R-17').filter(({ schema }) => !schema);
    expect(first?.tools.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['tools__details', 'tools__execute', 'tools__search']),
    );
    expect(JSON.stringify(first?.body)).not.toContain('One of many fields');
    expect(JSON.stringify(third?.body)).toContain('One of many fields');
  });

  it('have their arguments checked before anybody is asked', async () => {
    looksUp(executes('books__archiveInvoice', { invoice: 17 }));
    const { jobId } = await nubabel.ask('Archive a number', { agents: ['general'] });
    expect((await nubabel.ended(jobId)).result?.primary_result).toMatch(/do not fit the tool.*invoice/);
    expect(await callsOf(nubabel, jobId)).toMatchObject([{ tool: 'books__archiveInvoice', status: 'failed' }]);
  });

  it('are out of reach for whom the allow-list leaves out, also by that way', async () => {
    await connect(nubabel, {
      provider: 'sentry',
      name: 'Sentry',
      url: 'http://127.0.0.1:9',
      auth: { kind: 'api_key', apiKey: 'none' },
    }).catch(() => undefined);
    looksUp(executes('sentry__resolveIssue', { issue: '1' }));
    const { jobId } = await nubabel.ask('Resolve it', { agents: ['finance'] });
    expect((await nubabel.ended(jobId)).result?.primary_result).toMatch(
      /no tool “sentry__resolveIssue” that you may call/,
    );
    expect(await effectsOf(nubabel, jobId)).toEqual([]);
  });
});
