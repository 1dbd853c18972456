import { afterEach, describe, expect, it } from '@jest/globals';
import { createFakeLinear, type FakeLinearOptions } from '../../../fakes/linear/index.ts';
import { effectUuid } from '../../../../adapters/mcp/servers/define.ts';
import { linear as provider } from '../../../../adapters/mcp/servers/linear/index.ts';
import { toolsOf, type ToolsOptions } from './fixture.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function open(options: FakeLinearOptions = {}, tools: Partial<ToolsOptions> = {}) {
  const fake = await createFakeLinear(options);
  closers.push(fake.close);
  const settings = { team: 'ENG' };
  return { fake, tools: toolsOf(provider, { url: fake.graphqlUrl, token: fake.token, settings, ...tools }) };
}

const issue = {
  title: 'Login breaks',
  description: 'When pressed twice.',
  status: 'in progress',
  assignee: 'ada@example.com',
  priority: 'high',
  dueDate: '2026-12-31',
};

describe('Linear tools that read', () => {
  it('say who we are, also with a token of OAuth', async () => {
    const { tools } = await open();
    await expect(tools.whoAmI()).resolves.toBe('Nubabel <nubabel@example.com> in Linear');
    const oauth = await open({ token: 'lin_oauth_demo' });
    await expect(oauth.tools.whoAmI()).resolves.toContain('Nubabel');
  });

  it('list issues page by page', async () => {
    const { tools } = await open();
    for (const title of ['one', 'two', 'three']) await tools.run('createIssue', { title });
    const first = await tools.run('getIssues', { limit: 2 });
    const second = await tools.run('getIssues', { limit: 2, cursor: first['nextCursor'] });
    expect(second['nextCursor']).toBeUndefined();
    const titles = [first, second].flatMap(({ issues }) => issues as { title: string }[]).map(({ title }) => title);
    expect(titles.sort()).toEqual(['one', 'three', 'two']);
  });

  it('filter issues by team, status, person, title and time', async () => {
    const { tools } = await open();
    await tools.run('createIssue', issue);
    await tools.run('createIssue', { title: 'Other', team: 'operations' });
    const titles = async (args: object) =>
      ((await tools.run('getIssues', { ...args }))['issues'] as { title: string }[]).map(({ title }) => title);
    await expect(titles({ team: 'OPS' })).resolves.toEqual(['Other']);
    await expect(titles({ status: 'In Progress' })).resolves.toEqual(['Login breaks']);
    await expect(titles({ assignee: 'Ada Lovelace' })).resolves.toEqual(['Login breaks']);
    await expect(titles({ assignee: 'me' })).resolves.toEqual([]);
    await expect(titles({ query: 'login' })).resolves.toEqual(['Login breaks']);
    await expect(titles({ updatedSince: '2999-01-01T00:00:00Z' })).resolves.toEqual([]);
  });
});

describe('Linear tools that write', () => {
  it('create an issue in one request that changes something', async () => {
    const { tools, fake } = await open();
    const created = await tools.run('createIssue', issue, 'effect-1');
    expect(created).toMatchObject({
      id: effectUuid('effect-1'),
      identifier: 'ENG-1',
      status: 'In Progress',
      statusType: 'started',
      priority: 'high',
      assignee: { name: 'Ada Lovelace', email: 'ada@example.com' },
      dueDate: '2026-12-31',
    });
    expect(fake.changes()).toEqual(['issue.created ENG-1']);
    expect(tools.resource('createIssue', created, issue)).toEqual({
      id: 'ENG-1',
      url: 'https://linear.app/acme/issue/ENG-1',
    });
  });

  it('create once for one key, however often they are called', async () => {
    const { tools, fake } = await open();
    const first = await tools.run('createIssue', issue, 'effect-1');
    await expect(tools.run('createIssue', issue, 'effect-1')).resolves.toEqual(first);
    await tools.run('createIssue', issue, 'effect-2');
    expect(fake.changes('issue.created')).toEqual(['issue.created ENG-1', 'issue.created ENG-2']);
  });

  it('trash what they created, however often', async () => {
    const { tools, fake } = await open();
    const output = await tools.run('createIssue', issue, 'effect-1');
    await expect(tools.undo('createIssue', { args: issue, output })).resolves.toContain('ENG-1 to the trash');
    await expect(tools.undo('createIssue', { args: issue, output })).resolves.toContain('already');
    expect(fake.issues[0]?.trashed).toBe(true);
    expect(fake.changes('issue.trashed')).toHaveLength(1);
  });

  it('change only what is given, and restore it', async () => {
    const { tools, fake } = await open();
    await tools.run('createIssue', issue, 'effect-1');
    const args = { id: 'ENG-1', status: 'Done', assignee: null, dueDate: null, priority: 'low', title: 'Fixed' };
    const before = await tools.before('updateIssue', args);
    expect(Object.keys(before ?? {}).sort()).toEqual(['assigneeId', 'dueDate', 'priority', 'stateId', 'title']);
    const output = await tools.run('updateIssue', args, 'effect-2');
    expect(output).toMatchObject({ status: 'Done', assignee: null, dueDate: null, description: issue.description });
    for (let again = 0; again < 2; again++)
      await expect(tools.undo('updateIssue', { args, output, before })).resolves.toBe('Put ENG-1 back as it was.');
    await expect(tools.run('getIssues', {})).resolves.toMatchObject({
      issues: [{ title: issue.title, status: 'In Progress', priority: 'high', dueDate: issue.dueDate }],
    });
    await expect(tools.undo('updateIssue', { args, output })).rejects.toThrow('We couldn’t confirm how it was');
    expect(fake.changes('issue.updated')).toHaveLength(2);
  });

  it('put back only what nobody has changed since', async () => {
    const { tools, fake } = await open();
    await tools.run('createIssue', issue);
    const args = { id: 'ENG-1', description: '- one', priority: 'low' };
    const before = await tools.before('updateIssue', args);
    const output = await tools.run('updateIssue', args);
    const [kept] = fake.issues;
    if (kept) Object.assign(kept, { description: '* one', priority: 1 });
    await expect(tools.undo('updateIssue', { args, output, before })).resolves.toContain(
      'Others have changed priority',
    );
    expect(fake.issues[0]).toMatchObject({ description: issue.description, priority: 1 });
  });

  it('name what there is when something is not there', async () => {
    const { tools, fake } = await open();
    await expect(tools.run('createIssue', { ...issue, team: 'HR' })).rejects.toThrow(
      /no team HR .*ENG \(Engineering\), OPS/,
    );
    await expect(tools.run('createIssue', { ...issue, status: 'Doing' })).rejects.toThrow(
      /no status "Doing".*Todo, In Progress/,
    );
    await expect(tools.run('createIssue', { ...issue, assignee: 'eve' })).rejects.toThrow(
      /no eve .*Ada Lovelace <ada@/,
    );
    await expect(tools.run('getIssues', { team: 'ENG', status: 'Doing' })).rejects.toThrow('It has: Backlog');
    await expect(tools.run('updateIssue', { id: 'ENG-9', title: 'x' })).rejects.toThrow('Entity not found: Issue');
    const unset = await open({}, { settings: {} });
    await expect(unset.tools.run('createIssue', issue)).rejects.toThrow('setting team');
    expect(fake.changes()).toEqual([]);
  });
});

