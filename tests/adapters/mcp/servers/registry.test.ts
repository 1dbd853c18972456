import { beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { FIRST_PARTY } from '../../../../contracts/connections.ts';
import type { ToolDefinition } from '../../../../contracts/tools.ts';
import { ProviderError, type Provider } from '../../../../adapters/mcp/servers/define.ts';
import { providerNamed, providers } from '../../../../adapters/mcp/servers/index.ts';
import { definitionsOf } from '../../../support/offering-host.ts';

/** What agents and people rely on: none of these may go. */
const TOOLS: Readonly<Record<string, readonly string[]>> = {
  notion: ['getTasks', 'createTask', 'updateTask', 'deleteTask'],
  slack: ['postMessage', 'updateMessage', 'sendThreadReply', 'getChannels', 'getUsers'],
  linear: ['getIssues', 'createIssue', 'updateIssue'],
  jira: ['getIssues', 'createIssue', 'updateIssue'],
  github: ['listIssues', 'createIssue', 'updateIssue', 'getPullRequest', 'listPullRequests'],
  sentry: ['listIssues', 'getIssue', 'resolveIssue'],
  salesforce: ['query', 'getRecord', 'updateRecord'],
};

/** How a provider says that a token is not good any more, where its words matter. */
const OVER: Readonly<Record<string, { status: number; body: object }>> = {
  slack: { status: 200, body: { ok: false, error: 'token_revoked' } },
  notion: {
    status: 401,
    body: { object: 'error', status: 401, code: 'unauthorized', message: 'API token is invalid.' },
  },
};

const clientOf = (provider: Provider, send: typeof fetch) =>
  provider.createClient({
    url: 'https://provider.example',
    token: 'token',
    email: 'ada@acme.example',
    settings: { organization: 'acme', owner: 'acme', repo: 'app' },
    fetch: send,
  });

describe('the registry', () => {
  it('has every first-party provider once, found by its name', () => {
    expect(providers.map(({ provider }) => provider).sort()).toEqual([...FIRST_PARTY].sort());
    for (const one of providers) expect(providerNamed(one.provider)).toBe(one);
    expect(providerNamed('nowhere')).toBeUndefined();
  });
});

describe.each(providers.map((provider) => [provider.provider, provider] as const))('%s', (name, provider) => {
  let definitions: ToolDefinition[];
  beforeAll(async () => {
    definitions = await definitionsOf(provider);
  });

  it('has the tools that are promised, under names that models take', () => {
    const names = provider.tools.map((tool) => tool.name);
    expect(names).toEqual(expect.arrayContaining([...(TOOLS[name] ?? ['no promise'])]));
    // Exactly those that its folder defines: none is left out of the list, none comes from elsewhere or twice.
    const folder = new URL(`../../../../adapters/mcp/servers/${name}/`, import.meta.url);
    const text = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), 'utf8'));
    const defined = text.flatMap((one) => [...one.matchAll(/defineTool<\w+>\(\)\(\{\s+name: '(\w+)'/g)]);
    expect([...names].sort()).toEqual(defined.map(([, tool]) => String(tool)).sort());
    for (const tool of names) expect(`${name}__${tool}`).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  });

  it('says what its tools take and give in schemas that every model’s API reads', () => {
    for (const { name: tool, title, description, inputSchema, outputSchema } of definitions) {
      expect({ tool, title, description }).toEqual({
        tool,
        title: expect.stringMatching(/^[A-Z]/),
        description: expect.stringMatching(/\.$/),
      });
      // Unknown arguments are refused instead of dropped; combinators at the root are not taken by all models' APIs.
      expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
      for (const combinator of ['anyOf', 'oneOf', 'allOf']) expect(inputSchema).not.toHaveProperty(combinator);
      for (const [field, schema] of Object.entries(inputSchema['properties'] ?? {}))
        expect({ tool, field, schema }).toMatchObject({ schema: { description: expect.any(String) } });
      expect(outputSchema).toMatchObject({ type: 'object' });
      // The schema of what is given stands inside of another where calls may wait.
      expect(JSON.stringify([inputSchema, outputSchema])).not.toContain('"$ref"');
    }
  });

  it('is honest about reads: nothing to find out, nothing to take back', () => {
    for (const tool of provider.tools.filter(({ annotations }) => annotations.readOnlyHint)) {
      expect({ ...tool.annotations, tool: tool.name }).toMatchObject({ destructiveHint: false, idempotentHint: true });
      for (const part of ['before', 'readBack', 'undo', 'lostByUndo', 'resource', 'takesEffectKey'])
        expect(tool).not.toHaveProperty(part);
      expect(tool.name).toMatch(/^(get|list|query)/);
    }
  });

  it('can find out what has become of every change, where it is, and take it back', () => {
    for (const tool of provider.tools.filter(({ annotations }) => !annotations.readOnlyHint)) {
      const { destructiveHint, idempotentHint } = tool.annotations;
      for (const part of ['readBack', 'undo', 'resource']) expect(tool).toHaveProperty(part);
      // Who overwrites has to have looked before, or there is nothing to put back.
      if (destructiveHint || idempotentHint) expect(tool).toHaveProperty('before');
      // What is made others may have used since, and taking it back would take that with it.
      if (!destructiveHint && !idempotentHint) expect(tool).toHaveProperty('lostByUndo');
      expect(tool.name).not.toMatch(/^(get|list|query)/);
    }
  });

  it('asks only through the fetch it was given, and once', async () => {
    for (const answer of [
      () => Promise.reject(Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } })),
      () => Promise.resolve(new Response('{}', { status: 503, headers: { 'content-type': 'application/json' } })),
    ]) {
      const asked: string[] = [];
      const client = await clientOf(provider, (input) => {
        asked.push(new URL(input instanceof Request ? input.url : input).host);
        return answer();
      });
      expect(asked).toEqual([]);
      const failed = await provider
        .whoAmI(client, { signal: AbortSignal.timeout(20_000), settings: {} })
        .catch((error: unknown) => error);
      expect(failed).toBeInstanceOf(ProviderError);
      expect(failed).toMatchObject({ fault: 'unavailable' });
      expect(asked).toEqual(['provider.example']);
    }
  });

  it('knows when a grant is over', async () => {
    const { status, body } = OVER[name] ?? { status: 401, body: { message: 'no' } };
    const refusing = () => Promise.resolve(Response.json(body, { status }));
    const asked = provider.whoAmI(await clientOf(provider, refusing), {
      signal: AbortSignal.timeout(20_000),
      settings: {},
    });
    await expect(asked).rejects.toMatchObject({ name: 'ProviderError', fault: 'unauthorized' });
  });
});
