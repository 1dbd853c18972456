import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { closeEnvelope, openEnvelope } from '../../db/queries/envelopes.ts';
import { release, settle, settleAsUnknown } from '../../db/queries/settle.ts';
import { closeEnvelopes } from '../../workers/maintenance.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { openBooks, TOKENS, WIDE, type Account } from './books.ts';
import { createOrchestration } from './world.ts';

let database: TestDatabase;
let books: ReturnType<typeof openBooks>;
beforeAll(async () => {
  database = await openTestDatabase(20);
  books = openBooks(database);
});
afterAll(() => database?.drop());

const TIGHT = { userDayNanos: 1_000, organizationMonthNanos: 10_000 };

/** Every window holds the same: the account's organization has one person. */
async function expectAll(account: Account, reserved: number, spent: number): Promise<void> {
  const windows = await books.windowsOf(account);
  expect(windows.length).toBeGreaterThanOrEqual(4);
  for (const window of windows) expect(window).toMatchObject({ reserved, spent });
  await books.expectBooksToMatch(account);
}

const close = (account: Account) => books.inside(account, (trx) => closeEnvelope(trx, account.orchestrationId));

describe('an envelope', () => {
  it('is reserved in every window, and refused without a trace when one has no room', async () => {
    const account = await books.openAccount();
    expect(await books.setAside(account, 900, TIGHT)).toBe(true);
    await expectAll(account, 900, 0);
    const other = { ...account, orchestrationId: await createOrchestration(database.db, account) };
    const refusal = books.inside(other, (trx) =>
      openEnvelope(trx, { ...other, nanos: 150, expiresInSeconds: 900 }, TIGHT),
    );
    await expect(refusal).rejects.toMatchObject({
      name: 'NoRoomInBudgetError',
      scope: 'user',
      period: 'day',
      limitNanos: 1_000,
      missingNanos: 50,
    });
    expect(await books.remainingOf(other)).toBeUndefined();
    await expectAll(account, 900, 0);
  });

  it('opened again with another amount reserves or gives back the difference alone', async () => {
    const account = await books.openAccount();
    for (const nanos of [500, 500, 800, 300]) {
      expect(await books.setAside(account, nanos, TIGHT)).toBe(true);
      expect(await books.remainingOf(account)).toBe(nanos);
      await expectAll(account, nanos, 0);
    }
    expect(await books.setAside(account, 1_001, TIGHT)).toBe(false);
    await expectAll(account, 300, 0);
    await close(account);
    await close(account);
    await expectAll(account, 0, 0);
  });

  it('re-priced counts what its calls have taken already', async () => {
    const account = await books.openAccount();
    await books.setAside(account, 500, TIGHT);
    const id = (await books.take(account, 400, TIGHT)) ?? '';
    await books.setAside(account, 600, TIGHT);
    expect(await books.remainingOf(account)).toBe(200);
    await expectAll(account, 600, 0);
    await books.setAside(account, 100, TIGHT);
    await expectAll(account, 400, 0);
    // 150 come back from the call; 100 of the new total are more than spent, so nothing of it stays set aside.
    await books.inside(account, (trx) => settle(trx, id, 250, TOKENS));
    expect(await books.remainingOf(account)).toBe(0);
    await expectAll(account, 0, 250);
  });
});

describe('a call of an orchestration with an envelope', () => {
  it('draws from it first, and needs room only for the rest', async () => {
    const account = await books.openAccount();
    await books.setAside(account, 900, TIGHT);
    expect(await books.take(account, 600, TIGHT)).toBeDefined();
    expect(await books.remainingOf(account)).toBe(300);
    await expectAll(account, 900, 0);
    expect(await books.take(account, 350, TIGHT)).toBeDefined();
    expect(await books.remainingOf(account)).toBe(0);
    await expectAll(account, 950, 0);
    expect(await books.take(account, 51, TIGHT)).toBeUndefined();
    await expectAll(account, 950, 0);
  });

  it('has room that nobody else may take', async () => {
    const account = await books.openAccount();
    const other = { ...account, orchestrationId: await createOrchestration(database.db, account) };
    await books.setAside(account, 1_000, TIGHT);
    expect(await books.take(other, 1, TIGHT)).toBeUndefined();
    expect(await books.take(account, 1_000, TIGHT)).toBeDefined();
  });

  it('returns what it did not spend, so that later calls can use it', async () => {
    const account = await books.openAccount();
    await books.setAside(account, 500, TIGHT);
    const settled = (await books.take(account, 400, TIGHT)) ?? '';
    await books.inside(account, (trx) => settle(trx, settled, 150, TOKENS));
    expect(await books.remainingOf(account)).toBe(350);
    await expectAll(account, 350, 150);
    const released = (await books.take(account, 450, TIGHT)) ?? '';
    await expectAll(account, 450, 150);
    await books.inside(account, (trx) => release(trx, released));
    expect(await books.remainingOf(account)).toBe(350);
    await expectAll(account, 350, 150);
  });

  it('given up keeps its part as spent, and gives it back when a late settlement corrects it', async () => {
    const account = await books.openAccount();
    await books.setAside(account, 500, TIGHT);
    const id = (await books.take(account, 400, TIGHT, { turnKey: 'agent:ops' })) ?? '';
    const turn = { orchestrationId: account.orchestrationId, turnKey: 'agent:ops' };
    await books.inside(account, (trx) => settleAsUnknown(trx, turn));
    await expectAll(account, 100, 400);
    await books.inside(account, (trx) => settle(trx, id, 30, TOKENS));
    expect(await books.remainingOf(account)).toBe(470);
    await expectAll(account, 470, 30);
  });

  it('that ends after its envelope was closed gives to the free budget', async () => {
    const account = await books.openAccount();
    await books.setAside(account, 500, TIGHT);
    const id = (await books.take(account, 400, TIGHT)) ?? '';
    await close(account);
    await expectAll(account, 400, 0);
    await books.inside(account, (trx) => settle(trx, id, 100, TOKENS));
    expect(await books.remainingOf(account)).toBe(0);
    await expectAll(account, 0, 100);
  });
});

