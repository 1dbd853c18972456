import { afterEach, describe, expect, it } from '@jest/globals';
import { createFakeNotion, NOTION, type FakeNotionOptions } from '../../../../dev/fakes/notion/index.ts';
import { notion as provider } from '../../../../adapters/mcp/servers/notion/index.ts';
import { toolsOf, type ToolsOptions } from './fixture.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function open(options: FakeNotionOptions = {}, tools: Partial<ToolsOptions> = {}) {
  const fake = await createFakeNotion(options);
  closers.push(fake.close);
  const settings = { database: NOTION.tasks };
  return { fake, tools: toolsOf(provider, { url: fake.url, token: fake.token, settings, ...tools }) };
}

const task = {
  title: 'Write the plan',
  status: 'in progress',
  assignee: 'ada@example.com',
  dueDate: '2026-12-31',
  description: 'Two pages.',
};

describe('Notion tools that read', () => {
  it('say who we are', async () => {
    const { tools } = await open();
    await expect(tools.whoAmI()).resolves.toBe('Nubabel in Notion (Acme)');
  });

  it('list tasks page by page, with the statuses there are', async () => {
    const { tools, fake } = await open();
    for (const title of ['one', 'two', 'three']) fake.seed({ title });
    const first = await tools.run('getTasks', { limit: 2 });
    expect(first).toMatchObject({ database: 'Tasks', statuses: ['Not started', 'In progress', 'Done'] });
    const second = await tools.run('getTasks', { limit: 2, cursor: first['nextCursor'] });
    expect(second['nextCursor']).toBeUndefined();
    const titles = [first, second].flatMap(({ tasks }) => tasks as { title: string }[]).map(({ title }) => title);
    expect(titles.sort()).toEqual(['one', 'three', 'two']);
  });

  it('filter tasks by title, status, person and date', async () => {
    const { tools, fake } = await open();
    await tools.run('createTask', task);
    fake.seed({ title: 'Other' });
    const titles = async (args: object) =>
      ((await tools.run('getTasks', { ...args }))['tasks'] as { title: string }[]).map(({ title }) => title);
    await expect(titles({ query: 'plan' })).resolves.toEqual([task.title]);
    await expect(titles({ status: 'IN PROGRESS' })).resolves.toEqual([task.title]);
    await expect(titles({ assignee: 'Ada Lovelace' })).resolves.toEqual([task.title]);
    await expect(titles({ dueBefore: '2026-12-31', dueAfter: '2026-12-01' })).resolves.toEqual([task.title]);
    await expect(titles({ dueBefore: '2026-12-30' })).resolves.toEqual([]);
  });
});

