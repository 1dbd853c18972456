import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Accepted } from '../../contracts/orchestration.ts';
import { answer, putPolicy } from '../support/approvals.ts';
import { eventually } from '../support/eventually.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { specialist } from '../support/replies.ts';
import { crookedWindows, ledgerOf, missingEventIds, unfinished } from '../support/score.ts';

let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startNubabel();
}, 60_000);
afterAll(() => nubabel?.close());

const WAITING = 200;
const EXPIRY_MS = 45_000;
const waiting = async () => {
  const [row] = await nubabel.database.look<{ n: number }>(
    `select count(*)::int as n from orchestrations where status = 'awaiting_approval'`,
  );
  return row?.n ?? 0;
};
const outcomes = async () =>
  Object.fromEntries(
    (
      await nubabel.database.look<{ status: string; n: number }>(
        `select status, count(*)::int as n from orchestrations group by status`,
      )
    ).map(({ status, n }) => [status, n]),
  );
const ask = (count: number): Promise<Accepted[]> =>
  Promise.all(
    Array.from({ length: count }, (_, nth) => nubabel.ask(`Wait ${nth}`, { agents: ['ops'], requireApproval: true })),
  );

it('two hundred questions wait at once: each is answered, cancelled or expires, whatever happens to the worker', async () => {
  nubabel.model.setResponder(specialist());
  const first = await ask(WAITING / 2);
  await putPolicy(nubabel, { deadlineMs: EXPIRY_MS });
  await ask(WAITING / 2);
  await eventually('all questions', async () => (await waiting()) === WAITING, 60_000);
  await nubabel.kill('worker');
  await nubabel.start('worker');
  const statuses = await Promise.all(
    first.map(async ({ jobId }, nth) => (await answer(nubabel, jobId, nth % 2 ? 'approve' : 'cancel')).status),
  );
  expect(new Set(statuses)).toEqual(new Set([200]));
  await eventually('the expiry of the rest', async () => (await unfinished(nubabel)).length === 0, 90_000);
  expect(await outcomes()).toEqual({ completed: WAITING / 4, cancelled: WAITING / 4, expired: WAITING / 2 });
  expect(nubabel.model.requests).toHaveLength(WAITING / 4);
  expect((await ledgerOf(nubabel)).reserved).toBe(0);
  expect(await crookedWindows(nubabel)).toEqual([]);
  expect(await missingEventIds(nubabel)).toEqual([]);
}, 240_000);
