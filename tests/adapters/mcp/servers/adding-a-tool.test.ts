import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { readFileSync } from 'node:fs';
import type { ToolAnnotations } from '../../../../contracts/tools.ts';
import type { Provider } from '../../../../adapters/mcp/servers/define.ts';
import { github } from '../../../../adapters/mcp/servers/github/index.ts';
import { createProviderServer } from '../../../../adapters/mcp/servers/serve.ts';
import { riskOf } from '../../../../domain/tools/offers.ts';
import { createFakeGithub, type FakeGithub } from '../../../fakes/github/index.ts';
import { closeIssue } from './close-issue.ts';
import { toolsOf } from './fixture.ts';

// One file and its name in the provider's list: nothing else makes a tool.
const provider: Provider = { ...(github as Provider), tools: [...github.tools, closeIssue] as Provider['tools'] };
const settings = { owner: 'acme', repo: 'app' };

let fake: FakeGithub;
let client: Client;
beforeEach(async () => {
  fake = await createFakeGithub();
  fake.seed({ title: 'It breaks', author: 'ada' });
  const server = createProviderServer(provider, async () => ({
    client: await provider.createClient({ url: fake.url, token: fake.token, email: undefined, settings, fetch }),
    settings,
  }));
  client = new Client({ name: 'test', version: '1' });
  const [there, here] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(there), client.connect(here)]);
});
afterEach(async () => {
  await client.close();
  await fake.close();
});

describe('a tool that was added to a provider in one file', () => {
  it('is listed with its schemas', async () => {
    const { tools } = await client.listTools();
    expect(tools.find(({ name }) => name === 'closeIssue')).toMatchObject({
      title: 'Close an issue',
      inputSchema: { required: ['number'], additionalProperties: false },
    });
  });

  it('is asked about before it runs, because it says that it overwrites', async () => {
    const { tools } = await client.listTools();
    const found = tools.find(({ name }) => name === 'closeIssue')?.annotations as ToolAnnotations;
    expect(riskOf(found, true)).toBe('production');
  });

  it('is executed over the protocol, and refuses what does not fit', async () => {
    const result = await client.callTool({ name: 'closeIssue', arguments: { number: 1 } });
    expect(result).toMatchObject({ structuredContent: { number: 1, state: 'closed' } });
    expect(fake.issues()[0]).toMatchObject({ state: 'closed' });
    await expect(client.callTool({ name: 'closeIssue', arguments: {} })).resolves.toMatchObject({ isError: true });
    expect(fake.changes()).toEqual(['issue.updated acme/app#1']);
  });

  it('is found again after a lost answer, and taken back', async () => {
    const tools = toolsOf(provider, { url: fake.url, token: fake.token, settings });
    const args = { number: 1 };
    const before = await tools.before('closeIssue', args);
    const asked = { args, effectKey: 'effect-1', before };
    await expect(tools.readBack('closeIssue', asked)).resolves.toBe('not_happened');
    fake.failNext(/^PATCH/, { when: 'after', cut: true });
    await expect(tools.run('closeIssue', args, 'effect-1')).rejects.toMatchObject({ fault: 'unknown' });
    await expect(tools.readBack('closeIssue', asked)).resolves.toMatchObject({ happened: { state: 'closed' } });
    const output = await tools.run('closeIssue', args, 'effect-1');
    await expect(tools.undo('closeIssue', { args, output, before })).resolves.toContain('open again');
    expect(fake.issues()[0]).toMatchObject({ state: 'open' });
  });

  it('is written as the guide shows it', () => {
    const guide = readFileSync(new URL('../../../../docs/adding-a-tool.md', import.meta.url), 'utf8');
    const example = readFileSync(new URL('close-issue.ts', import.meta.url), 'utf8');
    const body = (text: string) => text.slice(text.indexOf('export const closeIssue'), text.indexOf('\n});\n'));
    expect(body(guide)).not.toBe('');
    expect(body(guide)).toBe(body(example));
  });
});
