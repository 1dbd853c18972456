import { afterEach, describe, expect, it } from '@jest/globals';
import type { UndoLoss } from '../../../../contracts/effects.ts';
import { jira } from '../../../../adapters/mcp/servers/jira/index.ts';
import { linear } from '../../../../adapters/mcp/servers/linear/index.ts';
import { notion } from '../../../../adapters/mcp/servers/notion/index.ts';
import { createFakeNotion, NOTION } from '../../../../dev/fakes/notion/index.ts';
import { createFakeJira, DEMO_JIRA_USER, type FakeIssue } from '../../../fakes/jira/index.ts';
import { createFakeLinear } from '../../../fakes/linear/index.ts';
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

const GRACE = { accountId: 'grace', displayName: 'Grace', email: 'g@acme.example', token: 'g', mayDelete: false };

describe('A Jira issue that we have made', () => {
  async function made(keepsResolution = false) {
    const fake = closing(await createFakeJira({ limits: 'off', users: [DEMO_JIRA_USER, GRACE], keepsResolution }));
    const { email, token } = DEMO_JIRA_USER;
    const tools = openProvider(jira, { url: fake.url, email, token, settings: { project: 'OPS' } });
    const args = { summary: 'Ship it' };
    const output = await tools.run('createIssue', args);
    const [issue] = fake.issues;
    if (!issue) throw new Error('nothing was made');
    return { fake, tools, args, output, issue, lost: () => tools.lost('createIssue', { args, output }) };
  }

  it('goes without a question when nobody has touched it, also after changes of ours that are taken back', async () => {
    const { tools, lost } = await made();
    expect(await lost()).toEqual([]);
    const change = { key: 'OPS-1', summary: 'Ship it now', status: 'In Progress', description: 'Soon.' };
    const before = await tools.before('updateIssue', change);
    const changed = await tools.run('updateIssue', change);
    await tools.undo('updateIssue', { args: change, output: changed, before: before ?? {} });
    expect(await lost()).toEqual([]);
  });

  it.each<[string, (issue: FakeIssue) => unknown, UndoLoss]>([
    [
      'a comment',
      ({ comments }) => comments.push({ author: 'grace', text: 'On it.' }),
      { what: 'comments', count: 1, people: ['Grace'] },
    ],
    ['an attachment', ({ attachments }) => attachments.push({ filename: 'a.png' }), { what: 'attachments', count: 1 }],
    ['a link', ({ links }) => links.push({ outward: 'OPS-2' }), { what: 'links', count: 1 }],
    [
      'work time',
      ({ worklogs }) => worklogs.push({ author: 'grace', seconds: 60 }),
      { what: 'worklogs', count: 1, people: ['Grace'] },
    ],
  ])('is asked about when it has %s', async (_, add, loss) => {
    const { issue, lost, fake } = await made();
    add(issue);
    expect(await lost()).toEqual([loss]);
    expect(fake.issues).toHaveLength(1);
  });

  it.each<[string, Partial<FakeIssue>, UndoLoss]>([
    ['status', { status: 'In Progress' }, { what: 'field', field: 'status', value: 'In Progress', people: ['Grace'] }],
    ['assignee', { assignee: 'grace' }, { what: 'field', field: 'assignee', value: 'Grace', people: ['Grace'] }],
  ])('is asked about when somebody has changed its %s', async (_, change, loss) => {
    const { fake, lost } = await made();
    fake.change('OPS-1', 'grace', change);
    expect(await lost()).toEqual([loss]);
  });

  it('takes its sub-tasks with it only when that was said yes to', async () => {
    const { tools, args, output, lost, fake } = await made();
    await tools.run('createIssue', { summary: 'Part', type: 'Sub-task', parent: 'OPS-1' });
    expect(await lost()).toEqual([{ what: 'children', count: 1 }]);
    await expect(tools.undo('createIssue', { args, output })).rejects.toMatchObject({ fault: 'refused' });
    await tools.undo('createIssue', { args, output, accepted: [{ what: 'children', count: 1 }] });
    expect(fake.issues).toEqual([]);
  });

  it('says what a workflow does not give back', async () => {
    const { tools, issue } = await made(true);
    Object.assign(issue, { status: 'In Review' });
    const args = { key: 'OPS-1', status: 'Done' };
    const before = await tools.before('updateIssue', args);
    const output = await tools.run('updateIssue', args);
    const said = await tools.undo('updateIssue', { args, output, before: before ?? {} });
    expect(issue).toMatchObject({ status: 'In Review', resolution: 'Done' });
    expect(said).toContain('Could not be restored: resolution');
  });

  it('that is gone already asks nothing', async () => {
    const { tools, args, output, lost } = await made();
    await tools.undo('createIssue', { args, output });
    expect(await lost()).toBe('gone');
  });
});

