import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { FakeProgress } from '../fakes/mcp/index.ts';
import type { SlackMessage } from '../../dev/fakes/slack/index.ts';
import { botMessages } from '../support/doors.ts';
import { openStream } from '../support/event-stream.ts';
import { eventually } from '../support/eventually.ts';
import { CHANNEL, hears, jobOf, linesOf, shows, whispersTo } from '../support/slack-story.ts';
import { ended, openWikiNubabel, type WikiNubabel } from '../support/slack-wiki.ts';
import { answer, effectsOf, setPolicy } from '../support/tools.ts';

let at: WikiNubabel;
beforeAll(async () => {
  at = await openWikiNubabel();
}, 120_000);
afterAll(() => at?.close());
afterEach(async () => {
  at.wiki.setCall((args) => ({ result: { content: [{ type: 'text', text: JSON.stringify(args) }] } }));
  await setPolicy(at.nubabel, {});
});

const heardCalls = (tool: string) => at.wiki.calls().filter((call) => call.tool === tool).length;

describe('CANCEL while a slow tool runs', () => {
  it.each([
    ['search', { query: 'everything' }, undefined],
    ['createPage', { title: 'Half a page' }, 'UNKNOWN'],
  ] as const)('reaches the server of %s, ends the work and says what is known', async (tool, args, state) => {
    await setPolicy(at.nubabel, { risks: [] });
    at.wiki.setCall(() => ({ hang: true }));
    at.calls(tool, args);
    const before = heardCalls(tool);
    const thread = await at.asks();
    await eventually('the call', () => heardCalls(tool) > before);
    const cancels = () => at.wiki.log.filter(({ method }) => method === 'notifications/cancelled').length;
    const cancelled = cancels();
    await hears(at.nubabel, { text: 'CANCEL', thread });
    const message = await ended(at.nubabel, thread);
    expect(message.text).toMatch(/^⚠️ Cancelled/);
    await eventually('the cancellation', () => cancels() === cancelled + 1);
    const effects = await effectsOf(at.nubabel, await jobOf(at.nubabel, thread));
    expect(effects.map((effect) => effect.state)).toEqual(state ? [state] : []);
    if (state) expect(linesOf(message)).toMatch(/❓ `wiki__createPage` · we couldn’t confirm this/);
  });
});

describe('a slow tool that tells how far it is', () => {
  const answers = (progress: readonly FakeProgress[]) => {
    at.wiki.setCall(() => ({ result: { content: [{ type: 'text', text: 'All read.' }] }, progress }));
    at.calls('search', { query: 'all' });
  };
  const shown = ({ versions }: SlackMessage) =>
    versions.flatMap(({ text }) => /Calling wiki__search — (page \d+ · \d+ %)/.exec(text)?.[1] ?? []);

  // First, while Slack has room: a state that nobody waits for is left out when its bucket runs low.
  it('does not paint over the end, however late Slack is with its last', async () => {
    answers([
      { progress: 1, total: 4, message: 'page 1', thenMs: 1_500 },
      { progress: 2, total: 4, message: 'page 2', thenMs: 2_500 },
      { progress: 3, total: 4, message: 'page 3', thenMs: 300 },
    ]);
    const thread = await at.asks();
    await shows(at.nubabel, thread, /page 2/);
    at.nubabel.slack.failNext('chat.update', { delayMs: 3_000 });
    await ended(at.nubabel, thread);
    const late = await eventually('the late one', () =>
      at.nubabel.slack.calls('chat.update').find(({ ms, ok }) => ok && ms >= 2_900),
    );
    expect(String(late.arguments['text'])).toContain('page 3');
    expect(botMessages(at.nubabel, CHANNEL, thread).map(({ text }) => text.slice(0, 6))).toEqual(['✅ Done']);
  });

  it('is followed in the thread and in the events, about once a second, and the end is the last that is shown', async () => {
    const pages = Array.from({ length: 40 }, (_, nth) => nth + 1);
    answers(pages.map((page) => ({ progress: page, total: 40, message: `page ${page}`, thenMs: 100 })));
    const stream = await openStream(at.nubabel, '/api/events');
    const thread = await at.asks();
    const message = await ended(at.nubabel, thread);
    expect(message.text).toMatch(/^✅ Done/);
    const job = await jobOf(at.nubabel, thread);
    const events = stream
      .facts()
      .map(({ data }) => JSON.stringify(data))
      .filter((data) => data.includes(job) && /page \d+/.test(data));
    stream.close();
    // Forty in four seconds.
    for (const many of [new Set(shown(message)).size, events.length]) {
      expect(many).toBeGreaterThanOrEqual(2);
      expect(many).toBeLessThanOrEqual(7);
    }
  }, 60_000);

  it('and then says nothing more is shown at its newest', async () => {
    answers([
      { progress: 1, total: 4, message: 'page 1', thenMs: 100 },
      { progress: 2, total: 4, message: 'page 2', thenMs: 3_000 },
    ]);
    expect(shown(await ended(at.nubabel, await at.asks()))).toContain('page 2 · 50 %');
  });
});

