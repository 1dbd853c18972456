import { afterEach, describe, expect, it } from '@jest/globals';
import { createFakeGithub, exhausted, type FakeGithubOptions } from '../../../fakes/github/index.ts';
import { effectMark } from '../../../../adapters/mcp/servers/define.ts';
import { github as provider } from '../../../../adapters/mcp/servers/github/index.ts';
import { toolsOf, type ToolsOptions } from './fixture.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function open(options: FakeGithubOptions = {}, tools: Partial<ToolsOptions> = {}) {
  const fake = await createFakeGithub(options);
  closers.push(fake.close);
  const settings = { owner: 'acme', repo: 'app' };
  return { fake, tools: toolsOf(provider, { url: fake.url, token: fake.token, settings, ...tools }) };
}

const CREATE = 'POST /repos/acme/app/issues';
const issue = { title: 'It breaks', body: 'When pressed.', labels: ['bug'], assignees: ['ada'] };
const pull = { head: 'fix', base: 'main', draft: false, merged: false, additions: 3, deletions: 1, changedFiles: 2 };

describe('GitHub tools that read', () => {
  it('say who we are', async () => {
    const { tools } = await open();
    await expect(tools.whoAmI()).resolves.toBe('nubabel-bot on GitHub');
  });

  it('list issues page by page, without pull requests', async () => {
    const { tools, fake } = await open();
    for (const title of ['one', 'two', 'three']) fake.seed({ title, author: 'ada' });
    fake.seed({ title: 'a pull request', author: 'ada', pull });
    const first = await tools.run('listIssues', { limit: 2 });
    expect(first).toMatchObject({
      issues: [{ title: 'three', url: 'https://github.com/acme/app/issues/3' }],
      nextPage: 2,
    });
    const second = await tools.run('listIssues', { limit: 2, page: 2 });
    expect(second).toMatchObject({ issues: [{ title: 'two' }, { title: 'one' }] });
    expect(second['nextPage']).toBeUndefined();
  });

  it('filter issues', async () => {
    const { tools, fake } = await open();
    fake.seed({ title: 'a', author: 'ada', labels: ['bug', 'docs'], state: 'closed', assignees: ['grace'] });
    fake.seed({ title: 'b', author: 'ada', labels: ['bug'] });
    const titles = async (args: object) => (await tools.run('listIssues', { ...args }))['issues'];
    await expect(titles({ state: 'all', labels: ['bug', 'docs'] })).resolves.toMatchObject([{ title: 'a' }]);
    await expect(titles({ state: 'all', assignee: 'grace' })).resolves.toMatchObject([{ title: 'a' }]);
    await expect(titles({ since: '2999-01-01T00:00:00Z' })).resolves.toEqual([]);
  });

  it('show pull requests', async () => {
    const { tools, fake } = await open();
    fake.seed({ title: 'no pull request', author: 'ada' });
    fake.seed({ title: 'fix it', author: 'grace', pull });
    fake.seed({ title: 'old', author: 'grace', state: 'closed', pull: { ...pull, merged: true, base: 'old' } });
    await expect(tools.run('listPullRequests', { state: 'all', limit: 1 })).resolves.toMatchObject({
      pullRequests: [{ title: 'old', state: 'merged' }],
      nextPage: 2,
    });
    await expect(tools.run('listPullRequests', { base: 'main' })).resolves.toMatchObject({
      pullRequests: [{ number: 2, head: 'fix', base: 'main' }],
    });
    await expect(tools.run('getPullRequest', { number: 2 })).resolves.toMatchObject({
      changedFiles: 2,
      additions: 3,
      mergeable: true,
      mergeableState: 'clean',
    });
    await expect(tools.run('getPullRequest', { number: 1 })).rejects.toThrow('check owner, repo and number');
  });
});

