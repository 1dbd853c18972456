import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { finalMessage } from '../support/doors.ts';
import { toolCall } from '../support/replies.ts';
import { openNotionNubabel, type NotionNubabel } from '../support/slack-notion.ts';
import { CHANNEL, hears, jobOf, jobsIn, linesOf, opsSays, shows, whispersTo } from '../support/slack-story.ts';
import { callsOf, effectsOf, setPolicy } from '../support/tools.ts';

let at: NotionNubabel;
beforeAll(async () => {
  at = await openNotionNubabel({ isShared: true });
}, 120_000);
afterAll(() => at?.close());
afterEach(() => setPolicy(at.nubabel, {}));

const posts = (thread: string) =>
  at.nubabel.slack.calls('chat.postMessage').filter(({ arguments: given, ok }) => ok && given['thread_ts'] === thread);
const ASKS = /Type APPROVE to run exactly/;

/** A request whose question is in the thread. */
async function waiting(title: string): Promise<string> {
  at.creates(title);
  const thread = await hears(at.nubabel, { text: `Create a task '${title}' in Notion`, mention: true });
  await shows(at.nubabel, thread, ASKS);
  return thread;
}

describe('a task asked for in Slack, every event four times at once', () => {
  it.each([
    ['en', 'Ship the launch', "Create a task 'Ship the launch' in Notion", ASKS, 'APPROVE', /^✅ Done/],
    ['ko', '출시하기', 'Notion에 출시하기 작업을 만들어 줘', /실행하려면 APPROVE\(승인\)/, '승인', /^✅ 완료/],
  ] as const)(
    'is shown whole, approved in the thread and made once (%s)',
    async (language, title, request, asks, yes, ends) => {
      at.creates(title, language);
      const thread = await hears(at.nubabel, { text: request, mention: true });
      const asked = linesOf(await shows(at.nubabel, thread, asks));
      for (const shown of [
        'notion__createTask',
        'Notion of Acme',
        `"title": "${title}"`,
        '"assignee": "ada@example.com"',
      ])
        expect(asked).toContain(shown);
      expect(at.made(title)).toBe(0);
      await hears(at.nubabel, { text: yes, thread });
      const message = await finalMessage(at.nubabel, CHANNEL, thread);
      expect(message.text).toMatch(ends);
      const end = linesOf(message);
      expect(end).toMatch(
        /\*(External changes|외부 변경 내역)\*\n✏️ `notion__createTask` · .*https:\/\/www\.notion\.so\//,
      );
      expect(end).toMatch(/(Duration|소요 시간): \d+\.\d s · .*(Cost|비용): [\d.]+¢/);
      expect(at.made(title)).toBe(1);
      expect([posts(thread).length, (await jobsIn(at.nubabel, thread)).length]).toEqual([1, 1]);
      expect(await effectsOf(at.nubabel, await jobOf(at.nubabel, thread))).toMatchObject([
        { state: 'DONE', attempts: 1 },
      ]);
    },
    60_000,
  );

  it.each(['en', 'ko'] as const)('is made at once where the policy asks nobody (%s)', async (language) => {
    await setPolicy(at.nubabel, { risks: [] });
    const title = `At once ${language}`;
    at.creates(title, language);
    const thread = await hears(at.nubabel, { text: `Create a task '${title}' in Notion`, mention: true });
    expect((await finalMessage(at.nubabel, CHANNEL, thread)).text).toMatch(/^✅/);
    expect([at.made(title), posts(thread).length]).toEqual([1, 1]);
  });

  it('asks no more about a second task of the same words in the same thread than about the first', async () => {
    await setPolicy(at.nubabel, { risks: [] });
    at.creates('Twice wanted');
    const thread = await hears(at.nubabel, { text: "Create a task 'Twice wanted' in Notion", mention: true });
    await finalMessage(at.nubabel, CHANNEL, thread);
    await hears(at.nubabel, { text: 'Create one more of it in Notion', thread });
    await at.nubabel.slack.waitFor('the second page', () => at.made('Twice wanted') === 2 || undefined);
    const jobs = await jobsIn(at.nubabel, thread);
    expect(jobs).toHaveLength(2);
    for (const { id } of jobs) await at.nubabel.ended(id);
  });
});