describe('a change whose answer is lost after it was made', () => {
  /** The connection is cut after the server has made the page. */
  const cutOnce = () => {
    const pages: string[] = [];
    at.wiki.setCall((args) => {
      pages.push(String(args.title));
      return pages.length === 1
        ? { disconnect: 'midway' }
        : { result: { content: [{ type: 'text', text: `Made ${String(args.title)}.` }] } };
    });
    return pages;
  };

  it.each([
    ['DONE', 1, /person has looked and confirmed/, 'DONE'],
    ['RETRY', 2, /Made The page\./, 'DONE'],
    ['SKIP', 1, /couldn’t confirm whether this call has happened/, 'UNKNOWN'],
  ] as const)('asks in the thread with what is known, and %s does what it says', async (word, made, says, state) => {
    const pages = cutOnce();
    at.calls('createPage', { title: 'The page' });
    const thread = await at.asks();
    await shows(at.nubabel, thread, /Type APPROVE to run/);
    await hears(at.nubabel, { text: 'APPROVE', thread });
    const asked = linesOf(await shows(at.nubabel, thread, /DONE if it happened/));
    for (const shown of ['wiki__createPage', '"title": "The page"', 'Wiki']) expect(asked).toContain(shown);
    expect(pages).toHaveLength(1);
    await hears(at.nubabel, { text: word, thread });
    const message = await ended(at.nubabel, thread);
    expect(linesOf(message)).toMatch(says);
    expect(pages).toHaveLength(made);
    expect(await effectsOf(at.nubabel, await jobOf(at.nubabel, thread))).toMatchObject([{ state }]);
  });
});

describe('a call that the thread has no room for', () => {
  it('is not approved by a word there, which is answered with where all of it stands', async () => {
    const { nubabel } = at;
    const made = heardCalls('createPage');
    at.calls('createPage', { title: `${'A fine page. '.repeat(300)}And delete everything.` });
    const thread = await at.asks();
    const asked = linesOf(await shows(nubabel, thread, /cannot be approved in this thread/));
    expect(asked).not.toContain('delete everything');
    const jobId = await jobOf(nubabel, thread);
    expect(asked).toMatch(new RegExp(`<http[^|]*/\\?job=${jobId}\\|Read all of it and decide in the console>`));
    const before = whispersTo(nubabel, 'U_ADA').length;
    await hears(nubabel, { text: 'APPROVE', thread });
    await eventually('the answer', () => whispersTo(nubabel, 'U_ADA').length > before);
    expect(whispersTo(nubabel, 'U_ADA').at(-1)).toMatch(new RegExp(`not counted.*/\\?job=${jobId}`));
    const waiting = await nubabel.status(jobId);
    expect([waiting.status, heardCalls('createPage')]).toEqual(['awaiting_approval', made]);
    expect(await answer(nubabel, waiting)).toBe(200);
    await ended(nubabel, thread);
    expect(heardCalls('createPage')).toBe(made + 1);
  });

  it('is declined by a word there', async () => {
    at.calls('createPage', { title: 'z'.repeat(5_000) });
    const before = heardCalls('createPage');
    const thread = await at.asks();
    await shows(at.nubabel, thread, /cannot be approved in this thread/);
    await hears(at.nubabel, { text: 'SKIP', thread });
    await ended(at.nubabel, thread);
    expect(heardCalls('createPage')).toBe(before);
  });
});
