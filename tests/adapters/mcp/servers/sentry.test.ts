import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFakeSentry, demoSentryIssue, type FakeSentry } from '../../../fakes/sentry/index.ts';
import { nextCursor } from '../../../../adapters/mcp/servers/sentry/client.ts';
import { sentry } from '../../../../adapters/mcp/servers/sentry/index.ts';
import { openProvider } from './tools.ts';

const TOKEN = 'sntrys-demo-token';
let fake: FakeSentry;
beforeEach(async () => {
  fake = await createFakeSentry({
    tokens: { [TOKEN]: 'write', reader: 'read' },
    issues: [
      demoSentryIssue(1),
      demoSentryIssue(2, { level: 'warning', latestEvent: undefined }),
      demoSentryIssue(3, { project: 'api' }),
      demoSentryIssue(4, { status: 'ignored', statusDetails: { ignoreCount: 100, actor: { id: '1' } } }),
    ],
  });
});
afterEach(() => fake.close());

const open = (change: { url?: string; token?: string; settings?: Record<string, string> } = {}) =>
  openProvider(sentry, { url: fake.apiUrl, token: TOKEN, settings: { organization: 'acme' }, ...change });

const issueNamed = (shortId: string) => {
  const issue = fake.issues.find((one) => one.shortId === shortId);
  if (!issue) throw new Error(`there is no ${shortId}`);
  return issue;
};

describe('Sentry', () => {
  it('says which organization it is, and refuses to guess one', async () => {
    await expect(open().whoAmI()).resolves.toContain('Acme');
    await expect(open({ token: 'old' }).whoAmI()).rejects.toMatchObject({ fault: 'unauthorized' });
    expect(() => open({ settings: {} })).toThrow('organization');
  });

  it('lists unresolved issues, the last seen first, page by page', async () => {
    const tools = open();
    const first = await tools.run('listIssues', { limit: 2 });
    expect(first['issues']).toMatchObject([{ shortId: 'WEB-1', events: 10 }, { shortId: 'WEB-2' }]);
    const second = await tools.run('listIssues', { limit: 2, cursor: first['nextCursor'] });
    expect(second['issues']).toMatchObject([{ shortId: 'WEB-3' }]);
    expect(second['nextCursor']).toBeUndefined();
  });

  it('keeps to the connection’s project unless another is named', async () => {
    const tools = open({ settings: { organization: 'acme', project: 'web' } });
    await expect(tools.run('listIssues', { query: 'is:unresolved level:warning' })).resolves.toMatchObject({
      issues: [{ shortId: 'WEB-2', project: 'web' }],
    });
    await expect(tools.run('listIssues', { project: 'api' })).resolves.toMatchObject({ issues: [{ project: 'api' }] });
  });

  it('reads an issue with the exception of its latest event, the innermost frame first', async () => {
    await expect(open().run('getIssue', { id: 'web-1' })).resolves.toMatchObject({
      shortId: 'WEB-1',
      url: expect.stringContaining('/issues/4500000001/'),
      latestEvent: {
        exceptions: [{ type: 'TypeError', frames: ['pay.js:42 in pay', 'app.js:1 in main'] }],
        tags: { environment: 'production' },
      },
    });
    await expect(open().run('getIssue', { id: '4500000002' })).resolves.toMatchObject({ latestEvent: null });
  });

  it('resolves an issue', async () => {
    const output = await open().run('resolveIssue', { id: 'WEB-1', inRelease: '1.2.3' });
    expect(output).toMatchObject({ status: 'resolved' });
    expect(issueNamed('WEB-1')).toMatchObject({ status: 'resolved', statusDetails: { inRelease: '1.2.3' } });
    expect(open().resource('resolveIssue', output, {})).toMatchObject({ id: 'WEB-1' });
  });

  it('reads only the next page’s cursor, and only where there is one', () => {
    const link = (results: string) =>
      `<x>; rel="previous"; results="true"; cursor="0:0:1", <y>; rel="next"; results="${results}"; cursor="0:25:0"`;
    expect([nextCursor(link('true')), nextCursor(link('false')), nextCursor(null)]).toEqual([
      '0:25:0',
      undefined,
      undefined,
    ]);
  });
});

