import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { botMessages, finalMessage } from '../support/doors.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { specialist } from '../support/replies.ts';
import { crookedWindows, ledgerOf, missingEventIds, paidTwice, payments, unfinished } from '../support/score.ts';

const CHANNEL = 'C_LAUNCH';
let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startNubabel({ slack: { limits: 'off' } });
}, 60_000);
afterAll(() => nubabel?.close());

const timesPaid = (text: string) =>
  [...payments(nubabel)].filter(([key]) => key.includes(text)).reduce((sum, [, times]) => sum + times, 0);

/** Gives the worker one request to die of at this point, by SIGKILL, and starts another worker. */
async function dieAt<T>(point: string, ask: () => Promise<T>): Promise<T> {
  await nubabel.restart('worker', { NUBABEL_KILL_POINT: `${point}@${join(nubabel.dir, `${point}.marker`)}` });
  const asked = await ask();
  expect(await nubabel.died('worker')).toBe('SIGKILL');
  await nubabel.start('worker');
  return asked;
}

describe('a worker that dies by SIGKILL', () => {
  it.each([
    ['after-reserve', 'between the reservation and the call', { paid: 2, unknown: 1 }],
    ['after-turn-stored', 'between the stored answer and the activity’s end', { paid: 2, unknown: 0 }],
    ['after-model-answer', 'between the paid answer and its row', { paid: 3, unknown: 1 }],
  ])(
    'at %s, %s, loses nothing and pays no answer twice that was kept',
    async (point, _, expected) => {
      const before = await ledgerOf(nubabel);
      const message = `Dead at ${point}`;
      const { jobId } = await dieAt(point, () =>
        nubabel.ask(message, { agents: ['ops', 'brand'], mode: 'sequential' }),
      );
      const job = await nubabel.ended(jobId, 60_000);
      expect(job).toMatchObject({ status: 'completed', result: { agents_used: ['ops', 'brand'] } });
      expect(timesPaid(message)).toBe(expected.paid);
      const after = await ledgerOf(nubabel);
      expect([after.settled - before.settled, after.unknown - before.unknown, after.reserved]).toEqual([
        2,
        expected.unknown,
        0,
      ]);
    },
    90_000,
  );

  it.each([
    ['after-slack-post', 'between Slack’s answer to a post and our note of it'],
    ['after-slack-update', 'between Slack’s answer to an update and our note of it'],
  ])(
    'at %s, %s, leaves one message in its final state',
    async (point) => {
      const text = `Write a slogan about ${point}`;
      // Agents that take their time, so that no answer is on its way at the moment of death.
      const say = specialist();
      nubabel.model.setResponder(async (request) => ({
        ...(await say(request)),
        ...(!request.schema && { delayMs: 1_500 }),
      }));
      const { ts } = await dieAt(point, () => nubabel.slack.mention({ user: 'U_ADA', channel: CHANNEL, text }));
      const message = await finalMessage(nubabel, CHANNEL, ts, 60_000);
      nubabel.model.setResponder(say);
      expect(message.text).toMatch(/^✅/);
      expect(botMessages(nubabel, CHANNEL, ts)).toHaveLength(1);
      expect(
        nubabel.slack.calls('chat.postMessage').filter(({ arguments: given, ok }) => ok && given['thread_ts'] === ts),
      ).toHaveLength(1);
      expect(timesPaid(text)).toBeLessThanOrEqual(3);
    },
    90_000,
  );

  it('in the middle of a model call asks again, and the lost call counts as unknown', async () => {
    const before = await ledgerOf(nubabel);
    const asked = nubabel.model.requests.length;
    nubabel.model.pause();
    const { jobId } = await nubabel.ask('Died while waiting', { agents: ['ops'] });
    await nubabel.model.waitForRequests(asked + 1);
    await nubabel.kill('worker');
    await nubabel.model.waitForLog(
      1,
      ({ userText, outcome }) => userText === 'Died while waiting' && outcome === 'client_gone',
    );
    nubabel.model.resume();
    await nubabel.start('worker');
    expect(await nubabel.ended(jobId, 60_000)).toMatchObject({ status: 'completed' });
    expect(timesPaid('Died while waiting')).toBe(1);
    const after = await ledgerOf(nubabel);
    expect([after.settled - before.settled, after.unknown - before.unknown, after.reserved]).toEqual([1, 1, 0]);
  }, 90_000);

  it('leaves budget windows, events and outcomes as they should be', async () => {
    expect(await crookedWindows(nubabel)).toEqual([]);
    expect(await unfinished(nubabel)).toEqual([]);
    expect(await missingEventIds(nubabel)).toEqual([]);
    // The answer that died between the provider and its row, and at most an analysis that was on its way with a post.
    const twice = paidTwice(nubabel).filter((line) => !/analysis .*after-slack-(post|update)/.test(line));
    expect(twice).toEqual(['2 × ops | Dead at after-model-answer']);
    const ledger = await ledgerOf(nubabel);
    expect(ledger.spentNanos).toBeGreaterThan(ledger.settledNanos);
  });
});
