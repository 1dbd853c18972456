import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { KillPoint } from '../../domain/kill-points.ts';
import type { EffectView } from '../../contracts/effects.ts';
import { createFakeJira, DEMO_JIRA_USER, type FakeJira } from '../fakes/jira/index.ts';
import { createFakeLinear, type FakeLinear } from '../fakes/linear/index.ts';
import { createFakeMcp, type FakeMcp } from '../fakes/mcp/index.ts';
import { createFakeNotion, NOTION, type FakeNotion } from '../../dev/fakes/notion/index.ts';
import { eventually } from '../support/eventually.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { answer, callsOf, callTool, connect, effectsOf, setPolicy, toolEnv, waits } from '../support/tools.ts';

const PAGE = { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] };
const WIKI = [
  { name: 'createPage', description: 'Creates a page.', inputSchema: PAGE, annotations: { destructiveHint: false } },
];

let nubabel: Nubabel;
let notion: FakeNotion;
let linear: FakeLinear;
let jira: FakeJira;
let wiki: FakeMcp;
beforeAll(async () => {
  [nubabel, notion, linear, jira, wiki] = await Promise.all([
    startNubabel({ env: toolEnv() }),
    createFakeNotion(),
    createFakeLinear(),
    createFakeJira(),
    createFakeMcp({ tools: WIKI }),
  ]);
  const key = (apiKey: string) => ({ kind: 'api_key', apiKey });
  await Promise.all([
    connect(nubabel, { provider: 'notion', name: 'Notion', url: notion.url, auth: key(notion.token) }),
    connect(nubabel, { provider: 'linear', name: 'Linear', url: linear.graphqlUrl, auth: key(linear.token) }),
    connect(nubabel, {
      provider: 'jira',
      name: 'Jira',
      url: jira.url,
      auth: { ...key(DEMO_JIRA_USER.token), email: DEMO_JIRA_USER.email },
      settings: { project: 'OPS' },
    }),
    connect(nubabel, { provider: 'wiki', name: 'Wiki', url: wiki.url, auth: { kind: 'none' }, trusted: true }),
    setPolicy(nubabel, { risks: [] }),
  ]);
  await callTool(nubabel, 'jira__createIssue', { summary: 'To be changed' });
}, 120_000);
afterAll(async () => {
  await nubabel?.close();
  await Promise.all([notion?.close(), linear?.close(), jira?.close(), wiki?.close()]);
});

const begin = async (tool: string, args: Record<string, unknown>): Promise<string> =>
  (await callTool(nubabel, tool, args, { waitMs: 0 })).body.jobId;

/** Lets a worker die of one call at this point, by SIGKILL. Answers the job. */
async function dieOf(point: KillPoint, tool: string, args: Record<string, unknown>): Promise<string> {
  const marker = join(nubabel.dir, `${point}-${tool}.marker`);
  await nubabel.restart('worker', { NUBABEL_KILL_POINT: `${point}@${marker}` });
  const jobId = await begin(tool, args);
  expect(await nubabel.died('worker')).toBe('SIGKILL');
  return jobId;
}

/** One of each kind of settling at once: committed by its provider, and the worker dead before the answer. */
async function dieAfterEach(title: string) {
  for (const [fake, write] of [
    [notion, 'POST /pages'],
    [linear, 'issueCreate'],
    [jira, 'editIssue'],
  ] as const)
    fake.failNext(write, { silent: true });
  wiki.failNext('tools/call', { hang: true });
  const [unknowable, readBack, set, keyed] = await Promise.all([
    begin('wiki__createPage', { title }),
    begin('notion__createTask', { database: NOTION.tasks, title }),
    begin('jira__updateIssue', { key: 'OPS-1', summary: title }),
    begin('linear__createIssue', { team: 'ENG', title }),
  ]);
  await eventually('all of them', () => made(title).every((times) => times === 1));
  await nubabel.kill('worker');
  await nubabel.start('worker');
  return { unknowable, readBack, set, keyed };
}

const settled = async (jobId: string): Promise<EffectView | undefined> => {
  expect(await nubabel.ended(jobId, 60_000)).toMatchObject({ status: 'completed' });
  const [effect, ...more] = await effectsOf(nubabel, jobId);
  expect(more).toEqual([]);
  return effect;
};
const pages = (title: string) => wiki.calls().filter(({ params }) => JSON.stringify(params).includes(title)).length;
const tasks = (title: string) =>
  notion.pages.filter(({ values }) => JSON.stringify(values['Task name']).includes(title)).length;
