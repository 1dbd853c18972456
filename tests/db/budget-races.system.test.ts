import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DefaultLimits } from '../../db/queries/budget.ts';
import { release, settle, settleAsUnknown } from '../../db/queries/settle.ts';
import { closeOrphans } from '../../workers/maintenance.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { openBooks, TOKENS, WIDE, type Account } from './books.ts';
import { createPerson } from './world.ts';

let database: TestDatabase;
let books: ReturnType<typeof openBooks>;
beforeAll(async () => {
  database = await openTestDatabase(20);
  books = openBooks(database);
});
afterAll(() => database?.drop());

type Step = {
  readonly nanos: number;
  readonly end: 'settle' | 'settleTwice' | 'release' | 'settleAsUnknown' | 'keep';
  readonly cost: number;
};
const step: fc.Arbitrary<Step> = fc.record({
  nanos: fc.integer({ min: 1, max: 400 }),
  end: fc.constantFrom(
    'settle' as const,
    'settleTwice' as const,
    'release' as const,
    'settleAsUnknown' as const,
    'keep' as const,
  ),
  cost: fc.integer({ min: 0, max: 400 }),
});

async function play(account: Account, limits: DefaultLimits, { nanos, end, cost }: Step): Promise<boolean> {
  const turnKey = randomUUID();
  const id = await books.take(account, nanos, limits, { turnKey });
  if (!id) return false;
  const real = Math.min(cost, nanos);
  if (end === 'settle' || end === 'settleTwice') await books.inside(account, (trx) => settle(trx, id, real, TOKENS));
  if (end === 'release') await books.inside(account, (trx) => release(trx, id));
  if (end === 'settleAsUnknown')
    await books.inside(account, (trx) => settleAsUnknown(trx, { orchestrationId: account.orchestrationId, turnKey }));
  if (end === 'settleTwice' || (end === 'settleAsUnknown' && cost % 2 === 0))
    await books.inside(account, (trx) => settle(trx, id, real, TOKENS));
  return true;
}

describe('a race', () => {
  it('never overspends at any instant, and the windows always equal the usage rows (property)', async () => {
    let samples = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        const account = await books.openAccount();
        const limits = { userDayNanos: 2_000, organizationMonthNanos: 1_500 };
        let racing = true;
        const watcher = (async () => {
          while (racing) {
            for (const { reserved, spent, max } of await books.windowsOf(account))
              expect(reserved + spent).toBeLessThanOrEqual(max);
            samples++;
          }
        })();
        await Promise.all(steps.map((one) => play(account, limits, one))).finally(() => (racing = false));
        await watcher;
        await books.expectBooksToMatch(account);
      }),
      { numRuns: 15, seed: 42, endOnFailure: true },
    );
    expect(samples).toBeGreaterThan(30);
  });

  it('of 200 calls for the room of 20 admits exactly 20', async () => {
    const account = await books.openAccount();
    const limits = { userDayNanos: 2_000, organizationMonthNanos: 1_000_000 };
    const admitted = await Promise.all(Array.from({ length: 200 }, () => books.take(account, 100, limits)));
    expect(admitted.filter(Boolean)).toHaveLength(20);
    for (const { reserved, spent, max } of await books.windowsOf(account))
      expect(reserved + spent).toBeLessThanOrEqual(max);
    await books.expectBooksToMatch(account);
  });

  it('of late settlements and the sweep that gives their calls up fails neither', async () => {
    for (let round = 0; round < 15; round++) {
      const account = await books.openAccount();
      const late = { expiresInSeconds: -1 };
      const ids = await Promise.all(Array.from({ length: 3 }, () => books.take(account, 100, WIDE, late)));
      const settleAll = () =>
        ids.map((id) => books.inside(account, (trx) => settle(trx, id ?? '', 10, TOKENS).then(() => undefined)));
      const settleAllAsUnknown = () => books.inside(account, (trx) => settleAsUnknown(trx).then(() => undefined));
      await Promise.all([...settleAll(), settleAllAsUnknown(), ...settleAll(), settleAllAsUnknown()]);
      expect(await books.booksOf(account)).toEqual({ reserved: 0, spent: 30 });
      await books.expectBooksToMatch(account);
    }
  });

  it('of several people, ends and orphans comes to an end without a deadlock', async () => {
    const account = await books.openAccount();
    const people = [account];
    for (let i = 0; i < 3; i++) people.push({ ...account, userId: await createPerson(database.db, account) });
    const work = people.flatMap((person) =>
      Array.from({ length: 40 }, async (_, i) => {
        const id = await books.take(person, 10, WIDE, { expiresInSeconds: i % 3 === 0 ? -1 : 900 });
        if (i % 3 === 1 && id) await books.inside(person, (trx) => settle(trx, id, 7, TOKENS));
      }),
    );
    await Promise.all([...work, ...Array.from({ length: 5 }, () => closeOrphans(database.db))]);
    await closeOrphans(database.db);
    const total = await books.booksOf(account);
    const organization = (await books.windowsOf(account)).filter(({ scope }) => scope === 'organization');
    for (const { reserved, spent } of organization) expect({ reserved, spent }).toEqual(total);
  });
});
