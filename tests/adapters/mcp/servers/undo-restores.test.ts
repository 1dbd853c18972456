import { afterEach, describe, expect, it } from '@jest/globals';
import { github } from '../../../../adapters/mcp/servers/github/index.ts';
import { sentry } from '../../../../adapters/mcp/servers/sentry/index.ts';
import { slack } from '../../../../adapters/mcp/servers/slack/index.ts';
import { createFakeSlack } from '../../../../dev/fakes/slack/index.ts';
import { demoWorkspace } from '../../../../dev/fakes/slack/world.ts';
import { createFakeGithub } from '../../../fakes/github/index.ts';
import { createFakeSentry, demoSentryIssue, type FakeSentryIssue } from '../../../fakes/sentry/index.ts';
import { toolsOf } from './fixture.ts';
import { openProvider } from './tools.ts';

/** What others have done since is looked at before anything is taken back, at every provider; and all is put back. */
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});
const closing = <Fake extends { close(): Promise<void> }>(fake: Fake): Fake => {
  closers.push(() => fake.close());
  return fake;
};

describe('A GitHub issue', () => {
  async function open() {
    const fake = closing(await createFakeGithub({}));
    const settings = { owner: 'acme', repo: 'app' };
    return { fake, tools: toolsOf(github, { url: fake.url, token: fake.token, settings }) };
  }

  it('that others work on is not closed unasked', async () => {
    const { fake, tools } = await open();
    const args = { title: 'It breaks', labels: ['bug'] };
    const output = await tools.run('createIssue', args);
    expect(await tools.lost('createIssue', { args, output })).toEqual([]);
    const [issue] = fake.issues();
    issue?.comments.push('ada', 'grace', 'ada');
    if (issue) issue.assignees = ['ada'];
    expect(await tools.lost('createIssue', { args, output })).toEqual([
      { what: 'comments', count: 3, people: ['ada', 'grace'] },
      { what: 'field', field: 'assignees', value: 'ada' },
    ]);
  });

  it.each([
    ['duplicate', { state: 'open' }],
    ['duplicate', { state: 'closed', stateReason: 'completed' }],
    ['not_planned', { state: 'open', title: 'Other' }],
  ])('that was closed as %s is so again after %j', async (stateReason, change) => {
    const { fake, tools } = await open();
    fake.seed({ title: 'Twice', author: 'ada', state: 'closed', stateReason });
    const args = { number: 1, ...change };
    const before = await tools.before('updateIssue', args);
    const output = await tools.run('updateIssue', args);
    const said = await tools.undo('updateIssue', { args, output, before });
    expect(fake.issues()[0]).toMatchObject({ state: 'closed', stateReason, title: 'Twice' });
    expect(said).toBe('Put acme/app#1 back as it was.');
  });
});

