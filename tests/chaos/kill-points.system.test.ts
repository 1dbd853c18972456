import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { botMessages, finalMessage } from '../support/doors.ts';
import { openHouse, type House } from '../support/house.ts';
import { specialist } from '../support/replies.ts';
import { crookedWindows, ledgerOf, missingEventIds, paidTwice, payments, unfinished } from '../support/score.ts';

const CHANNEL = 'C_LAUNCH';
let house: House;
beforeAll(async () => {
  house = await openHouse({ slack: { limits: 'off' } });
}, 60_000);
afterAll(() => house?.close());

const timesPaid = (text: string) =>
  [...payments(house)].filter(([key]) => key.includes(text)).reduce((sum, [, times]) => sum + times, 0);

/** Gives the worker one request to die of at this point, by SIGKILL, and starts another worker. */
async function dieAt<T>(point: string, ask: () => Promise<T>): Promise<T> {
  await house.restart('worker', { NUBABEL_KILL_POINT: `${point}@${join(house.dir, `${point}.marker`)}` });
  const asked = await ask();
  expect(await house.died('worker')).toBe('SIGKILL');
  await house.start('worker');
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
      const before = await ledgerOf(house);
      const message = `Dead at ${point}`;
      const { jobId } = await dieAt(point, () => house.ask(message, { agents: ['ops', 'brand'], mode: 'sequential' }));
      const job = await house.ended(jobId, 60_000);
      expect(job).toMatchObject({ status: 'completed', result: { agents_used: ['ops', 'brand'] } });
      expect(timesPaid(message)).toBe(expected.paid);
      const after = await ledgerOf(house);
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
      house.model.setResponder(async (request) => ({
        ...(await say(request)),
        ...(!request.schema && { delayMs: 1_500 }),
      }));
      const { ts } = await dieAt(point, () => house.slack.mention({ user: 'U_ADA', channel: CHANNEL, text }));
      const message = await finalMessage(house, CHANNEL, ts, 60_000);
      house.model.setResponder(say);
      expect(message.text).toMatch(/^✅/);
      expect(botMessages(house, CHANNEL, ts)).toHaveLength(1);
      expect(
        house.slack.calls('chat.postMessage').filter(({ arguments: given, ok }) => ok && given['thread_ts'] === ts),
      ).toHaveLength(1);
      expect(timesPaid(text)).toBeLessThanOrEqual(3);
    },
    90_000,
  );

  it('in the middle of a model call asks again, and the lost call counts as unknown', async () => {
    const before = await ledgerOf(house);
    const asked = house.model.requests.length;
    house.model.pause();
    const { jobId } = await house.ask('Died while waiting', { agents: ['ops'] });
    await house.model.waitForRequests(asked + 1);
    await house.kill('worker');
    await house.model.waitForLog(
      1,
      ({ userText, outcome }) => userText === 'Died while waiting' && outcome === 'client_gone',
    );
    house.model.resume();
    await house.start('worker');
    expect(await house.ended(jobId, 60_000)).toMatchObject({ status: 'completed' });
    expect(timesPaid('Died while waiting')).toBe(1);
    const after = await ledgerOf(house);
    expect([after.settled - before.settled, after.unknown - before.unknown, after.reserved]).toEqual([1, 1, 0]);
  }, 90_000);

  it('leaves budget windows, events and outcomes as they should be', async () => {
    expect(await crookedWindows(house)).toEqual([]);
    expect(await unfinished(house)).toEqual([]);
    expect(await missingEventIds(house)).toEqual([]);
    // The answer that died between the provider and its row, and at most an analysis that was on its way with a post.
    const twice = paidTwice(house).filter((line) => !/analysis .*after-slack-(post|update)/.test(line));
    expect(twice).toEqual(['2 × ops | Dead at after-model-answer']);
    const ledger = await ledgerOf(house);
    expect(ledger.spentNanos).toBeGreaterThan(ledger.settledNanos);
  });
});
