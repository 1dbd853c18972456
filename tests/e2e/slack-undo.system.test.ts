import { DEFAULT_ORGANIZATION_ID } from '../../domain/organizations/organizations.ts';
import { undoWorkflowId } from '../../contracts/queues.ts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { textsFor } from '../../contracts/texts.ts';
import { NOTION } from '../../dev/fakes/notion/index.ts';
import { botMessages, finalMessage } from '../support/doors.ts';
import { openNotionNubabel, type NotionNubabel } from '../support/slack-notion.ts';
import {
  CHANNEL,
  eventsOf,
  hears,
  jobOf,
  jobsIn,
  linesOf,
  opsSays,
  shows,
  whispersTo,
} from '../support/slack-story.ts';
import { auditOf } from '../support/approvals.ts';
import { eventually } from '../support/eventually.ts';
import { toolCall } from '../support/replies.ts';
import { effectsOf, setPolicy } from '../support/tools.ts';

let at: NotionNubabel;
beforeAll(async () => {
  at = await openNotionNubabel({ isShared: true });
  await setPolicy(at.nubabel, { risks: [] });
}, 120_000);
afterAll(() => at?.close());

/** A thread in which Ops has made this task. */
async function madeIn(title: string, language: 'en' | 'ko' = 'en', user = 'U_ADA'): Promise<string> {
  at.creates(title, language);
  const thread = await hears(at.nubabel, {
    text: language === 'ko' ? `Notion에 '${title}' 작업을 만들어 줘` : `Create a task '${title}' in Notion`,
    mention: true,
    user,
  });
  await finalMessage(at.nubabel, CHANNEL, thread);
  return thread;
}
const told = (user: string, words: string) =>
  at.nubabel.slack.waitFor(words, () => whispersTo(at.nubabel, user).includes(words) || undefined);

