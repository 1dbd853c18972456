import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { askAs, crowdServed, expectCrowdServedOnce, type Crowd } from '../support/crowd.ts';
import { isContiguous, openStream } from '../support/event-stream.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { billedNanos, ledgerOf, paidTwice } from '../support/score.ts';

let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startNubabel({ slack: { limits: 'real' } });
}, 60_000);
afterAll(() => nubabel?.close());

it('100 requests at once, over REST and Slack under Slack’s real limits, all end well, each once', async () => {
  const stream = await openStream(nubabel, '/api/events', { lastEventId: 0 });
  const crowd: Crowd = { jobs: [], threads: [] };
  await Promise.all(Array.from({ length: 100 }, (_, nth) => askAs(nubabel, crowd, nth)));
  await crowdServed(nubabel, crowd, 150_000);
  await expectCrowdServedOnce(nubabel, crowd);
  expect([crowd.jobs.length, crowd.threads.length]).toEqual([50, 50]);
  expect(paidTwice(nubabel)).toEqual([]);
  expect(await ledgerOf(nubabel)).toMatchObject({ unknown: 0, settledNanos: billedNanos(nubabel) });
  const deliveries = nubabel.slack.log.filter((line) => line.kind === 'delivery');
  const taken = new Set(deliveries.filter(({ status }) => status === 200).map(({ eventId }) => eventId));
  expect(deliveries.filter(({ eventId }) => !taken.has(eventId))).toEqual([]);
  const late = deliveries.filter(({ status }) => status !== 200).length;
  process.stderr.write(`crowd: ${deliveries.length} Slack deliveries, ${late} not acknowledged in time and repeated\n`);
  const [newest] = await nubabel.database.look<{ id: string }>('select max(id) as id from events');
  await stream.waitFor('the newest event', ({ id }) => id === Number(newest?.id));
  expect(isContiguous(stream.ids())).toBe(true);
  stream.close();
}, 180_000);