describe('A Sentry issue', () => {
  const UNTIL = new Date(Date.now() + 3_600_000).toISOString();
  async function open(change: Partial<FakeSentryIssue>) {
    const fake = closing(await createFakeSentry({ tokens: { t: 'write' }, issues: [demoSentryIssue(1, change)] }));
    const tools = openProvider(sentry, { url: fake.apiUrl, token: 't', settings: { organization: 'acme' } });
    const args = { id: 'WEB-1' };
    const before = await tools.before('resolveIssue', args);
    const output = await tools.run('resolveIssue', args);
    const [issue] = fake.issues;
    return { issue, tools, done: { args, output, before: before ?? {} } };
  }

  it.each<[string, Partial<FakeSentryIssue>]>([
    ['archived until escalating', { status: 'ignored', substatus: 'archived_until_escalating' }],
    ['archived for ever', { status: 'ignored', substatus: 'archived_forever' }],
    [
      'archived until so many events',
      {
        status: 'ignored',
        substatus: 'archived_until_condition_met',
        statusDetails: { ignoreCount: 100, ignoreWindow: 60 },
      },
    ],
    ['unresolved as escalating', { status: 'unresolved', substatus: 'escalating' }],
    ['unresolved as regressed', { status: 'unresolved', substatus: 'regressed' }],
    ['resolved in a release', { status: 'resolved', statusDetails: { inRelease: '1.2.3' } }],
  ])('that was %s is exactly that again', async (_, was) => {
    const { issue, tools, done } = await open(was);
    const said = await tools.undo('resolveIssue', done);
    expect(issue).toMatchObject(was);
    expect(said).not.toContain('Could not');
  });

  it('that was archived until a moment is so until the same moment', async () => {
    const was = {
      status: 'ignored',
      substatus: 'archived_until_condition_met',
      statusDetails: { ignoreUntil: UNTIL },
    } as const;
    const { issue, tools, done } = await open(was);
    await tools.undo('resolveIssue', done);
    expect(issue).toMatchObject({ status: 'ignored', substatus: 'archived_until_condition_met' });
    const until = Date.parse(String(issue?.statusDetails['ignoreUntil']));
    expect(Math.abs(until - Date.parse(UNTIL))).toBeLessThan(60_000);
  });

  it('whose archive is over by now is unresolved, and that is said', async () => {
    const ignoreUntil = '2026-01-01T00:00:00Z';
    const was = {
      status: 'ignored',
      substatus: 'archived_until_condition_met',
      statusDetails: { ignoreUntil },
    } as const;
    const { issue, tools, done } = await open(was);
    expect(await tools.undo('resolveIssue', done)).toContain('which is over: it is unresolved now');
    expect(issue).toMatchObject({ status: 'unresolved' });
  });

  it('that somebody has resolved in a release since is asked about', async () => {
    const { issue, tools, done } = await open({});
    expect(await tools.lost('resolveIssue', done)).toEqual([]);
    if (issue) issue.statusDetails = { inRelease: '2.0.0', actor: { name: 'Ada' } };
    expect(await tools.lost('resolveIssue', done)).toEqual([
      { what: 'field', field: 'resolved', value: 'in release 2.0.0' },
    ]);
  });
});

describe('A Slack message that we have posted', () => {
  it('is asked about when people have answered or reacted', async () => {
    const fake = closing(await createFakeSlack({ workspaces: [demoWorkspace()], limits: 'off' }));
    const tools = toolsOf(slack, { url: fake.apiUrl, token: 'xoxb-demo' });
    const args = { channel: '#launch', text: 'The plan is ready.' };
    const output = await tools.run('postMessage', args, 'effect-1');
    expect(await tools.lost('postMessage', { args, output })).toEqual([]);
    const thread = String(output['ts']);
    await fake.say({ channel: 'C_LAUNCH', user: 'U_GRACE', text: 'Great!', thread_ts: thread });
    expect(await tools.lost('postMessage', { args, output })).toEqual([
      { what: 'replies', count: 1, people: [expect.stringMatching(/grace/i) as unknown] },
    ]);
  });

  it('is asked about when another change of ours stands in it by now', async () => {
    const fake = closing(await createFakeSlack({ workspaces: [demoWorkspace()], limits: 'off' }));
    const tools = toolsOf(slack, { url: fake.apiUrl, token: 'xoxb-demo' });
    const posted = await tools.run('postMessage', { channel: '#launch', text: 'One.' }, 'effect-1');
    const args = { channel: '#launch', ts: String(posted['ts']), text: 'Two.' };
    const before = await tools.before('updateMessage', args);
    const output = await tools.run('updateMessage', args, 'effect-2');
    expect(await tools.lost('updateMessage', { args, output, before }, 'effect-2')).toEqual([]);
    await tools.run('updateMessage', { ...args, text: 'Three.' }, 'effect-3');
    expect(await tools.lost('updateMessage', { args, output, before }, 'effect-2')).toEqual([
      { what: 'field', field: 'text', value: 'Three.' },
    ]);
  });
});
