import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createFakeJira, DEMO_JIRA_USER, type FakeJira } from '../fakes/jira/index.ts';
import { createFakeMcp, type FakeMcp } from '../fakes/mcp/index.ts';
import { createFakeNotion, NOTION, type FakeNotion } from '../../dev/fakes/notion/index.ts';
import { databaseOutage } from '../support/database-outage.ts';
import { eventually } from '../support/eventually.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { askerOf, toolCall } from '../support/replies.ts';
import { callsOf, callTool, connect, effectsOf, setPolicy, toolEnv, waits } from '../support/tools.ts';

const WIKI = [{ name: 'createPage', description: 'Creates a page.', annotations: { destructiveHint: false } }];

let nubabel: Nubabel;
let notion: FakeNotion;
let jira: FakeJira;
let wiki: FakeMcp;
beforeAll(async () => {
  [nubabel, notion, jira, wiki] = await Promise.all([
    startNubabel({ env: toolEnv() }),
    createFakeNotion({ limits: 'off' }),
    createFakeJira({ limits: 'off' }),
    createFakeMcp({ tools: WIKI }),
  ]);
  const key = (apiKey: string) => ({ kind: 'api_key', apiKey });
  await Promise.all([
    connect(nubabel, { provider: 'notion', name: 'Notion', url: notion.url, auth: key(notion.token) }),
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
}, 120_000);
afterAll(async () => {
  await nubabel?.close();
  await Promise.all([notion?.close(), jira?.close(), wiki?.close()]);
});

const begin = async (tool: string, args: Record<string, unknown>, more: object = {}): Promise<string> =>
  (await callTool(nubabel, tool, args, { waitMs: 0, ...more })).body.jobId;
const createTask = (title: string) => begin('notion__createTask', { database: NOTION.tasks, title });
const tasks = (title: string) =>
  notion.pages.filter(({ values }) => JSON.stringify(values['Task name']).includes(title)).length;
const issues = (summary: string) => jira.issues.filter((issue) => issue.summary === summary).length;
const settled = async (jobId: string, withinMs = 60_000) => {
  expect(await nubabel.ended(jobId, withinMs)).toMatchObject({ status: 'completed' });
  return effectsOf(nubabel, jobId);
};

describe('an answer of a provider', () => {
  it('that comes while the database is away is written when it is back', async () => {
    const title = 'The database is away';
    notion.failNext('POST /pages', { delayMs: 1_500 });
    const jobId = await createTask(title);
    const sent = 'select 1 from effects where orchestration_id = $1 and sent_at is not null';
    await eventually('the claim', async () => (await nubabel.database.look(sent, [jobId])).length > 0);
    const outage = databaseOutage(nubabel);
    await outage.close();
    await eventually('the commit', () => tasks(title) === 1);
    expect((await nubabel.request('/api/jobs')).status).toBe(503);
    await outage.reopen();
    expect(await settled(jobId)).toMatchObject([{ state: 'DONE', settledBy: 'response', attempts: 1 }]);
    expect(tasks(title)).toBe(1);
  }, 90_000);

  it.each([
    ['asks for fewer calls, twice', { status: 429, retryAfterSeconds: 1, times: 2 }, 'response'],
    ['fails after it has done it', { when: 'after', status: 502 }, 'read_back'],
    ['is cut off after it has done it', { when: 'after', cut: true }, 'read_back'],
  ] as const)('that %s is one effect in the end', async (what, fault, settledBy) => {
    notion.failNext('POST /pages', fault);
    expect(await settled(await createTask(what))).toMatchObject([{ state: 'DONE', settledBy }]);
    expect(tasks(what)).toBe(1);
  });

  it('that refuses is told in the provider’s words, and nothing is sent again', async () => {
    const before = notion.calls('POST /pages').length;
    notion.failNext('POST /pages', { status: 400 });
    const jobId = await createTask('Refused');
    await nubabel.ended(jobId);
    const [call] = await callsOf(nubabel, jobId);
    expect(call).toMatchObject({ status: 'failed', result: { isError: true, text: expect.stringMatching(/Notion/) } });
    expect(await effectsOf(nubabel, jobId)).toMatchObject([{ state: 'FAILED' }]);
    expect(notion.calls('POST /pages')).toHaveLength(before + 1);
  });
});

describe('a run that is reset to before its call', () => {
  it('finds the call made, on another worker too, and makes it no second time', async () => {
    const summary = 'Once, whatever is replayed';
    let letGo = () => {};
    const held = new Promise<void>((resolve) => (letGo = resolve));
    nubabel.model.setResponder(async (request) => {
      if (askerOf(request) !== 'engineering') return { text: 'Nobody asked me.' };
      if (request.allToolResults.length === 0) return toolCall('jira__createIssue', { summary });
      await held;
      return { text: 'Created.\nCONFIDENCE: 0.9' };
    });
    const { jobId } = await nubabel.ask('File the bug', { agents: ['engineering'] });
    await eventually('the issue', async () => (await effectsOf(nubabel, jobId))[0]?.state === 'DONE');
    await nubabel.kill('worker');
    const workflowId = nubabel.workflowId(jobId);
    const { events } = await nubabel.temporal.workflow.getHandle(workflowId).fetchHistory();
    const scheduled = events?.find(
      ({ activityTaskScheduledEventAttributes: of }) => of?.activityType?.name === 'callTool',
    )?.activityTaskScheduledEventAttributes;
    const workflowTaskFinishEventId = scheduled?.workflowTaskCompletedEventId;
    if (!workflowTaskFinishEventId) throw new Error('No tool was called.');
    const { runId } = await nubabel.temporal.workflow.getHandle(workflowId).describe();
    await nubabel.temporal.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId, runId },
      reason: 'a test of the ledger',
      requestId: `reset-${jobId}`,
      workflowTaskFinishEventId,
    });
    // The ledger alone has to know: as if the call's own row had been restored from before it was made.
    await nubabel.database.look(
      `update tool_calls set status = 'running', result = null, finished_at = null where orchestration_id = $1`,
      [jobId],
    );
    await nubabel.start('worker-2');
    await eventually('the answer from the ledger', async () => (await callsOf(nubabel, jobId))[0]?.status === 'done');
    letGo();
    expect(await settled(jobId)).toMatchObject([{ state: 'DONE', attempts: 1 }]);
    expect(issues(summary)).toBe(1);
    await nubabel.start('worker');
  }, 90_000);
});

