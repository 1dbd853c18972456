import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { closeEnvelopes, closeOrphans } from '../../workers/maintenance.ts';
import { createRandom } from '../../tools/routing/random.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { crookedWindows, overspentWindows } from '../support/score.ts';
import { openBooks } from './books.ts';
import type { Orders } from './spender.ts';
import { createOrchestration } from './world.ts';

/** T24 and G13: processes that spend are killed at random, in the middle of whatever they do. */
let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.drop());

const SEED = Number(process.env['NUBABEL_TEST_SEED'] ?? 24);
const SPENDERS = 3;
const KILLS_EACH = 7;
const MAX_STEPS = 60;

/** Lets a process spend and kills it after so many of its lines; answers what it said. */
async function spendUntilKilled(orders: Orders, steps: number): Promise<string[]> {
  const spender = spawn(process.execPath, ['tests/db/spender.ts', JSON.stringify(orders)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => spender.once('exit', (_, signal) => resolve(signal)));
  const said: string[] = [];
  for await (const line of createInterface({ input: spender.stdout }))
    if (said.push(line) === steps) spender.kill('SIGKILL');
  expect(await ended).toBe('SIGKILL');
  return said;
}

it(`${SPENDERS * KILLS_EACH} kills in the middle of spending leave nothing reserved twice, spent twice or lost (seed ${SEED})`, async () => {
  const books = openBooks(database);
  const { organizationId, userId, sessionId, orchestrationId } = await books.openAccount();
  const tenant = { organizationId, userId, sessionId };
  const orchestrationIds = [orchestrationId, await createOrchestration(database.db, tenant)] as const;
  const limits = { userDayNanos: 60_000, organizationMonthNanos: 50_000 };
  const random = createRandom(SEED);
  const orders = { url: database.appUrl, organizationId, userId, orchestrationIds, limits };
  let over = false;
  const spending = Promise.all(
    Array.from({ length: SPENDERS }, async () => {
      const said: string[] = [];
      for (let kill = 0; kill < KILLS_EACH; kill++) {
        const seed = Math.floor(random() * 1e9);
        said.push(...(await spendUntilKilled({ ...orders, seed }, 1 + Math.floor(random() * MAX_STEPS))));
      }
      return said;
    }),
  ).finally(() => (over = true));
  while (!over) {
    await Promise.all([closeOrphans(database.db), closeEnvelopes(database.db)]);
    expect([await crookedWindows({ database }), await overspentWindows({ database })]).toEqual([[], []]);
  }
  const said = (await spending).flat();

  await database.look(`update usage set expires_at = now() - interval '1 second'`);
  await database.look(`update envelopes set expires_at = now() - interval '1 second'`);
  for (let twice = 0; twice < 2; twice++) await Promise.all([closeOrphans(database.db), closeEnvelopes(database.db)]);
  expect([await crookedWindows({ database }), await overspentWindows({ database })]).toEqual([[], []]);
  for (const { reserved } of await books.windowsOf(tenant)) expect(reserved).toBe(0);

  const rows = await database.look<{ id: string; state: string }>('select id, state from usage');
  expect(rows.filter(({ state }) => state === 'reserved')).toEqual([]);
  expect(rows.some(({ state }) => state === 'unknown')).toBe(true);
  const reserved = said.filter((line) => line.startsWith('reserved ')).map((line) => line.slice('reserved '.length));
  const kept = new Set(rows.map(({ id }) => id));
  expect(reserved.length).toBeGreaterThan(SPENDERS * KILLS_EACH);
  expect(reserved.filter((id) => !kept.has(id))).toEqual([]);
  // A kill between the commit and the line leaves at most one reservation that was never told of.
  expect(rows.length - reserved.length).toBeLessThanOrEqual(SPENDERS * KILLS_EACH);
});
