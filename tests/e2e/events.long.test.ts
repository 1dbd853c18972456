import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openStream } from '../support/event-stream.ts';
import { openHouse, type House } from '../support/house.ts';
import { addPerson, revoke } from '../support/people.ts';

let house: House;
beforeAll(async () => {
  house = await openHouse();
}, 60_000);
afterAll(() => house?.close());

it('a stream is kept awake, and closed at the next heartbeat after its token was taken back', async () => {
  const [kept, leaver] = [await addPerson(house), await addPerson(house)];
  const staying = await openStream(kept, '/api/events');
  const leaving = await openStream(leaver, '/api/events');
  await revoke(house, leaver);
  await leaving.ended;
  expect(staying.comments()).toBeGreaterThanOrEqual(1);
  const { jobId } = await house.ask('Still there?', { agents: ['ops'] });
  await house.ended(jobId);
  await staying.waitFor('an event', ({ data }) => data['jobId'] === jobId);
  expect(leaving.facts()).toEqual([]);
  staying.close();
}, 60_000);