describe('A Linear issue that we have made', () => {
  async function made() {
    const fake = closing(await createFakeLinear({}));
    const tools = toolsOf(linear, { url: fake.graphqlUrl, token: fake.token, settings: { team: 'ENG' } });
    const args = { title: 'Ship it' };
    const output = await tools.run('createIssue', args, 'effect-1');
    const [issue] = fake.issues;
    if (!issue) throw new Error('nothing was made');
    const ada = fake.users.find(({ displayName }) => displayName === 'ada')?.id ?? '';
    return { tools, issue, ada, lost: () => tools.lost('createIssue', { args, output }) };
  }

  it('goes without a question when only we have touched it', async () => {
    const { tools, issue, lost } = await made();
    const args = { id: issue.id, status: 'Done' };
    const before = await tools.before('updateIssue', args);
    const output = await tools.run('updateIssue', args);
    await tools.undo('updateIssue', { args, output, before });
    expect(await lost()).toEqual([]);
  });

  it('is asked about when it has comments, sub-issues or changes of others', async () => {
    const { issue, ada, lost } = await made();
    issue.comments.push({ id: 'c1', userId: ada });
    issue.children.push({ id: issue.id });
    issue.history.push({ id: 'h1', actorId: ada });
    issue.assigneeId = ada;
    expect(await lost()).toEqual([
      { what: 'comments', count: 1, people: ['Ada Lovelace'] },
      { what: 'children', count: 1 },
      { what: 'field', field: 'assignee', value: 'Ada Lovelace' },
      { what: 'edited', people: ['Ada Lovelace'] },
    ]);
  });

  it('is asked about when there is more than one page of anything', async () => {
    const { issue, lost } = await made();
    for (let n = 0; n < 51; n++) issue.history.push({ id: `h${n}`, actorId: '' });
    expect(await lost()).toEqual([{ what: 'unseen' }]);
  });
});

describe('A Notion page that we have made', () => {
  async function made(options: { hidesComments?: boolean } = {}) {
    const fake = closing(await createFakeNotion(options));
    const tools = toolsOf(notion, { url: fake.url, token: fake.token, settings: { database: NOTION.tasks } });
    const args = { title: 'Ship it' };
    const output = await tools.run('createTask', args);
    const [page] = fake.pages;
    if (!page) throw new Error('nothing was made');
    return { fake, tools, page, args, output, lost: () => tools.lost('createTask', { args, output }) };
  }

  it('goes without a question when only we have touched it', async () => {
    const { tools, page, lost } = await made();
    const args = { task: page.id, status: 'Done' };
    const before = await tools.before('updateTask', args);
    const output = await tools.run('updateTask', args);
    await tools.undo('updateTask', { args, output, before });
    expect(await lost()).toEqual([]);
  });

  it('is asked about when it has comments, or was edited by somebody last', async () => {
    const { page, lost } = await made();
    page.comments?.push({ by: NOTION.ada, text: 'Please keep this.' });
    page.editedBy = NOTION.ada;
    expect(await lost()).toEqual([
      { what: 'comments', count: 1, people: ['Ada Lovelace'] },
      { what: 'edited', people: ['Ada Lovelace'], at: expect.any(String) as unknown },
    ]);
  });

  it('is asked about when it has more comments than one page of them tells', async () => {
    const { page, lost } = await made();
    for (let n = 0; n < 101; n++) page.comments?.push({ by: NOTION.ada, text: 'Please keep this.' });
    expect(await lost()).toContainEqual({ what: 'unseen' });
  });

  it('is asked about when a value is another, even if we were there last', async () => {
    const { page, lost } = await made();
    page.values['Status'] = { name: 'Done' };
    expect(await lost()).toEqual([{ what: 'field', field: 'status', value: 'Done' }]);
  });

  it('is asked about where nobody can tell whether there are comments', async () => {
    const { lost } = await made({ hidesComments: true });
    expect(await lost()).toEqual([{ what: 'unseen' }]);
  });

  it('gets its text back with styles, links, mentions and equations', async () => {
    const { tools, page } = await made();
    const styled = { bold: true, italic: false, strikethrough: true, underline: true, code: false, color: 'red' };
    const pieces = [
      { content: 'Ask ', wire: { annotations: styled } },
      {
        content: '@Ada',
        wire: { type: 'mention', mention: { type: 'user', user: { object: 'user', id: NOTION.ada } } },
      },
      { content: 'E=mc²', wire: { type: 'equation', equation: { expression: 'E=mc^2' } } },
    ];
    page.values['Summary'] = pieces;
    const args = { task: page.id, description: 'Plain.' };
    const before = await tools.before('updateTask', args);
    const output = await tools.run('updateTask', args);
    expect(page.values['Summary']).toEqual([{ content: 'Plain.' }]);
    expect(await tools.undo('updateTask', { args, output, before })).toBe('Put the task "Ship it" back as it was.');
    expect(page.values['Summary']).toMatchObject([
      { content: 'Ask ', wire: { annotations: styled } },
      { wire: { type: 'mention', mention: { user: { id: NOTION.ada } } } },
      { wire: { type: 'equation', equation: { expression: 'E=mc^2' } } },
    ]);
  });

  it('is told what Notion shows and takes from nobody', async () => {
    const { tools, page } = await made();
    const mention = { type: 'link_preview', link_preview: { url: 'https://github.com/acme' } };
    page.values['Summary'] = [{ content: 'acme', wire: { type: 'mention', mention } }];
    const args = { task: page.id, description: 'Plain.' };
    const before = await tools.before('updateTask', args);
    const output = await tools.run('updateTask', args);
    expect(await tools.undo('updateTask', { args, output, before })).toContain(
      'Could not be restored: parts of Summary',
    );
  });
});
