import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFakeJira, DEMO_JIRA_USER, type FakeJira } from '../../../fakes/jira/index.ts';
import { jira } from '../../../../adapters/mcp/servers/jira/index.ts';
import { openProvider } from './tools.ts';

let fake: FakeJira;
beforeEach(async () => {
  fake = await createFakeJira({ limits: 'off' });
});
afterEach(() => fake.close());

const { email, token } = DEMO_JIRA_USER;
const open = (change: { url?: string; email?: string; token?: string; settings?: Record<string, string> } = {}) =>
  openProvider(jira, { url: fake.url, email, token, settings: { project: 'OPS' }, ...change });

const issueNamed = (key: string) => {
  const issue = fake.issues.find((one) => one.key === key);
  if (!issue) throw new Error(`there is no ${key}`);
  return issue;
};

describe('Jira', () => {
  it('says who we are, with an e-mail and its token or with a grant', async () => {
    await expect(open().whoAmI()).resolves.toBe('Nubabel Bot');
    await expect(open({ email: undefined }).whoAmI()).resolves.toBe('Nubabel Bot');
    await expect(open({ token: 'old' }).whoAmI()).rejects.toMatchObject({ fault: 'unauthorized' });
  });

  it('creates an issue with everything that was asked for', async () => {
    const created = await open().run('createIssue', {
      type: 'Bug',
      summary: 'Login fails',
      description: '# Why\nIt **breaks** at [login](https://acme.example/login).\n\n- one\n- two',
      labels: ['web'],
      priority: 'High',
      assigneeAccountId: DEMO_JIRA_USER.accountId,
    });
    expect(created).toMatchObject({ key: 'OPS-1', url: `${fake.url}/browse/OPS-1` });
    expect(issueNamed('OPS-1')).toMatchObject({
      type: 'Bug',
      summary: 'Login fails',
      labels: ['web'],
      priority: 'High',
      assignee: DEMO_JIRA_USER.accountId,
    });
    expect(issueNamed('OPS-1').description).toMatchObject({
      type: 'doc',
      content: [{ type: 'heading' }, { type: 'paragraph' }, { type: 'bulletList' }],
    });
  });

  it('finds issues by simple filters, and pages', async () => {
    const tools = open();
    for (const n of [1, 2, 3]) await tools.run('createIssue', { summary: `Task ${n}`, description: 'Some *text*.' });
    await tools.run('createIssue', { summary: 'Say "no"', labels: ['odd'] });
    const first = await tools.run('getIssues', { text: 'task', limit: 2 });
    const second = await tools.run('getIssues', { text: 'task', limit: 2, pageToken: first['nextPageToken'] });
    expect([first, second].flatMap(({ issues }) => issues as { summary: string }[])).toHaveLength(3);
    expect(second['nextPageToken']).toBeUndefined();
    expect(first['issues']).toContainEqual(
      expect.objectContaining({ status: 'To Do', type: 'Task', description: 'Some *text*.' }),
    );
    await expect(tools.run('getIssues', { text: 'Say "no"' })).resolves.toMatchObject({
      issues: [{ labels: ['odd'] }],
    });
    await expect(tools.run('getIssues', { jql: 'project = OPS AND labels = odd' })).resolves.toMatchObject({
      issues: [{ summary: 'Say "no"' }],
    });
  });

  it('never asks without a bound, which Jira refuses', async () => {
    await expect(open({ settings: {} }).run('getIssues', {})).resolves.toMatchObject({ issues: [] });
  });

  it('changes what is given and moves to a status by its name', async () => {
    const tools = open();
    await tools.run('createIssue', { summary: 'Old', labels: ['keep'] });
    const changed = await tools.run('updateIssue', { key: 'ops-1', summary: 'New', status: 'in progress' });
    expect(changed).toMatchObject({ summary: 'New', status: 'In Progress', labels: ['keep'] });
    await tools.run('updateIssue', { key: 'OPS-1', status: 'In Progress' });
    expect(fake.changes('issue.moved')).toHaveLength(1);
  });

  it('changes nothing when the status cannot be reached, and says where it can go', async () => {
    const tools = open();
    await tools.run('createIssue', { summary: 'Old' });
    const refused = tools.run('updateIssue', { key: 'OPS-1', summary: 'New', status: 'Done' });
    await expect(refused).rejects.toMatchObject({ fault: 'refused', message: expect.stringContaining('In Progress') });
    expect(issueNamed('OPS-1').summary).toBe('Old');
  });

  it('does not say "nothing was done" when only the move failed', async () => {
    const tools = open();
    await tools.run('createIssue', { summary: 'Old' });
    fake.failNext('transition', { when: 'before', status: 400, body: { errorMessages: ['no'], errors: {} } });
    const half = tools.run('updateIssue', { key: 'OPS-1', summary: 'New', status: 'In Progress' });
    await expect(half).rejects.toMatchObject({ fault: 'unknown' });
    expect(issueNamed('OPS-1').summary).toBe('New');
  });
});