describe('an envelope of yesterday', () => {
  const yesterday = async (account: Account) => {
    const shift = `reserved_on = reserved_on - 400 where organization_id = '${account.organizationId}'`;
    await database.look(`update usage set ${shift}`);
    await database.look(`update envelopes set ${shift}`);
    await database.look(
      `update budget_windows set starts_on = date_trunc(period, (now() at time zone 'utc')::date - 400)::date
       where organization_id = '${account.organizationId}'`,
    );
  };
  /** Reserved and spent per day, when all windows of a day agree. */
  const byDay = async ({ organizationId }: Account) =>
    (
      await database.look<{ old: boolean; reserved: string; spent: string; windows: number }>(
        `select starts_on < (now() at time zone 'utc')::date - 366 as old, reserved_nanos as reserved, spent_nanos as spent,
           count(*)::int as windows from budget_windows where organization_id = '${organizationId}'
         group by 1, 2, 3 order by 1 desc`,
      )
    ).map(({ old, reserved, spent, windows }) => [old ? 'then' : 'now', Number(reserved), Number(spent), windows]);

  it('pays for whole calls out of yesterday’s windows, and for none that it cannot cover', async () => {
    const account = await books.openAccount();
    await books.setAside(account, 500, TIGHT);
    await yesterday(account);
    const whole = (await books.take(account, 300, TIGHT)) ?? '';
    const beyond = (await books.take(account, 250, TIGHT)) ?? '';
    expect(await byDay(account)).toEqual([
      ['then', 500, 0, 4],
      ['now', 250, 0, 4],
    ]);
    await books.inside(account, (trx) => settle(trx, whole, 100, TOKENS));
    await books.inside(account, (trx) => settle(trx, beyond, 50, TOKENS));
    expect(await books.remainingOf(account)).toBe(400);
    expect(await byDay(account)).toEqual([
      ['then', 400, 100, 4],
      ['now', 0, 50, 4],
    ]);
    await close(account);
    expect(await byDay(account)).toEqual([
      ['then', 0, 100, 4],
      ['now', 0, 50, 4],
    ]);
  });

  it('opened again moves into today’s windows; calls under way stay where they are', async () => {
    const account = await books.openAccount();
    await books.setAside(account, 500, TIGHT);
    const id = (await books.take(account, 200, TIGHT)) ?? '';
    await yesterday(account);
    expect(await books.setAside(account, 1_201, TIGHT)).toBe(false);
    expect(await byDay(account)).toEqual([['then', 500, 0, 4]]);
    expect(await books.setAside(account, 600, TIGHT)).toBe(true);
    expect(await byDay(account)).toEqual([
      ['then', 200, 0, 4],
      ['now', 400, 0, 4],
    ]);
    await books.inside(account, (trx) => settle(trx, id, 50, TOKENS));
    expect(await byDay(account)).toEqual([
      ['then', 0, 50, 4],
      ['now', 400, 0, 4],
    ]);
  });
});

describe('the sweep', () => {
  it('closes envelopes that have expired or whose orchestration is over, and no other', async () => {
    const [expired, over, kept] = [await books.openAccount(), await books.openAccount(), await books.openAccount()];
    await books.setAside(expired, 70, WIDE, -1);
    await books.setAside(over, 70);
    await books.setAside(kept, 70);
    await database.look(`update orchestrations set status = 'failed' where id = '${over.orchestrationId}'`);
    await Promise.all([closeEnvelopes(database.db), closeEnvelopes(database.db)]);
    expect(await Promise.all([expired, over, kept].map(books.remainingOf))).toEqual([0, 0, 70]);
    await expectAll(expired, 0, 0);
    await expectAll(over, 0, 0);
    await expectAll(kept, 70, 0);
  });

  it('leaves an envelope that can be opened again', async () => {
    const account = await books.openAccount();
    await books.setAside(account, 70, WIDE, -1);
    await closeEnvelopes(database.db);
    await books.setAside(account, 50);
    await expectAll(account, 50, 0);
  });
});
