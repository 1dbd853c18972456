import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DefaultLimits } from '../../db/queries/budget.ts';
import { closeEnvelope } from '../../db/queries/envelopes.ts';
import { lockOrchestration } from '../../db/queries/orchestrations.ts';
import { release, settle, settleAsUnknown } from '../../db/queries/settle.ts';
import { raiseLimit } from '../../db/queries/usage.ts';
import { closeEnvelopes, closeOrphans } from '../../workers/maintenance.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { crookedWindows, overspentWindows } from '../support/score.ts';
import { openBooks, TOKENS, type Account } from './books.ts';
import { createOrchestration, createPerson } from './world.ts';

let database: TestDatabase;
let books: ReturnType<typeof openBooks>;
beforeAll(async () => {
  database = await openTestDatabase(20);
  books = openBooks(database);
});
afterAll(() => database?.drop());

const ACTS = [
  'call',
  'call',
  'call',
  'settle',
  'settle',
  'settleAgain',
  'release',
  'settleAsUnknown',
  'retry',
  'retry',
  'open',
  'open',
  'close',
  'expiringCall',
  'expiringOpen',
  'sweep',
  'raise',
] as const;
const act = fc.record({
  act: fc.constantFrom(...ACTS),
  which: fc.nat(11),
  nanos: fc.integer({ min: 1, max: 400 }),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
});
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

interface Play {
  readonly accounts: readonly Account[];
  readonly limits: DefaultLimits;
  readonly calls: { readonly id: string; readonly nanos: number; readonly account: Account }[];
}

/** Plays one act; the calls it may end are those that any player has begun. */
async function play({ accounts, limits, calls }: Play, { act, which, nanos, share }: Act): Promise<void> {
  const account = accounts[which % accounts.length] ?? never();
  const call = calls[Math.floor(share * calls.length * 0.999)];
  const cost = Math.floor(share * (call?.nanos ?? 0));
  switch (act) {
    case 'call':
    case 'expiringCall': {
      const id = await books.take(account, nanos, limits, act === 'call' ? {} : { expiresInSeconds: -1 });
      if (id) calls.push({ id, nanos, account });
      return;
    }
    case 'open':
    case 'expiringOpen':
      return void (await books.setAside(account, nanos * 2, limits, act === 'open' ? 900 : -1));
    case 'close':
      return void (await books.inside(account, (trx) => closeEnvelope(trx, account.orchestrationId)));
    case 'sweep':
      return void (await Promise.all([closeOrphans(database.db), closeEnvelopes(database.db)]));
    case 'raise': {
      const raise = { organizationId: account.organizationId, scope: 'organization', period: 'month' } as const;
      return void (await books.inside(account, (trx) =>
        raiseLimit(trx, { ...raise, raise: { byNanos: nanos } }, limits),
      ));
    }
    case 'retry':
      if (call) await retry(call, { limits, calls });
      return;
    case 'settle':
    case 'settleAgain':
    case 'release':
    case 'settleAsUnknown':
      if (call) await end(call, act, cost);
  }
}

/** As a turn is tried again: the lost call is given up and the next one reserved in one transaction. */
async function retry({ id, nanos, account }: Play['calls'][number], { limits, calls }: Omit<Play, 'accounts'>) {
  const { orchestrationId } = account;
  const again = await books.take(account, nanos, limits, {}, async (trx) => {
    await lockOrchestration(trx, orchestrationId);
    await settleAsUnknown(trx, { orchestrationId, turnKey: id });
  });
  if (again) calls.push({ id: again, nanos, account });
}

async function end({ id, account }: Play['calls'][number], act: Act['act'], cost: number): Promise<void> {
  const turn = { orchestrationId: account.orchestrationId, turnKey: id };
  if (act === 'release') await books.inside(account, (trx) => release(trx, id));
  if (act === 'settleAsUnknown') await books.inside(account, (trx) => settleAsUnknown(trx, turn));
  if (act === 'settle' || act === 'settleAgain') await books.inside(account, (trx) => settle(trx, id, cost, TOKENS));
  if (act === 'settleAgain') await books.inside(account, (trx) => settle(trx, id, 0, TOKENS));
}

const never = (): never => {
  throw new Error('There is no such account.');
};

/** An organization of two people with three plans each. */
async function openPlans(): Promise<Account[]> {
  const account = await books.openAccount();
  const userId = await createPerson(database.db, account);
  const more = await Promise.all(Array.from({ length: 5 }, () => createOrchestration(database.db, account)));
  return [
    account,
    ...more.map((orchestrationId, i) => ({ ...account, orchestrationId, userId: i > 1 ? userId : account.userId })),
  ];
}

/** Looks again and again, each time at one instant, until the play is over. */
async function watch(playing: Promise<unknown>): Promise<number> {
  let over = false;
  void playing.finally(() => (over = true)).catch(() => undefined);
  for (let looks = 1; ; looks++) {
    expect(await crookedWindows({ database })).toEqual([]);
    expect(await overspentWindows({ database })).toEqual([]);
    if (over) return looks;
  }
}

describe('plans and calls at once', () => {
  it('never overspend, and the windows are the sum of their parts at every instant (property)', async () => {
    let looks = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(act, { minLength: 8, maxLength: 16 }), { minLength: 6, maxLength: 8 }),
        fc.integer({ min: 500, max: 3_000 }),
        async (players, limit) => {
          const limits = { userDayNanos: limit, organizationMonthNanos: Math.floor(limit * 1.5) };
          const stage: Play = { accounts: await openPlans(), limits, calls: [] };
          const playing = Promise.all(
            players.map(async (acts) => {
              for (const one of acts) await play(stage, one);
            }),
          );
          looks += await watch(playing);
          await playing;
        },
      ),
      { numRuns: 12, seed: 42, endOnFailure: true },
    );
    expect(looks).toBeGreaterThan(24);
  });

  it('of 200 calls for what is set aside for 15 and free for 5 admit exactly 20', async () => {
    const account = await books.openAccount();
    const limits = { userDayNanos: 2_000, organizationMonthNanos: 1_000_000 };
    expect(await books.setAside(account, 1_500, limits)).toBe(true);
    const admitted = await Promise.all(Array.from({ length: 200 }, () => books.take(account, 100, limits)));
    expect(admitted.filter(Boolean)).toHaveLength(20);
    expect(await books.remainingOf(account)).toBe(0);
    expect(await overspentWindows({ database })).toEqual([]);
    await books.expectBooksToMatch(account);
  });

  it('of one plan opened by many at once set its money aside once', async () => {
    const account = await books.openAccount();
    const opened = await Promise.all(Array.from({ length: 20 }, () => books.setAside(account, 500)));
    expect(opened.every(Boolean)).toBe(true);
    expect(await books.remainingOf(account)).toBe(500);
    await books.expectBooksToMatch(account);
  });
});