describe('a failure of Sentry', () => {
  it('is told in Sentry’s own words', async () => {
    await expect(open().run('listIssues', { query: 'nonsense:1' })).rejects.toMatchObject({
      fault: 'refused',
      message: expect.stringContaining('Error parsing search query'),
    });
    await expect(open({ token: 'reader' }).run('resolveIssue', { id: 'WEB-1' })).rejects.toMatchObject({
      fault: 'refused',
      message: expect.stringContaining('permission'),
    });
    await expect(open().run('getIssue', { id: 'WEB-99' })).rejects.toMatchObject({ fault: 'refused' });
  });

  it('is told as a wait until the window ends when there were too many requests', async () => {
    const busy = await createFakeSentry({ limits: { requests: 1, windowMs: 60_000 } });
    const tools = open({ url: busy.apiUrl });
    await tools.whoAmI();
    const limited = await tools.whoAmI().catch((error: unknown) => error);
    expect(limited).toMatchObject({ fault: 'rate_limited' });
    expect((limited as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(50_000);
    await busy.close();
  });

  it('leaves a change open and a read harmless when the answer is lost', async () => {
    fake.failNext('updateIssue', { when: 'after', cut: true });
    await expect(open().run('resolveIssue', { id: 'WEB-1' })).rejects.toMatchObject({ fault: 'unknown' });
    fake.failNext('listIssues', { when: 'before', cut: true });
    await expect(open().run('listIssues', {})).rejects.toMatchObject({ fault: 'unavailable' });
    expect(fake.calls('updateIssue')).toHaveLength(1);
  });
});

describe('a resolution', () => {
  const args = { id: 'WEB-1' };

  it('is known to have happened, or not, by the issue', async () => {
    const tools = open();
    const before = await tools.before('resolveIssue', args);
    await expect(tools.readBack('resolveIssue', { args, before })).resolves.toBe('not_happened');
    fake.failNext('updateIssue', { when: 'after', cut: true });
    await expect(tools.run('resolveIssue', args)).rejects.toThrow();
    await expect(tools.readBack('resolveIssue', { args, before })).resolves.toMatchObject({
      happened: { shortId: 'WEB-1', status: 'resolved' },
    });
    issueNamed('WEB-1').status = 'ignored';
    await expect(tools.readBack('resolveIssue', { args, before })).resolves.toBe('unclear');
  });

  it('of an issue that was resolved before is told apart by its release', async () => {
    const tools = open();
    const later = { id: 'WEB-1', inRelease: '2.0' };
    await tools.run('resolveIssue', { id: 'WEB-1', inRelease: '1.0' });
    const before = await tools.before('resolveIssue', later);
    await expect(tools.readBack('resolveIssue', { args: later, before })).resolves.toBe('not_happened');
    await tools.run('resolveIssue', later);
    await expect(tools.readBack('resolveIssue', { args: later, before })).resolves.toMatchObject({ happened: {} });
  });

  it('is taken back to what the issue was, also ignored, and can be so twice', async () => {
    const tools = open();
    const ignored = { id: 'WEB-4' };
    const before = await tools.before('resolveIssue', ignored);
    const output = await tools.run('resolveIssue', ignored);
    await expect(tools.undo('resolveIssue', { args: ignored, output, before })).resolves.toContain('ignored again');
    await expect(tools.undo('resolveIssue', { args: ignored, output, before })).resolves.toContain('nothing to undo');
    expect(issueNamed('WEB-4')).toMatchObject({ status: 'ignored', statusDetails: { ignoreCount: 100 } });
    expect(fake.changes('issue.')).toHaveLength(2);
  });
});
