import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectDemoNotion } from '../../dev/demo-notion.ts';
import { demoResponder } from '../../dev/fakes/model/index.ts';
import { createFakeNotion, type FakeNotion } from '../../dev/fakes/notion/index.ts';
import { finalMessage, wordsOf } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { answer, toolEnv, waits } from '../support/tools.ts';

/** What `npm start` shows without keys: demo model, demo Slack and demo Notion, connected as a start connects them. */
let nubabel: Nubabel;
let notion: FakeNotion;
beforeAll(async () => {
  [nubabel, notion] = await Promise.all([
    startNubabel({
      env: { ...toolEnv(), NUBABEL_DEMO_MODEL: 'true' },
      model: { respond: demoResponder({ latencyMs: 10 }) },
    }),
    createFakeNotion({ people: true }),
  ]);
  const demo = { apiUrl: nubabel.url, token: nubabel.token, dataDir: nubabel.dir };
  expect(await connectDemoNotion(demo, notion)).toBe('connected');
  expect(await connectDemoNotion(demo, notion)).toBe('connected');
}, 120_000);
afterAll(async () => {
  await nubabel?.close();
  await notion?.close();
});

const titles = (inTrash = false) =>
  notion.pages
    .filter((page) => page.inTrash === inTrash)
    .map(({ values: { 'Task name': title } }) => (Array.isArray(title) ? title[0]?.content : ''));

describe('the demo with tools', () => {
  it('is connected once', async () => {
    const answered = await nubabel.request('/api/connections');
    const { connections } = (await answered.json()) as { connections: unknown[] };
    expect(connections).toMatchObject([{ name: 'Demo Notion', health: 'healthy', tools: { active: 4 } }]);
  });

  it.each([
    ['U_ADA', "create a task 'Ship the launch page'", 'Ship the launch page', 'APPROVE', 'UNDO'],
    ['U_MINSU', "'출시 페이지 공개' 작업을 만들어줘", '출시 페이지 공개', '승인', '되돌리기'],
  ])('in Slack %s asks, approves, follows the link and takes it back', async (user, text, title, yes, undo) => {
    const { ts: thread } = await nubabel.slack.mention({ user, channel: 'C_LAUNCH', text });
    const asking = await nubabel.slack.waitForMessage({
      channel: 'C_LAUNCH',
      thread,
      // The message that says the tool is being called names it too.
      where: (message) => ['notion__createTask', title].every((word) => wordsOf(message).includes(word)),
    });
    expect(asking.text).toMatch(/^⏳/u);
    expect(titles()).not.toContain(title);
    await nubabel.slack.say({ user, channel: 'C_LAUNCH', text: yes, thread_ts: thread });
    const done = await finalMessage(nubabel, 'C_LAUNCH', thread);
    expect(done.text).toMatch(/^✅/u);
    expect(titles()).toContain(title);
    const [link = ''] = /http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}/.exec(wordsOf(done)) ?? [];
    expect(await (await fetch(link)).text()).toContain('Demo Notion');
    await nubabel.slack.say({ user, channel: 'C_LAUNCH', text: undo, thread_ts: thread });
    await eventually('it is in the trash', async () => (titles(true).includes(title) ? true : undefined));
  });

  it('over REST the question holds the arguments, and a no leaves Notion as it is', async () => {
    const { jobId } = await nubabel.ask("Create a task 'Never made'");
    const asked = await nubabel.jobWhen(jobId, waits);
    expect(asked.approval?.plan.calls).toMatchObject([
      { tool: 'notion__createTask', connection: 'Demo Notion', arguments: { title: 'Never made' } },
    ]);
    expect(await answer(nubabel, asked, { choice: 'skip' })).toBe(200);
    await nubabel.ended(jobId);
    expect(titles()).not.toContain('Never made');
  });
});
