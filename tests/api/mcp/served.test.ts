import { describe, expect, it } from '@jest/globals';
import type { CallTool, McpDeps } from '../../../api/mcp/offered-server.ts';
import { RequestError, type Principal } from '../../../contracts/request.ts';
import type { OfferedTool } from '../../../domain/tools/tool-host.ts';
import { done, open, person, URL_HERE } from './served-fixture.ts';

const CREATE = { name: 'jira__createIssue', arguments: { summary: 'x' } };

describe('a provider’s server over HTTP', () => {
  it('lists the accepted tools of that provider, and says in their schemas that a call may wait', async () => {
    const { client, id } = await (await open()).connect('jira');
    expect(id).toMatch(/^mcp-session-[0-9a-f-]{36}$/);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      'jira__getIssues',
      'jira__createIssue',
      'jira__updateIssue',
      'nubabel__followJob',
    ]);
    expect(tools[1]).toMatchObject({
      annotations: { readOnlyHint: false },
      outputSchema: { anyOf: [{ required: ['id', 'key'] }, { required: ['waiting'] }] },
    });
  });

  it('calls as the person who asks, and answers what the tool answered', async () => {
    const calls: unknown[] = [];
    const callTool: CallTool = (principal, name, args, options) => {
      calls.push([principal.userId, name, args]);
      return done(principal, name, args, options);
    };
    const { client } = await (await open({ callTool })).connect('jira');
    const result = await client.callTool(CREATE);
    expect(result).toMatchObject({
      isError: false,
      structuredContent: { key: 'OPS-1' },
      _meta: { 'nubabel/job': 'job-1' },
    });
    expect(calls).toEqual([['ada', 'jira__createIssue', { summary: 'x' }]]);
  });

  it('says which job waits for a person, as no failure, and so that clients accept it', async () => {
    const callTool: CallTool = async () => ({ jobId: 'job-7', status: 'awaiting_approval' });
    const { client } = await (await open({ callTool })).connect('jira');
    await client.listTools();
    const result = await client.callTool(CREATE);
    expect(result).toMatchObject({
      isError: false,
      structuredContent: {
        waiting: { jobId: 'job-7', status: 'awaiting_approval', jobUrl: `${URL_HERE}/api/jobs/job-7/status` },
      },
      content: [{ text: expect.stringContaining('do not call again') }],
    });
  });

  it('tells the outcome of a call that has waited, with what the ledger knows, and progress on the way', async () => {
    const asked: unknown[] = [];
    const effect = { key: 'k', state: 'DONE', settledBy: 'response', resource: { id: 'OPS-1' }, undo: 'available' };
    const followCall: McpDeps['followCall'] = async ({ userId }, jobId, { onProgress }) => {
      asked.push([userId, jobId]);
      onProgress?.('The tool was called', 0.9);
      const result = { text: 'made', data: { key: 'OPS-1' }, isError: false };
      return { jobId, status: 'completed', result, effect: { ...effect, arguments: { secret: 1 } } as never };
    };
    const { client } = await (await open({ followCall })).connect('jira');
    const told: unknown[] = [];
    const onprogress = ({ message }: { message?: string }) => told.push(message);
    const followed = await client.callTool({ name: 'nubabel__followJob', arguments: { jobId: 'job-7' } }, undefined, {
      onprogress,
    });
    expect(followed).toMatchObject({ isError: false, structuredContent: { key: 'OPS-1' } });
    expect(followed._meta).toEqual({ 'nubabel/job': 'job-7', 'nubabel/effect': effect });
    expect([asked, told]).toEqual([[['ada', 'job-7']], ['The tool was called']]);
  });

  it('never tells a change that nobody could confirm as done', async () => {
    const callTool: CallTool = async () => ({
      jobId: 'job-8',
      status: 'failed',
      result: { text: 'The answer was lost.', isError: false },
      effect: { key: 'k', state: 'UNKNOWN', settledBy: null, resource: null, undo: 'none' } as never,
    });
    const { client } = await (await open({ callTool })).connect('jira');
    const result = await client.callTool(CREATE);
    expect(result).toMatchObject({ isError: true, _meta: { 'nubabel/effect': { state: 'UNKNOWN' } } });
    expect(JSON.stringify(result.content)).toContain('could not be confirmed');
  });

  it('serves connected third parties by provider and by slug, and no coding agents', async () => {
    const definition = { name: 'act', description: 'Acts.', inputSchema: { type: 'object' }, annotations: {} };
    const tool = (provider: string, slug: string) =>
      ({ name: `${slug}__act`, remoteName: 'act', provider, slug, definition }) as unknown as OfferedTool;
    const more = [tool('acme', 'acme_eu'), tool('delegate', 'delegate')];
    const names: string[] = [];
    const callTool: CallTool = (principal, name, ...rest) => {
      names.push(name);
      return done(principal, name, ...rest);
    };
    const { connect } = await open({ more, callTool });
    for (const by of ['acme', 'acme_eu']) {
      const { client } = await connect(by);
      await client.callTool({ name: 'acme_eu__act', arguments: {} });
    }
    expect(names).toEqual(['acme_eu__act', 'acme_eu__act']);
    await expect(connect('delegate')).rejects.toThrow('no usable connection');
  });

  it('lists a third party’s odd tools so that clients take the list, under the names that the server knows', async () => {
    const odd = [
      { properties: { a: true, b: false, $top: { type: 'integer' } }, required: true },
      { type: 'any', properties: null, required: ['a', 1] },
      { properties: [], required: [] },
    ];
    const more = odd.map((inputSchema, nth) => ({
      name: `acme__act${nth}`,
      remoteName: `act${nth}`,
      provider: 'acme',
      slug: 'acme',
      definition: { name: `act${nth}`, description: 'Acts.', inputSchema, annotations: {} },
    })) as unknown as OfferedTool[];
    const { client } = await (await open({ more })).connect('acme');
    const { tools } = await client.listTools();
    expect(tools.slice(0, 3).map(({ inputSchema }) => inputSchema)).toEqual([
      { type: 'object', properties: { a: {}, b: { not: {} }, $top: { type: 'integer' } } },
      { type: 'object', required: ['a'] },
      { type: 'object' },
    ]);
  });

  it('tells a refusal in its words, and a fault of ours without its insides', async () => {
    const refusing = await open({
      callTool: () => Promise.reject(new RequestError('conflict', 'Reconnect it first.')),
    });
    const refused = await (await refusing.connect('jira')).client.callTool(CREATE);
    expect(refused).toMatchObject({ isError: true, content: [{ text: 'Reconnect it first.' }] });
    const logged: unknown[] = [];
    const broken = await open({ callTool: () => Promise.reject(new TypeError('secret insides')), logged });
    const failed = await (await broken.connect('jira')).client.callTool(CREATE).catch(String);
    expect(failed).not.toContain('secret insides');
    expect(failed).toContain('is logged');
    expect(logged).toHaveLength(1);
  });

  it('calls no tool of another provider, and none that is not offered', async () => {
    const { client } = await (await open()).connect('jira');
    for (const name of ['sentry__resolveIssue', 'createIssue', 'nope'])
      await expect(client.callTool({ name })).rejects.toMatchObject({ code: -32602 });
  });

  it('hands progress and cancellation through', async () => {
    const aborted = Promise.withResolvers<void>();
    const callTool: CallTool = async (_principal, _name, _args, { signal, onProgress }) => {
      onProgress?.('begun', 0.5);
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
      aborted.resolve();
      return { jobId: 'job', status: 'running' };
    };
    const { client } = await (await open({ callTool })).connect('jira');
    const stop = new AbortController();
    const onprogress = ({ message }: { message?: string }) => stop.abort(message);
    await expect(client.callTool(CREATE, undefined, { signal: stop.signal, onprogress })).rejects.toThrow('begun');
    await aborted.promise;
  });

  it('does as the person may now, not as they could when the session began', async () => {
    let role: Principal['role'] = 'user';
    const seen: string[] = [];
    const callTool: CallTool = (principal, ...rest) => {
      seen.push(principal.role);
      return done(principal, ...rest);
    };
    const { client } = await (await open({ callTool, who: () => person({ role }) })).connect('jira');
    await client.callTool(CREATE);
    role = 'guest';
    await client.callTool(CREATE);
    expect(seen).toEqual(['user', 'guest']);
  });
});