describe('a lost answer of Linear', () => {
  it('to a creation is unknown, and found by the id that we chose', async () => {
    const { tools, fake } = await open();
    fake.failNext('issueCreate', { when: 'after', cut: true });
    await expect(tools.run('createIssue', issue, 'effect-1')).rejects.toMatchObject({ fault: 'unknown' });
    await expect(tools.readBack('createIssue', { args: issue, effectKey: 'effect-1' })).resolves.toMatchObject({
      happened: { identifier: 'ENG-1' },
    });
    await expect(tools.readBack('createIssue', { args: issue, effectKey: 'effect-2' })).resolves.toBe('not_happened');
    await expect(tools.run('createIssue', issue, 'effect-1')).resolves.toMatchObject({ identifier: 'ENG-1' });
    expect(fake.changes('issue.created')).toHaveLength(1);
  });

  it('to a creation that arrives late makes no second issue', async () => {
    const { tools, fake } = await open();
    fake.failNext('issueCreate', { late: true });
    await expect(tools.run('createIssue', issue, 'effect-1')).rejects.toMatchObject({ fault: 'unknown' });
    await tools.run('createIssue', issue, 'effect-1');
    fake.letLateOnesArrive();
    expect(fake.changes('issue.created')).toHaveLength(1);
  });

  it('to a change is found by comparing', async () => {
    const { tools, fake } = await open();
    await tools.run('createIssue', issue);
    const args = { id: 'ENG-1', status: 'Done', description: '- one\n- two' };
    const before = await tools.before('updateIssue', args);
    const asked = { args, effectKey: 'effect-2', before };
    await expect(tools.readBack('updateIssue', asked)).resolves.toBe('not_happened');
    fake.failNext('issueUpdate', { when: 'after', status: 500 });
    await expect(tools.run('updateIssue', args, 'effect-2')).rejects.toMatchObject({ fault: 'unknown' });
    const [kept] = fake.issues;
    // Linear keeps Markdown in its own words.
    if (kept) kept.description = '* one\n\n* two';
    await expect(tools.readBack('updateIssue', asked)).resolves.toMatchObject({ happened: { status: 'Done' } });
    if (kept) kept.description = 'Somebody else was here.';
    await expect(tools.readBack('updateIssue', asked)).resolves.toBe('unclear');
    await expect(tools.readBack('updateIssue', { ...asked, args: { ...args, id: 'ENG-9' } })).resolves.toBe('unclear');
  });
});

describe('failures of Linear', () => {
  it.each([
    ['issueCreate', { status: 429, retryAfterSeconds: 11 }, { fault: 'rate_limited', retryAfterMs: 11_000 }],
    ['issueCreate', { status: 500 }, { fault: 'unknown' }],
    ['issueCreate', { status: 502 }, { fault: 'unknown' }],
    ['issueCreate', { cut: true }, { fault: 'unknown' }],
    ['issueCreate', { status: 401 }, { fault: 'unauthorized' }],
    ['issueCreate', { status: 403 }, { fault: 'refused', message: /scopes read and write/ }],
    ['teams', { status: 503 }, { fault: 'unavailable' }],
    ['teams', { cut: true }, { fault: 'unavailable' }],
  ])('%s %j', async (operation, fault, { message, ...expected }: { message?: RegExp; fault: string }) => {
    const { tools, fake } = await open();
    fake.failNext(operation, fault);
    const error: unknown = await tools.run('createIssue', issue).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject(expected);
    expect(String(error)).toMatch(message ?? /./);
    expect(String(error)).not.toContain(fake.token);
    expect(fake.calls(operation)).toHaveLength(1);
  });

  it('tell the time until the hour is over when Linear names no other', async () => {
    const { tools, fake } = await open();
    fake.failNext('viewer', { status: 429 });
    const error: unknown = await tools.whoAmI().catch((thrown: unknown) => thrown);
    expect((error as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(3_500_000);
    const outsider = toolsOf(provider, { url: fake.graphqlUrl, token: 'lin_api_wrong' });
    await expect(outsider.whoAmI()).rejects.toMatchObject({ fault: 'unauthorized' });
  });
});