describe('UNDO in the thread of what was done', () => {
  it.each([
    ['UNDO', 'en', 'Undo me', /↩️ `notion__createTask` · .* · undone/],
    ['되돌리기', 'ko', '되돌려 줘', /↩️ `notion__createTask` · .* · 되돌림/],
  ] as const)(
    'by the word %s, four times at once, moves the page to the trash',
    async (word, language, title, says) => {
      const thread = await madeIn(title, language);
      expect(at.there(title)).toBe(1);
      await hears(at.nubabel, { text: word, thread });
      const message = await shows(at.nubabel, thread, says);
      expect(message.text).toMatch(/^✅/);
      expect(linesOf(message)).not.toMatch(/UNDO/);
      expect([at.made(title), at.there(title)]).toEqual([1, 0]);
      expect(await jobsIn(at.nubabel, thread)).toHaveLength(1);
      expect(await effectsOf(at.nubabel, await jobOf(at.nubabel, thread))).toMatchObject([{ undo: 'DONE' }]);
    },
  );

  it('that Slack repeats after it is done is no request of its own', async () => {
    const thread = await madeIn('Repeated');
    const { events } = eventsOf({ text: 'UNDO', thread });
    for (const event of events) await at.nubabel.slack.deliver(event);
    await shows(at.nubabel, thread, /· undone/);
    for (const event of events)
      expect(await at.nubabel.slack.deliver(event, { headers: { 'x-slack-retry-num': '1' } })).toMatchObject({
        status: 200,
      });
    expect(await jobsIn(at.nubabel, thread)).toHaveLength(1);
  });

  it('said a second time is told that nothing is left', async () => {
    const thread = await madeIn('Undone twice');
    await hears(at.nubabel, { text: 'UNDO', thread });
    await shows(at.nubabel, thread, /· undone/);
    await hears(at.nubabel, { text: 'UNDO', thread });
    await told('U_ADA', 'There is nothing here that can be undone, or it already was.');
    expect(await jobsIn(at.nubabel, thread)).toHaveLength(1);
  });

  it('is not for somebody else, who is told so', async () => {
    const thread = await madeIn('Not yours', 'en', 'U_MINSU');
    await hears(at.nubabel, { text: 'UNDO', thread, user: 'U_LINUS' });
    await told('U_LINUS', 'Only the person who asked or an admin can undo these changes.');
    expect(at.there('Not yours')).toBe(1);
    const [job, ...more] = await jobsIn(at.nubabel, thread);
    expect(more).toEqual([]);
    // Slack delivers each message several times; every one is refused, and each refusal is written down.
    const refused = (await auditOf(at.nubabel, job?.id ?? '')).filter(({ action }) => action === 'effects.undo');
    expect(refused.length).toBeGreaterThan(0);
    for (const line of refused) expect(line).toMatchObject({ outcome: 'rejected', details: { via: 'slack' } });
  });

  it('is no request where nothing was changed, and waits for the end of work that runs', async () => {
    at.nubabel.model.setResponder(opsSays('en', () => ({ text: 'I have answered.\nCONFIDENCE: 0.9' })));
    const thread = await hears(at.nubabel, { text: 'What is a task?', mention: true });
    await finalMessage(at.nubabel, CHANNEL, thread);
    await hears(at.nubabel, { text: 'UNDO', thread });
    await told('U_ADA', 'There is nothing here that can be undone, or it already was.');
    expect(await jobsIn(at.nubabel, thread)).toHaveLength(1);
    at.nubabel.model.pause();
    await hears(at.nubabel, { text: 'What is another task?', thread });
    await at.nubabel.slack.waitFor('the second message', () => botMessages(at.nubabel, CHANNEL, thread)[1]);
    await hears(at.nubabel, { text: 'UNDO', thread });
    await told('U_ADA', 'The work is still running. End it with STOP or CANCEL first, then reply UNDO.');
    const running = (await jobsIn(at.nubabel, thread)).at(-1)?.id ?? '';
    expect(await at.nubabel.database.look('select 1 from steering where orchestration_id = $1', [running])).toEqual([]);
    at.nubabel.model.resume();
    await at.nubabel.ended(running);
  });

  it.each([
    ['UNDO', 'APPROVE', 'en', 'Commented', /this would be lost: one comment by Ada Lovelace/, /· undone/],
    ['되돌리기', '승인', 'ko', '댓글 있음', /되돌리면 사라지는 것: 댓글 1개 \(Ada Lovelace\)/, /· 되돌림/],
  ] as const)(
    'by %s asks before it loses what others have done, and %s goes on',
    async (undo, approve, language, title, asks, says) => {
      const thread = await madeIn(title, language);
      const page = at.notion.pages.find(({ values }) => JSON.stringify(values['Task name']).includes(title));
      page?.comments?.push({ by: NOTION.ada, text: 'Please keep this.' });
      await hears(at.nubabel, { text: undo, thread });
      await shows(at.nubabel, thread, asks);
      expect(at.there(title)).toBe(1);
      const orchestrationId = await jobOf(at.nubabel, thread);
      const id = undoWorkflowId({ organizationId: DEFAULT_ORGANIZATION_ID, orchestrationId });
      await at.nubabel.temporal.workflow.getHandle(id).result();
      await hears(at.nubabel, { text: approve, thread, user: 'U_LINUS' });
      await told('U_LINUS', textsFor(language).tools.mayNotUndo);
      expect(at.there(title)).toBe(1);
      await hears(at.nubabel, { text: approve, thread });
      await shows(at.nubabel, thread, says);
      expect(at.there(title)).toBe(0);
      expect(await jobsIn(at.nubabel, thread)).toHaveLength(1);
    },
  );

  it('that the provider does not take says so, and may be said again', async () => {
    const thread = await madeIn('Stuck');
    at.notion.failNext(/^PATCH/, { status: 400, times: 1 });
    await hears(at.nubabel, { text: 'UNDO', thread });
    const message = await shows(at.nubabel, thread, /could not be undone/);
    expect(at.there('Stuck')).toBe(1);
    expect(linesOf(message)).toMatch(/UNDO/);
    // The first undo may still be writing its report; said again meanwhile it counts all the same.
    await hears(at.nubabel, { text: 'UNDO', thread });
    await shows(at.nubabel, thread, /· undone/);
    expect(at.there('Stuck')).toBe(0);
  });
});