describe('a failure of Jira', () => {
  it('is told in Jira’s own words', async () => {
    const tools = open();
    await expect(tools.run('createIssue', { project: 'NOPE', summary: 'x' })).rejects.toMatchObject({
      fault: 'refused',
      message: expect.stringContaining('valid project'),
    });
    await expect(tools.run('getIssues', { jql: 'nonsense' })).rejects.toMatchObject({
      fault: 'refused',
      message: expect.stringContaining('Error in the JQL Query'),
    });
    await expect(tools.run('updateIssue', { key: 'OPS-9', summary: 'x' })).rejects.toMatchObject({ fault: 'refused' });
  });

  it('is told as a wait when there were too many requests', async () => {
    const busy = await createFakeJira({ limits: { requests: 1, windowMs: 60_000 } });
    const tools = open({ url: busy.url });
    await tools.whoAmI();
    const limited = await tools.whoAmI().catch((error: unknown) => error);
    expect(limited).toMatchObject({ fault: 'rate_limited' });
    expect((limited as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(50_000);
    await busy.close();
  });

  it.each([
    ['a cut connection', { cut: true }],
    ['a fault of the gateway', { status: 502 }],
  ])('leaves a change open and a read harmless after %s', async (_name, fault) => {
    const tools = open();
    fake.failNext('createIssue', { when: 'after', ...fault });
    await expect(tools.run('createIssue', { summary: 'x' })).rejects.toMatchObject({ fault: 'unknown' });
    fake.failNext('search', { when: 'before', ...fault });
    await expect(tools.run('getIssues', {})).rejects.toMatchObject({ fault: 'unavailable' });
  });

  it('is certainly nothing done when no connection came about', async () => {
    const gone = await createFakeJira();
    await gone.close();
    await expect(open({ url: gone.url }).run('createIssue', { summary: 'x' })).rejects.toMatchObject({
      fault: 'unavailable',
    });
  });

  it('is a refusal where the guard of our own door lets nothing out', async () => {
    const refusal = Object.assign(new Error('10.0.0.1 is not a public address.'), { name: 'EgressRefusedError' });
    const tools = openProvider(jira, { url: fake.url, email, token, fetch: () => Promise.reject(refusal) });
    await expect(tools.run('createIssue', { project: 'OPS', summary: 'x' })).rejects.toMatchObject({
      fault: 'refused',
      message: 'Jira: 10.0.0.1 is not a public address.',
    });
  });

  it('is tried once only', async () => {
    fake.failNext('createIssue', { when: 'after', status: 503, times: 5 });
    await expect(open().run('createIssue', { summary: 'x' })).rejects.toThrow('503');
    expect(fake.calls('createIssue')).toHaveLength(1);
  });

  it('never tells the token', async () => {
    const error = await open({ token: 'planted-secret' })
      .whoAmI()
      .catch((error: unknown) => error);
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('planted-secret');
  });
});

describe('an issue whose creation was not answered', () => {
  const args = { summary: 'Once only' };

  it('is found by the ledger’s key, also among issues of the same name', async () => {
    const tools = open();
    await tools.run('createIssue', args, { effectKey: 'other' });
    fake.failNext('createIssue', { when: 'after', cut: true });
    await expect(tools.run('createIssue', args, { effectKey: 'effect-1' })).rejects.toMatchObject({ fault: 'unknown' });
    await tools.run('createIssue', args);
    await expect(tools.readBack('createIssue', { args })).resolves.toMatchObject({ happened: { key: 'OPS-2' } });
  });

  it('is said not to be there when it was never made', async () => {
    const tools = open();
    await tools.run('createIssue', args, { effectKey: 'other' });
    fake.failNext('createIssue', { when: 'before', cut: true });
    await expect(tools.run('createIssue', args, { effectKey: 'effect-1' })).rejects.toMatchObject({ fault: 'unknown' });
    await expect(tools.readBack('createIssue', { args })).resolves.toBe('not_happened');
  });

  it('is left to a person when there are too many to look through', async () => {
    const tools = open();
    for (let n = 0; n < 51; n++) await tools.run('createIssue', { summary: `Flood ${n}` });
    await expect(tools.readBack('createIssue', { args })).resolves.toBe('unclear');
  });

  it('is waited for while Jira’s search catches up', async () => {
    const late = await createFakeJira({ indexDelayMs: 1_500 });
    const tools = open({ url: late.url });
    await tools.run('createIssue', args, { effectKey: 'effect-1' });
    const found = await tools.readBack('createIssue', { args, sentAgoMs: 8_000 });
    expect(found).toMatchObject({ happened: { key: 'OPS-1' } });
    await late.close();
  });

  it('is deleted by undo, once and again', async () => {
    const tools = open();
    const output = await tools.run('createIssue', args);
    await expect(tools.undo('createIssue', { args, output })).resolves.toContain('Deleted');
    await expect(tools.undo('createIssue', { args, output })).resolves.toContain(
      'is already gone, or this account may not see it',
    );
    expect(fake.issues).toHaveLength(0);
  });

  it('is named to a person when this account may not delete', async () => {
    const strict = await createFakeJira({ users: [{ ...DEMO_JIRA_USER, mayDelete: false }] });
    const tools = open({ url: strict.url });
    const output = await tools.run('createIssue', args);
    await expect(tools.undo('createIssue', { args, output })).rejects.toMatchObject({
      fault: 'refused',
      message: expect.stringContaining('/browse/OPS-1 by hand'),
    });
    await strict.close();
  });
});

describe('a change of an issue', () => {
  const args = { key: 'OPS-1', summary: 'New', description: 'New *words*', labels: ['b', 'a'], status: 'in progress' };
  const prepare = async () => {
    const tools = open();
    await tools.run('createIssue', { summary: 'Old', description: '## Old\n1. one', priority: 'Low' });
    const before = await tools.before('updateIssue', args);
    return { tools, before };
  };

  it('is known to have happened, or not, by what stands there', async () => {
    const { tools, before } = await prepare();
    await expect(tools.readBack('updateIssue', { args, before })).resolves.toBe('not_happened');
    await tools.run('updateIssue', args);
    await expect(tools.readBack('updateIssue', { args, before })).resolves.toMatchObject({
      happened: { summary: 'New' },
    });
    issueNamed('OPS-1').summary = 'Somebody else’s';
    await expect(tools.readBack('updateIssue', { args, before })).resolves.toBe('unclear');
  });

  it('is taken back by undo, down to the description, and can be so twice', async () => {
    const { tools, before } = await prepare();
    const old = structuredClone(issueNamed('OPS-1').description);
    const output = await tools.run('updateIssue', args);
    await expect(tools.undo('updateIssue', { args, output, before })).resolves.toContain('Put OPS-1 back');
    await tools.undo('updateIssue', { args, output, before });
    expect(issueNamed('OPS-1')).toMatchObject({ summary: 'Old', description: old, labels: [], status: 'To Do' });
  });

  it('leaves what others have changed since', async () => {
    const { tools, before } = await prepare();
    const output = await tools.run('updateIssue', args);
    issueNamed('OPS-1').summary = 'Somebody else’s';
    await expect(tools.undo('updateIssue', { args, output, before })).resolves.toContain('summary');
    expect(issueNamed('OPS-1')).toMatchObject({ summary: 'Somebody else’s', labels: [] });
  });
});
