import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { askBy } from '../support/approvals.ts';
import { openStream } from '../support/event-stream.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson, revoke } from '../support/people.ts';

let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startNubabel();
}, 60_000);
afterAll(() => nubabel?.close());

it('a stream is kept awake, and closed at the next heartbeat after its token was taken back', async () => {
  const [kept, leaver] = [await addPerson(nubabel), await addPerson(nubabel)];
  const staying = await openStream(kept, '/api/events');
  const leaving = await openStream(leaver, '/api/events');
  await revoke(nubabel, leaver);
  await leaving.ended;
  expect(staying.comments()).toBeGreaterThanOrEqual(1);
  const jobId = await askBy(kept, 'Still there?', { agents: ['ops'] });
  await nubabel.ended(jobId);
  await staying.waitFor('an event', ({ data }) => data['jobId'] === jobId);
  expect(leaving.facts()).toEqual([]);
  staying.close();
}, 60_000);