describe('the question about it', () => {
  it('answered with SKIP leaves it out, and the agent goes on', async () => {
    const thread = await waiting('Skip me');
    await hears(at.nubabel, { text: 'SKIP', thread });
    const message = await finalMessage(at.nubabel, CHANNEL, thread);
    expect(message.text).toMatch(/^✅ Done/);
    expect(linesOf(message)).toContain('A person has decided that this call is not made');
    expect(linesOf(message)).not.toContain('External changes');
    expect(at.made('Skip me')).toBe(0);
    expect(await callsOf(at.nubabel, await jobOf(at.nubabel, thread))).toMatchObject([{ status: 'declined' }]);
  });

  it.each(['CANCEL', 'STOP'])('answered with %s ends the work, and nothing is made', async (word) => {
    const thread = await waiting(`No ${word}`);
    await hears(at.nubabel, { text: word, thread });
    const message = await finalMessage(at.nubabel, CHANNEL, thread);
    expect(message.text).toMatch(/^⚠️ (Cancelled|Stopped)/);
    expect(at.made(`No ${word}`)).toBe(0);
    expect(await callsOf(at.nubabel, await jobOf(at.nubabel, thread))).toMatchObject([{ status: 'cancelled' }]);
  });

  it('answered by nobody in time ends the work with words that say so', async () => {
    await setPolicy(at.nubabel, { deadlineMs: 1_500 });
    const thread = await waiting('Nobody answers');
    const message = await finalMessage(at.nubabel, CHANNEL, thread);
    expect(linesOf(message)).toMatch(/Nobody approved it in time, so it was not done/);
    expect(at.made('Nobody answers')).toBe(0);
    await hears(at.nubabel, { text: 'APPROVE', thread });
    await at.nubabel.slack.waitFor('a word', () => whispersTo(at.nubabel, 'U_ADA').length > 0 || undefined);
    expect(whispersTo(at.nubabel, 'U_ADA').at(-1)).toBe('Nothing is waiting for approval in this thread.');
    expect(at.made('Nobody answers')).toBe(0);
  });

  it('is not for somebody else to answer', async () => {
    const thread = await waiting('Not yours');
    for (const text of ['APPROVE', 'SKIP', 'STOP', 'CANCEL'])
      await hears(at.nubabel, { text, thread, user: 'U_LINUS' });
    await at.nubabel.slack.waitFor('the words', () => whispersTo(at.nubabel, 'U_LINUS').length >= 4 || undefined);
    expect(new Set(whispersTo(at.nubabel, 'U_LINUS'))).toEqual(
      new Set(['You cannot answer this; the message in the thread says who can. Your answer was not counted.']),
    );
    expect(await jobsIn(at.nubabel, thread)).toMatchObject([{ status: 'awaiting_approval' }]);
    expect(at.made('Not yours')).toBe(0);
    await hears(at.nubabel, { text: 'SKIP', thread });
    await finalMessage(at.nubabel, CHANNEL, thread);
  });

  it('that has changed since it was seen is not answered by a word for the one before', async () => {
    const [first, second] = ['Question one', 'Question two'];
    at.nubabel.model.setResponder(
      opsSays('en', ({ allToolResults: { length } }) =>
        length < 2
          ? toolCall('notion__createTask', { title: length === 0 ? first : second })
          : { text: 'Both are there.\nCONFIDENCE: 0.9' },
      ),
    );
    const thread = await hears(at.nubabel, { text: 'Create two tasks in Notion', mention: true });
    await shows(at.nubabel, thread, /Question one/);
    // Slack does not take the message with the second question for a while, so people still see the first.
    at.nubabel.slack.failNext('chat.update', { status: 429, retryAfterSeconds: 3, times: 2 });
    await hears(at.nubabel, { text: 'APPROVE', thread });
    const job = await jobOf(at.nubabel, thread);
    await at.nubabel.jobWhen(job, ({ approval }) => JSON.stringify(approval?.plan.calls ?? []).includes(second));
    const before = whispersTo(at.nubabel, 'U_ADA').length;
    await hears(at.nubabel, { text: 'APPROVE', thread });
    await at.nubabel.slack.waitFor('a word', () => whispersTo(at.nubabel, 'U_ADA').length > before || undefined);
    expect(whispersTo(at.nubabel, 'U_ADA').at(-1)).toContain('The question has changed');
    expect([at.made(first), at.made(second)]).toEqual([1, 0]);
    await shows(at.nubabel, thread, /Question two/);
    await hears(at.nubabel, { text: 'APPROVE', thread });
    await finalMessage(at.nubabel, CHANNEL, thread);
    expect([at.made(first), at.made(second)]).toEqual([1, 1]);
  }, 60_000);
});