describe('CANCEL in the thread of work that has changed something', () => {
  /** A thread in which Ops has made this task, and the model is thinking about it. */
  async function changedIn(title: string, language: 'en' | 'ko' = 'en'): Promise<string> {
    at.nubabel.model.setResponder(
      opsSays(language, ({ allToolResults: [result] }) => {
        if (!result) return toolCall('notion__createTask', { title, assignee: 'ada@example.com' });
        at.nubabel.model.pause();
        return { text: 'This is said too late.\nCONFIDENCE: 0.9' };
      }),
    );
    const text = language === 'ko' ? `Notion에 '${title}' 작업을 만들어 줘` : `Create a task '${title}' in Notion`;
    const { ts: thread } = await at.nubabel.slack.mention({ user: 'U_ADA', channel: CHANNEL, text });
    const jobId = await jobOf(at.nubabel, thread);
    await eventually('the change', async () =>
      (await effectsOf(at.nubabel, jobId)).some(({ state }) => state === 'DONE'),
    );
    return thread;
  }

  it.each([
    ['CANCEL', 'UNDO', 'en', 'Cancelled midway', /⚠️ Cancelled/, /· undone/],
    ['취소', '되돌리기', 'ko', '도중에 취소', /⚠️ 취소됨/, /· 되돌림/],
  ] as const)(
    'by %s is told at once and in the end that %s undoes it, and what asking again would not repeat',
    async (cancel, undo, language, title, ends, undone) => {
      const { words, tools } = textsFor(language);
      const thread = await changedIn(title, language);
      await hears(at.nubabel, { text: cancel, thread });
      await told('U_ADA', `${words.cancelling} ${words.undoOnceOver(1)}`);
      const message = await shows(at.nubabel, thread, ends);
      at.nubabel.model.resume();
      const shown = linesOf(message);
      for (const part of [tools.mayUndo(1), words.askAgain, words.notRepeated(1)]) expect(shown).toContain(part);
      await hears(at.nubabel, { text: undo, thread });
      await shows(at.nubabel, thread, undone);
      expect([at.made(title), at.there(title)]).toEqual([1, 0]);
    },
  );

  it('by the button of a deleted request is told so to whoever presses it', async () => {
    const { words } = textsFor('en');
    const thread = await changedIn('Cancelled by a button');
    await at.nubabel.slack.remove({ user: 'U_ADA', channel: CHANNEL, ts: thread });
    const offer = await eventually('the offer', async () =>
      at.nubabel.slack.ephemerals.find(({ thread_ts: where, text }) => where === thread && text === words.deleted),
    );
    const before = whispersTo(at.nubabel, 'U_ADA').length;
    await at.nubabel.slack.press({ user: 'U_ADA', channel: CHANNEL, ts: offer.ts, action: 'cancel_job' });
    await eventually('the receipt', async () => whispersTo(at.nubabel, 'U_ADA').length > before);
    expect(whispersTo(at.nubabel, 'U_ADA').at(-1)).toBe(`${words.cancelling} ${words.undoOnceOver(1)}`);
    await at.nubabel.ended(await jobOf(at.nubabel, thread));
    at.nubabel.model.resume();
  });

  it('is told nothing of UNDO where nothing was changed', async () => {
    const before = whispersTo(at.nubabel, 'U_ADA').length;
    at.nubabel.model.setResponder(opsSays('en', () => ({ text: 'Never heard.\nCONFIDENCE: 0.9' })));
    at.nubabel.model.pause();
    const thread = await hears(at.nubabel, { text: 'What is a third task?', mention: true });
    await jobOf(at.nubabel, thread);
    await hears(at.nubabel, { text: 'CANCEL', thread });
    const message = await shows(at.nubabel, thread, /⚠️ Cancelled/);
    at.nubabel.model.resume();
    expect(linesOf(message)).not.toContain('UNDO');
    expect(linesOf(message)).toContain(textsFor('en').words.repeatsAll);
    expect(whispersTo(at.nubabel, 'U_ADA')).toHaveLength(before);
  });
});