const issues = (title: string) => linear.issues.filter((issue) => issue.title === title).length;
const edits = (summary: string) =>
  jira.log.filter(({ changes, body }) => changes.length > 0 && JSON.stringify(body).includes(summary)).length;

const made = (title: string) => [pages(title), tasks(title), issues(title), edits(title)];

describe('a worker that dies by SIGKILL', () => {
  it('between the provider’s commit and its own note makes no effect twice, whatever finds out', async () => {
    const title = 'Dead after it';
    const { unknowable, readBack, set, keyed } = await dieAfterEach(title);
    expect(await settled(readBack)).toMatchObject({ state: 'DONE', settledBy: 'read_back', attempts: 1 });
    expect(await settled(set)).toMatchObject({ state: 'DONE', settledBy: 'read_back', attempts: 1 });
    expect(await settled(keyed)).toMatchObject({ state: 'DONE', attempts: 2 });
    const asked = await nubabel.jobWhen(unknowable, waits);
    expect(asked.approval).toMatchObject({ kind: 'effect' });
    expect(await effectsOf(nubabel, unknowable)).toMatchObject([{ state: 'UNKNOWN', attempts: 1 }]);
    expect(await answer(nubabel, asked, { choice: 'done' })).toBe(200);
    expect(await settled(unknowable)).toMatchObject({ state: 'DONE', settledBy: 'person', undo: 'none' });
    expect(made(title)).toEqual([1, 1, 1, 1]);
  }, 90_000);

  it('before anything was sent leaves it to the next one, once nobody can be at it any more', async () => {
    const title = 'Dead before it';
    const unknowable = await dieOf('before-effect', 'wiki__createPage', { title });
    const readBack = await dieOf('before-effect', 'notion__createTask', { database: NOTION.tasks, title });
    // Sent again at once, so it goes last: a try of its own must not be what the next worker dies of.
    const keyed = await dieOf('before-effect', 'linear__createIssue', { team: 'ENG', title });
    await nubabel.start('worker');
    const late = { database: NOTION.tasks, title: 'Late on its way' };
    notion.failNext('POST /pages', { late: true });
    const lateJob = await begin('notion__createTask', late);
    await notion.waitForCalls('POST /pages', 1);
    expect(await settled(keyed)).toMatchObject({ state: 'DONE', attempts: 2 });
    const asked = await nubabel.jobWhen(unknowable, waits);
    expect(pages(title)).toBe(0);
    expect(await answer(nubabel, asked, { choice: 'retry' })).toBe(200);
    expect(await settled(unknowable)).toMatchObject({ state: 'DONE', settledBy: 'response' });
    notion.letLateOnesArrive();
    expect(await settled(lateJob)).toMatchObject({ state: 'DONE', settledBy: 'read_back', attempts: 1 });
    expect(await settled(readBack)).toMatchObject({ state: 'DONE', settledBy: 'response', attempts: 2 });
    expect(made(title)).toEqual([1, 1, 1, 0]);
    expect(tasks(late.title)).toBe(1);
  }, 120_000);
});

describe('an effect that nobody can find out about', () => {
  it.each([
    ['skip', 'failed'],
    ['stop', 'cancelled'],
  ])('is left open when the human says %s, and is never made again', async (choice, status) => {
    const title = `Lost, then ${choice}`;
    wiki.failNext('tools/call', { disconnect: 'before' });
    const jobId = await begin('wiki__createPage', { title });
    const asked = await nubabel.jobWhen(jobId, waits);
    expect(asked.approval).toMatchObject({ kind: 'effect' });
    expect(await answer(nubabel, asked, { choice })).toBe(200);
    expect(await nubabel.ended(jobId)).toMatchObject({ status, effects: { done: 0, unknown: 1 } });
    expect(await effectsOf(nubabel, jobId)).toMatchObject([{ state: 'UNKNOWN', attempts: 1 }]);
    expect(await callsOf(nubabel, jobId)).toMatchObject([{ status: 'unknown' }]);
    expect(pages(title)).toBe(1);
  });
});
