import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { askAs, crowdServed, expectCrowdServedOnce, type Crowd } from '../support/crowd.ts';
import { isContiguous, openStream } from '../support/event-stream.ts';
import { openHouse, type House } from '../support/house.ts';
import { billedNanos, ledgerOf, paidTwice } from '../support/score.ts';

let house: House;
beforeAll(async () => {
  house = await openHouse({ slack: { limits: 'real' } });
}, 60_000);
afterAll(() => house?.close());

it('100 requests at once, over REST and Slack under Slack’s real limits, all end well, each once', async () => {
  const stream = await openStream(house, '/api/events', { lastEventId: 0 });
  const crowd: Crowd = { jobs: [], threads: [] };
  await Promise.all(Array.from({ length: 100 }, (_, nth) => askAs(house, crowd, nth)));
  await crowdServed(house, crowd, 150_000);
  await expectCrowdServedOnce(house, crowd);
  expect([crowd.jobs.length, crowd.threads.length]).toEqual([50, 50]);
  expect(paidTwice(house)).toEqual([]);
  expect(await ledgerOf(house)).toMatchObject({ unknown: 0, settledNanos: billedNanos(house) });
  const deliveries = house.slack.log.filter((line) => line.kind === 'delivery');
  const taken = new Set(deliveries.filter(({ status }) => status === 200).map(({ eventId }) => eventId));
  expect(deliveries.filter(({ eventId }) => !taken.has(eventId))).toEqual([]);
  const late = deliveries.filter(({ status }) => status !== 200).length;
  process.stderr.write(`crowd: ${deliveries.length} Slack deliveries, ${late} not acknowledged in time and repeated\n`);
  const [newest] = await house.database.look<{ id: string }>('select max(id) as id from events');
  await stream.waitFor('the newest event', ({ id }) => id === Number(newest?.id));
  expect(isContiguous(stream.ids())).toBe(true);
  stream.close();
}, 180_000);