describe('GitHub tools that write', () => {
  it('create an issue with a mark that is not shown', async () => {
    const { tools, fake } = await open();
    const created = await tools.run('createIssue', issue, 'effect-1');
    expect(created).toMatchObject({ number: 1, ...issue, author: 'nubabel-bot' });
    expect(fake.issues()[0]?.body).toBe(`When pressed.\n\n<!-- nubabel:${effectMark('effect-1')} -->`);
    expect(fake.changes()).toEqual(['issue.created acme/app#1']);
    expect(tools.resource('createIssue', created, issue)).toEqual({
      id: 'acme/app/issues/1',
      url: 'https://github.com/acme/app/issues/1',
    });
  });

  it('close what they created as not planned, once, however often they are asked', async () => {
    const { tools, fake } = await open();
    const output = await tools.run('createIssue', issue, 'effect-1');
    const undo = () => tools.undo('createIssue', { args: issue, output });
    await expect(undo()).resolves.toContain('acme/app#1 as not planned');
    await expect(undo()).resolves.toContain('closed already');
    expect(fake.changes('issue.updated')).toHaveLength(1);
    expect(fake.issues()[0]).toMatchObject({ state: 'closed', stateReason: 'not_planned' });
  });

  it('change only what is given, keep the mark, and restore', async () => {
    const { tools, fake } = await open();
    await tools.run('createIssue', issue, 'effect-1');
    const args = { number: 1, body: 'Never mind.', state: 'closed', stateReason: 'completed', labels: ['docs'] };
    const before = await tools.before('updateIssue', args);
    expect(before).toEqual({ body: issue.body, state: 'open', stateReason: null, labels: ['bug'] });
    const output = await tools.run('updateIssue', args, 'effect-2');
    expect(output).toMatchObject({ ...args, title: issue.title, assignees: ['ada'] });
    expect(fake.issues()[0]?.body).toContain(effectMark('effect-1'));
    for (let again = 0; again < 2; again++) await tools.undo('updateIssue', { args, output, before });
    expect(fake.issues()[0]).toMatchObject({ state: 'open', labels: ['bug'], title: issue.title });
    expect(fake.issues()[0]?.body).toBe(`When pressed.\n\n<!-- nubabel:${effectMark('effect-1')} -->`);
  });

  it('put back only what nobody has changed since', async () => {
    const { tools, fake } = await open();
    await tools.run('createIssue', issue);
    const args = { number: 1, title: 'Other', labels: ['docs'] };
    const before = await tools.before('updateIssue', args);
    const output = await tools.run('updateIssue', args);
    const [kept] = fake.issues();
    if (kept) kept.title = 'Somebody else was here';
    await expect(tools.undo('updateIssue', { args, output, before })).resolves.toContain(
      'Others have changed title since',
    );
    expect(fake.issues()[0]).toMatchObject({ title: 'Somebody else was here', labels: ['bug'] });
  });

  it('do not make labels or assign outsiders, and name what there is', async () => {
    const { tools, fake } = await open();
    await expect(tools.run('createIssue', { ...issue, labels: ['Bug', 'urgent'] })).rejects.toThrow(
      'no label urgent in this repository. There are: bug, docs, needs triage',
    );
    await expect(tools.run('createIssue', { ...issue, assignees: ['eve'] })).rejects.toThrow(
      /no assignee eve .*ada, grace/,
    );
    fake.seed({ title: 'x', author: 'ada' });
    await expect(tools.run('updateIssue', { number: 1, labels: ['urgent'] })).rejects.toThrow('no label urgent');
    expect(fake.changes()).toEqual([]);
  });

  it('leave pull requests alone', async () => {
    const { tools, fake } = await open();
    fake.seed({ title: 'fix it', author: 'grace', pull });
    await expect(tools.run('updateIssue', { number: 1, state: 'closed' })).rejects.toThrow('is a pull request');
  });
});