describe('Notion tools that write', () => {
  it('create a task in one request that changes something', async () => {
    const { tools, fake } = await open();
    const created = await tools.run('createTask', task, 'effect-1');
    expect(created).toMatchObject({
      title: task.title,
      status: 'In progress',
      assignees: [{ id: NOTION.ada, name: 'Ada Lovelace' }],
      dueDate: task.dueDate,
      description: task.description,
      inTrash: false,
    });
    expect(fake.changes()).toEqual([`page.created ${String(created['id'])}`]);
    expect(fake.pages[0]?.values['Due date']).toEqual({ start: '2026-12-31', end: null });
    expect(tools.resource('createTask', created, task)).toEqual({ id: created['id'], url: created['url'] });
  });

  it('work with any database: by its link, with a select, without text', async () => {
    const { tools, fake } = await open();
    const database = `https://www.notion.so/acme/Ideas-${NOTION.ideas.replaceAll('-', '')}?v=1`;
    const args = { database, title: '새 기능', status: '완료', description: 'x'.repeat(2500) };
    await expect(tools.run('createTask', args)).resolves.toMatchObject({ title: '새 기능', status: '완료' });
    expect(fake.pages[0]?.paragraphs).toHaveLength(3);
    await expect(tools.run('createTask', { ...args, dueDate: '2026-01-01' })).rejects.toThrow('"아이디어" has no date');
    await expect(tools.run('createTask', { ...args, status: '없음' })).rejects.toThrow('It has: 새로움, 완료');
    await expect(tools.run('getTasks', { database, assignee: 'ada' })).rejects.toThrow('has no people property');
    expect(fake.changes()).toHaveLength(1);
  });

  it('take long texts in pieces', async () => {
    const { tools } = await open();
    const description = '😀'.repeat(3_000);
    await expect(tools.run('createTask', { ...task, description })).resolves.toMatchObject({ description });
  });

  it('change only what is given, and restore it', async () => {
    const { tools, fake } = await open();
    const created = await tools.run('createTask', task);
    const args = { task: String(created['url']), title: 'Done!', status: 'Done', assignee: null, dueDate: null };
    const before = await tools.before('updateTask', args);
    const output = await tools.run('updateTask', args);
    expect(output).toMatchObject({ title: 'Done!', status: 'Done', assignees: [], dueDate: null });
    expect(output).toMatchObject({ description: task.description });
    for (let again = 0; again < 2; again++)
      await expect(tools.undo('updateTask', { args, output, before })).resolves.toContain('back as it was.');
    const { tasks } = await tools.run('getTasks', {});
    const { assignee: _, ...fields } = task;
    expect(tasks).toMatchObject([{ ...fields, status: 'In progress', assignees: [{ id: NOTION.ada }] }]);
    await expect(tools.undo('updateTask', { args, output })).rejects.toThrow('We couldn’t confirm how it was');
    expect(fake.changes('page.updated')).toHaveLength(2);
  });

  it('put back only what nobody has changed since', async () => {
    const { tools, fake } = await open();
    const created = await tools.run('createTask', task);
    const args = { task: String(created['id']), status: 'Done', description: 'New.' };
    const before = await tools.before('updateTask', args);
    const output = await tools.run('updateTask', args);
    const [kept] = fake.pages;
    if (kept) kept.values['Summary'] = [{ content: 'Somebody else was here.' }];
    await expect(tools.undo('updateTask', { args, output, before })).resolves.toContain('Others have changed Summary');
    await expect(tools.run('getTasks', {})).resolves.toMatchObject({
      tasks: [{ status: 'In progress', description: 'Somebody else was here.' }],
    });
    const asked = { args, effectKey: 'effect-1', before };
    await expect(tools.readBack('updateTask', asked)).resolves.toBe('unclear');
  });

  it('move to the trash and back', async () => {
    const { tools, fake } = await open();
    const created = await tools.run('createTask', task);
    const args = { task: String(created['id']) };
    const before = await tools.before('deleteTask', args);
    const output = await tools.run('deleteTask', args);
    expect(output).toMatchObject({ inTrash: true });
    await expect(tools.run('getTasks', {})).resolves.toMatchObject({ tasks: [] });
    for (let again = 0; again < 2; again++) await tools.undo('deleteTask', { args, output, before });
    expect(fake.pages[0]?.inTrash).toBe(false);
    await tools.undo('createTask', { args: task, output: created });
    const trashed = await tools.before('deleteTask', args);
    await expect(tools.undo('deleteTask', { args, output, before: trashed })).resolves.toContain('stays there');
    expect(fake.pages[0]?.inTrash).toBe(true);
  });

  it('name what there is when something is not there', async () => {
    const { tools, fake } = await open();
    await expect(tools.run('createTask', { ...task, status: 'Doing' })).rejects.toThrow(
      'It has: Not started, In progress, Done',
    );
    await expect(tools.run('createTask', { ...task, assignee: 'eve' })).rejects.toThrow(
      /no eve .*Ada Lovelace <ada@.*김민수/,
    );
    await expect(tools.run('createTask', { ...task, database: NOTION.secret })).rejects.toThrow(
      /no database .* shared with this integration; share it in Notion/,
    );
    await expect(tools.run('createTask', { ...task, database: 'Tasks' })).rejects.toThrow('no id or link');
    await expect(tools.run('updateTask', { task: NOTION.ada, title: 'x' })).rejects.toThrow('Could not find page');
    const unset = await open({}, { settings: {} });
    await expect(unset.tools.run('createTask', task)).rejects.toThrow('setting database');
    expect(fake.changes()).toEqual([]);
  });
});

