import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { botMessages, finalMessage } from '../support/doors.ts';
import { openNotionNubabel, type NotionNubabel } from '../support/slack-notion.ts';
import { CHANNEL, hears, jobOf, jobsIn, linesOf, shows } from '../support/slack-story.ts';
import { effectsOf, setPolicy } from '../support/tools.ts';

let at: NotionNubabel;
beforeAll(async () => {
  at = await openNotionNubabel({ isShared: false });
}, 120_000);
afterAll(() => at?.close());
afterEach(() => setPolicy(at.nubabel, {}));

const ASKS = /Type APPROVE to run exactly/;
const posts = (thread: string) =>
  at.nubabel.slack.calls('chat.postMessage').filter(({ arguments: given, ok }) => ok && given['thread_ts'] === thread);

/** One page, one message, and it is the end with the link. */
async function expectOnce(title: string, thread: string) {
  const message = await finalMessage(at.nubabel, CHANNEL, thread, 60_000);
  expect(message.text).toMatch(/^✅ Done/);
  expect(linesOf(message)).toMatch(/\*External changes\*\n✏️ `notion__createTask` · .*https:\/\/www\.notion\.so\//);
  expect([at.made(title), posts(thread).length, botMessages(at.nubabel, CHANNEL, thread).length]).toEqual([1, 1, 1]);
  expect((await jobsIn(at.nubabel, thread)).map(({ status }) => status)).toEqual(['completed']);
  const [effect, ...others] = await effectsOf(at.nubabel, await jobOf(at.nubabel, thread));
  expect({ effect, others }).toMatchObject({ effect: { state: 'DONE' }, others: [] });
  return effect;
}

/** The worker dies by SIGKILL at this point of what is done, and another one starts. */
async function dieAt(point: string, work: () => Promise<unknown>): Promise<void> {
  const marker = join(at.nubabel.dir, `${point}-${Math.random()}.marker`);
  await at.nubabel.restart('worker', { NUBABEL_KILL_POINT: `${point}@${marker}` });
  await work();
  expect(await at.nubabel.died('worker')).toBe('SIGKILL');
  await at.nubabel.start('worker');
}

describe('one task and one message, though everything is delivered four times and', () => {
  it.each(['before-effect', 'after-effect', 'after-effect-stored'])(
    'the worker dies %s of what was approved',
    async (point) => {
      const title = `Killed ${point}`;
      at.creates(title);
      const thread = await hears(at.nubabel, { text: `Create a task '${title}' in Notion`, mention: true });
      await shows(at.nubabel, thread, ASKS);
      await dieAt(point, () => hears(at.nubabel, { text: 'APPROVE', thread }));
      const effect = await expectOnce(title, thread);
      if (point === 'after-effect') expect(effect?.settledBy).toBe('read_back');
    },
    120_000,
  );

  it.each(['before-effect', 'after-effect', 'after-effect-stored'])(
    'the worker dies %s of what nobody was asked about',
    async (point) => {
      await setPolicy(at.nubabel, { risks: [] });
      const title = `Unasked ${point}`;
      at.creates(title);
      let thread = '';
      await dieAt(point, async () => {
        thread = await hears(at.nubabel, { text: `Create a task '${title}' in Notion`, mention: true });
      });
      await expectOnce(title, thread);
    },
    120_000,
  );

  it('the API dies between the question and the answer', async () => {
    at.creates('API gone');
    const thread = await hears(at.nubabel, { text: "Create a task 'API gone' in Notion", mention: true });
    await shows(at.nubabel, thread, ASKS);
    await at.nubabel.kill('api');
    // Slack tries again after an answer that nobody took.
    const { settled } = await at.nubabel.slack.say({
      user: 'U_ADA',
      channel: CHANNEL,
      text: 'APPROVE',
      thread_ts: thread,
    });
    await at.nubabel.start('api');
    await settled;
    if (at.made('API gone') === 0) await hears(at.nubabel, { text: 'APPROVE', thread });
    await expectOnce('API gone', thread);
  }, 120_000);

  it('the worker dies while it waits for the answer', async () => {
    at.creates('Worker gone');
    const thread = await hears(at.nubabel, { text: "Create a task 'Worker gone' in Notion", mention: true });
    await shows(at.nubabel, thread, ASKS);
    await at.nubabel.kill('worker');
    await hears(at.nubabel, { text: 'APPROVE', thread });
    await at.nubabel.start('worker');
    await expectOnce('Worker gone', thread);
  }, 120_000);
});