describe('a lost answer of GitHub', () => {
  it('is unknown, and found again by the mark among others', async () => {
    const { tools, fake } = await open();
    fake.failNext(CREATE, { when: 'after', cut: true });
    await expect(tools.run('createIssue', issue, 'effect-1')).rejects.toMatchObject({ fault: 'unknown' });
    await tools.run('createIssue', issue, 'effect-2');
    await expect(tools.readBack('createIssue', { args: issue, effectKey: 'effect-1' })).resolves.toMatchObject({
      happened: { number: 1, body: issue.body },
    });
    await expect(tools.readBack('createIssue', { args: issue, effectKey: 'effect-3' })).resolves.toBe('not_happened');
    expect(fake.changes('issue.created')).toHaveLength(2);
  });

  it('is found behind a page of newer issues, and not looked for in older ones', async () => {
    const { tools, fake } = await open();
    fake.seed({ title: 'old', author: 'ada', createdAt: '2020-01-01T00:00:00Z', updatedAt: new Date().toISOString() });
    await tools.run('createIssue', issue, 'effect-1');
    for (let more = 0; more < 120; more++) fake.seed({ title: 'newer', author: 'ada' });
    await expect(tools.readBack('createIssue', { args: issue, effectKey: 'effect-1' })).resolves.toMatchObject({
      happened: { number: 2 },
    });
    await expect(tools.readBack('createIssue', { args: issue, effectKey: 'other' })).resolves.toBe('not_happened');
  });

  it('is unclear when there is too much to look through', async () => {
    const { tools, fake } = await open();
    for (let more = 0; more < 1001; more++) fake.seed({ title: 'newer', author: 'ada' });
    await expect(tools.readBack('createIssue', { args: issue, effectKey: 'other' })).resolves.toBe('unclear');
  });

  it('of a request that was never carried out is told apart', async () => {
    const { tools, fake } = await open();
    fake.failNext(CREATE, { late: true });
    await expect(tools.run('createIssue', issue, 'effect-1')).rejects.toMatchObject({ fault: 'unknown' });
    await expect(tools.readBack('createIssue', { args: issue, effectKey: 'effect-1' })).resolves.toBe('not_happened');
    fake.letLateOnesArrive();
    await expect(tools.readBack('createIssue', { args: issue, effectKey: 'effect-1' })).resolves.toMatchObject({
      happened: { number: 1 },
    });
  });

  it('of a change is found by comparing', async () => {
    const { tools, fake } = await open();
    await tools.run('createIssue', issue, 'effect-1');
    const args = { number: 1, title: 'Other', body: 'x\ny', labels: ['docs', 'bug'], assignees: [] };
    const asked = { args, effectKey: 'effect-2', before: await tools.before('updateIssue', args) };
    await expect(tools.readBack('updateIssue', asked)).resolves.toBe('not_happened');
    fake.failNext(/^PATCH/, { when: 'after', status: 502 });
    await expect(tools.run('updateIssue', args, 'effect-2')).rejects.toMatchObject({ fault: 'unknown' });
    await expect(tools.readBack('updateIssue', { args, effectKey: 'effect-2' })).resolves.toMatchObject({
      happened: { title: 'Other' },
    });
    const [kept] = fake.issues();
    if (kept) kept.title = 'Somebody else was here';
    await expect(tools.readBack('updateIssue', asked)).resolves.toBe('unclear');
    const gone = { ...args, number: 7 };
    await expect(tools.readBack('updateIssue', { args: gone, effectKey: 'effect-2' })).resolves.toBe('unclear');
  });
});

describe('failures of GitHub', () => {
  it.each([
    [CREATE, { status: 429, retryAfterSeconds: 9 }, { fault: 'rate_limited', retryAfterMs: 9000 }],
    [CREATE, { status: 429 }, { fault: 'rate_limited', retryAfterMs: 60_000 }],
    [CREATE, { status: 503 }, { fault: 'unknown' }],
    [CREATE, { cut: true }, { fault: 'unknown' }],
    [CREATE, { status: 401 }, { fault: 'unauthorized' }],
    [CREATE, { status: 403 }, { fault: 'refused', message: /needs issues=write/ }],
    [CREATE, { status: 410 }, { fault: 'refused', message: /switched off/ }],
    ['GET /repos/acme/app/labels', { status: 500 }, { fault: 'unavailable' }],
    ['GET /repos/acme/app/labels', { cut: true }, { fault: 'unavailable' }],
  ])('%s %j', async (operation, fault, { message, ...expected }: { message?: RegExp; fault: string }) => {
    const { tools, fake } = await open();
    fake.failNext(operation, fault);
    const error: unknown = await tools.run('createIssue', issue).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject(expected);
    expect(String(error)).toMatch(message ?? /./);
    expect(String(error)).not.toContain(fake.token);
    expect(fake.calls(operation)).toHaveLength(1);
  });

  it('are told apart for a wrong token, a strange repository and a bad value', async () => {
    const { tools, fake } = await open();
    const outsider = toolsOf(provider, { url: fake.url, token: 'ghp_wrong' });
    await expect(outsider.whoAmI()).rejects.toMatchObject({ fault: 'unauthorized' });
    await expect(outsider.run('listIssues', {})).rejects.toThrow('Name owner and repo');
    await expect(tools.run('listIssues', { repo: 'secret' })).rejects.toThrow('the token has access');
    const spaces = tools.run('createIssue', { title: 'x', body: 'y'.repeat(65_001) });
    await expect(spaces).rejects.toThrow();
  });

  it('wait for the hour when all requests are used up', async () => {
    const answer = exhausted(120);
    const fetch = () =>
      Promise.resolve(Response.json(answer.body, { status: answer.status, headers: answer.headers ?? {} }));
    const { tools } = await open({}, { fetch });
    const error: unknown = await tools.whoAmI().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ fault: 'rate_limited' });
    const { retryAfterMs } = error as { retryAfterMs: number };
    expect(retryAfterMs).toBeGreaterThan(110_000);
    expect(retryAfterMs).toBeLessThanOrEqual(120_000);
  });
});
