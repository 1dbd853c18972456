import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@notionhq/client';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFakeNotion, NOTION, type FakeNotion } from '../../dev/fakes/notion/index.ts';

const dir = mkdtempSync(join(tmpdir(), 'demo-notion-'));
const keptIn = join(dir, 'pages.json');
afterAll(() => rmSync(dir, { recursive: true }));

let notion: FakeNotion;
beforeEach(async () => {
  notion = await createFakeNotion({ people: true, keptIn });
});
afterEach(() => notion.close());

const create = async (title: string, source: string = NOTION.tasksSource, property = 'Task name') =>
  (await new Client({ auth: notion.token, baseUrl: notion.url }).pages.create({
    parent: { type: 'data_source_id', data_source_id: source },
    properties: { [property]: { title: [{ text: { content: title } }] } },
  })) as { id: string; url: string };

interface Shown {
  readonly title: string;
  readonly tasks: readonly { readonly path: string; readonly inTrash: boolean; readonly cells: readonly string[] }[];
}
const shown = async () => (await (await fetch(`${notion.url}/_page/databases`)).json()) as Shown[];

describe('the demo Notion, as people see it', () => {
  it('lists a task the moment it is made, and its link leads to the page', async () => {
    const { url } = await create('<b>Ship</b> the page');
    const link = new URL(url);
    expect(link.origin).toBe(notion.url);
    const [tasks] = await shown();
    expect(tasks).toMatchObject({ title: 'Tasks', tasks: [{ path: link.pathname, inTrash: false }] });
    expect(tasks?.tasks[0]?.cells[0]).toBe('<b>Ship</b> the page');
    const page = await fetch(url);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await page.text()).toContain('Demo Notion');
  });

  it('keeps its tasks from one process to the next, also those in the trash', async () => {
    const { id } = await create('Kept and thrown away');
    await new Client({ auth: notion.token, baseUrl: notion.url }).pages.update({ page_id: id, in_trash: true });
    const before = await shown();
    await notion.close();
    notion = await createFakeNotion({ people: true, keptIn });
    expect(await shown()).toEqual(before);
    const again = notion.pages.find((page) => page.id === id);
    expect(again).toMatchObject({ inTrash: true, createdAt: expect.any(Date) });
  });

  it('shows nothing that was not shared, and looking is no call of the API', async () => {
    const titles = (await shown()).map(({ title }) => title);
    expect(titles).toEqual(['Tasks', '아이디어']);
    expect(notion.log).toEqual([]);
  });

  it('without its pages is the API alone', async () => {
    const bare = await createFakeNotion();
    expect((await fetch(`${bare.url}/`)).status).toBe(401);
    await bare.close();
  });
});