describe('a lost answer of Notion', () => {
  it('is unknown, and found by title, maker and minute', async () => {
    const { tools, fake } = await open();
    const sentAt = new Date();
    fake.seed({ title: task.title, createdBy: NOTION.ada });
    fake.seed({ title: task.title, createdBy: NOTION.bot, createdAt: new Date(sentAt.getTime() - 300_000) });
    fake.failNext('POST /pages', { when: 'after', cut: true });
    await expect(tools.run('createTask', task, 'effect-1')).rejects.toMatchObject({ fault: 'unknown' });
    const found = await tools.readBack('createTask', { args: task, effectKey: 'effect-1', sentAt });
    expect(found).toMatchObject({ happened: { id: fake.pages[2]?.id, title: task.title } });
    expect(fake.changes()).toHaveLength(1);
  });

  it('is not taken for the task of another effect, and unclear when two could be it', async () => {
    const { tools, fake } = await open();
    const other = await tools.run('createTask', task, 'effect-0');
    const taken = new Set([String(other['id'])]);
    const asked = { args: task, effectKey: 'effect-1', taken };
    await expect(tools.readBack('createTask', asked)).resolves.toBe('not_happened');
    await tools.run('createTask', task, 'effect-1');
    await expect(tools.readBack('createTask', asked)).resolves.toMatchObject({ happened: { id: fake.pages[1]?.id } });
    await expect(tools.readBack('createTask', { args: task, effectKey: 'effect-1' })).resolves.toBe('unclear');
  });

  it('of a request that arrives late is told apart', async () => {
    const { tools, fake } = await open();
    fake.failNext('POST /pages', { late: true });
    await expect(tools.run('createTask', task, 'effect-1')).rejects.toMatchObject({ fault: 'unknown' });
    const asked = { args: task, effectKey: 'effect-1' };
    await expect(tools.readBack('createTask', asked)).resolves.toBe('not_happened');
    fake.letLateOnesArrive();
    await expect(tools.readBack('createTask', asked)).resolves.toMatchObject({ happened: { title: task.title } });
  });

  it('to a change or a deletion is found by comparing', async () => {
    const { tools, fake } = await open();
    const created = await tools.run('createTask', task);
    const id = String(created['id']);
    const args = {
      task: id,
      status: 'done',
      dueDate: '2027-01-01T09:00:00+09:00',
      assignee: '김민수',
      description: 'New.',
    };
    const change = { args, effectKey: 'effect-2', before: await tools.before('updateTask', args) };
    await expect(tools.readBack('updateTask', change)).resolves.toBe('not_happened');
    fake.failNext('PATCH /pages/:id', { when: 'after', status: 502 });
    await expect(tools.run('updateTask', args)).rejects.toMatchObject({ fault: 'unknown' });
    await expect(tools.readBack('updateTask', change)).resolves.toMatchObject({ happened: { status: 'Done' } });
    const deletion = { args: { task: id }, effectKey: 'effect-3' };
    await expect(tools.readBack('deleteTask', deletion)).resolves.toBe('not_happened');
    fake.failNext('PATCH /pages/:id', { when: 'after', cut: true });
    await expect(tools.run('deleteTask', { task: id })).rejects.toMatchObject({ fault: 'unknown' });
    await expect(tools.readBack('deleteTask', deletion)).resolves.toMatchObject({ happened: { inTrash: true } });
    const gone = { args: { task: NOTION.minsu }, effectKey: 'effect-3' };
    await expect(tools.readBack('deleteTask', gone)).resolves.toBe('unclear');
    await expect(tools.readBack('updateTask', { ...change, ...gone })).resolves.toBe('unclear');
  });
});

describe('failures of Notion', () => {
  it.each([
    ['POST /pages', { status: 429, retryAfterSeconds: 5 }, { fault: 'rate_limited', retryAfterMs: 5000 }],
    ['POST /pages', { status: 529 }, { fault: 'rate_limited' }],
    ['POST /pages', { status: 500 }, { fault: 'unknown' }],
    ['POST /pages', { status: 502 }, { fault: 'unknown' }],
    ['POST /pages', { cut: true }, { fault: 'unknown' }],
    ['POST /pages', { status: 409 }, { fault: 'refused', message: /same moment/ }],
    ['POST /pages', { status: 401 }, { fault: 'unauthorized' }],
    ['POST /pages', { status: 403 }, { fault: 'refused', message: /lacks a capability/ }],
    ['GET /databases/:id', { status: 503 }, { fault: 'unavailable' }],
    ['GET /databases/:id', { cut: true }, { fault: 'unavailable' }],
  ])('%s %j', async (operation, fault, { message, ...expected }: { message?: RegExp; fault: string }) => {
    const { tools, fake } = await open();
    fake.failNext(operation, fault);
    const error: unknown = await tools.run('createTask', task).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject(expected);
    expect(String(error)).toMatch(message ?? /./);
    expect(String(error)).not.toContain(fake.token);
    expect(fake.calls(operation)).toHaveLength(1);
  });

  it('tell how long to wait when the minute is used up', async () => {
    const { tools } = await open({ limits: { requests: 1, windowMs: 60_000 } });
    await tools.whoAmI();
    await expect(tools.whoAmI()).rejects.toMatchObject({ fault: 'rate_limited', retryAfterMs: 60_000 });
  });
});