describe('two workers', () => {
  it('make one change for 50 equal requests under one key, and 50 for 50 requests of their own', async () => {
    const same = { idempotencyKey: 'fifty-as-one' };
    const fifty = <T>(work: (nth: number) => Promise<T>) => Promise.all(Array.from({ length: 50 }, (_, n) => work(n)));
    const create = (summary: string, more: object) => begin('jira__createIssue', { summary }, more);
    const [one, many] = await Promise.all([
      fifty(() => create('Fifty as one', same)),
      fifty((nth) => create('Fifty alike', { idempotencyKey: `alike-${nth}` })),
    ]);
    expect([new Set(one).size, new Set(many).size]).toEqual([1, 50]);
    for (const jobId of new Set([...one, ...many]))
      expect(await settled(jobId)).toMatchObject([{ state: 'DONE', attempts: 1 }]);
    expect([issues('Fifty as one'), issues('Fifty alike')]).toEqual([1, 50]);
  }, 120_000);
});

describe('a server that loses five answers in a row', () => {
  it('is left alone until it has rested, and then is called again', async () => {
    const page = (title: string) => begin('wiki__createPage', { title });
    const heard = () => wiki.calls().length;
    const row = async () =>
      (
        await nubabel.database.look<{ failures: number; rests: number | null }>(
          `select failures, extract(epoch from broken_until - now())::float8 as rests from connections where name = 'Wiki'`,
        )
      )[0];
    wiki.failNext('tools/call', { disconnect: 'before' }, 5);
    for (let nth = 1; nth <= 5; nth++) await nubabel.jobWhen(await page(`Lost ${nth}`), waits);
    expect(await row()).toMatchObject({ failures: 5 });
    const rests = (await row())?.rests ?? 0;
    expect(rests).toBeGreaterThan(45);
    expect(rests).toBeLessThanOrEqual(60);
    const refused = await callTool(nubabel, 'wiki__createPage', { title: 'While it rests' });
    expect({ status: refused.status, detail: refused.body['detail'] }).toEqual({
      status: 409,
      detail: expect.stringMatching(/Wiki/),
    });
    expect(heard()).toBe(5);
    await nubabel.database.look(`update connections set broken_until = now() where name = 'Wiki'`);
    expect(await settled(await page('Rested'))).toMatchObject([{ state: 'DONE' }]);
    expect(heard()).toBe(6);
    expect(await row()).toMatchObject({ failures: 0, rests: null });
  }, 60_000);
});
