import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { costOf, reserve } from '../../db/queries/budget.ts';
import { release, settle, settleAsUnknown } from '../../db/queries/settle.ts';
import { closeOrphans } from '../../workers/maintenance.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { openBooks, TOKENS, WIDE } from './books.ts';
import { createPerson } from './world.ts';

let database: TestDatabase;
let books: ReturnType<typeof openBooks>;
beforeAll(async () => {
  database = await openTestDatabase(20);
  books = openBooks(database);
});
afterAll(() => database?.drop());

describe('a reservation', () => {
  it('moves its worst case into all four windows at once, and settling replaces it by the real cost', async () => {
    const account = await books.openAccount();
    const id = await books.take(account, 500);
    expect(await books.windowsOf(account)).toMatchObject([
      { scope: 'organization', period: 'day', reserved: 500, spent: 0 },
      { scope: 'organization', period: 'month', reserved: 500, spent: 0, max: WIDE.organizationMonthNanos },
      { scope: 'organization', period: 'year', reserved: 500, spent: 0 },
      { scope: 'user', period: 'day', reserved: 500, spent: 0, max: WIDE.userDayNanos },
    ]);
    await books.inside(account, (trx) => settle(trx, id ?? '', 123, TOKENS));
    for (const window of await books.windowsOf(account)) expect(window).toMatchObject({ reserved: 0, spent: 123 });
    expect(await books.inside(account, (trx) => costOf(trx, account.orchestrationId))).toBe(123);
  });

  it('of nobody in particular draws from the organization alone', async () => {
    const account = await books.openAccount();
    await books.take(account, 500, WIDE, { userId: null });
    expect((await books.windowsOf(account)).map(({ scope }) => scope)).toEqual([
      'organization',
      'organization',
      'organization',
    ]);
  });

  it('is refused without any trace when one window has no room', async () => {
    const account = await books.openAccount();
    expect(await books.take(account, 600, { userDayNanos: 1_000, organizationMonthNanos: 10_000 })).toBeDefined();
    const before = await books.windowsOf(account);
    const refusal = books.inside(account, (trx) =>
      reserve(
        trx,
        {
          id: randomUUID(),
          organizationId: account.organizationId,
          orchestrationId: account.orchestrationId,
          userId: account.userId,
          turnKey: 't',
          agent: null,
          model: 'm',
          nanos: 401,
          expiresInSeconds: 900,
        },
        { userDayNanos: 1_000, organizationMonthNanos: 10_000 },
      ),
    );
    await expect(refusal).rejects.toMatchObject({ name: 'NoRoomInBudgetError', scope: 'user', period: 'day' });
    expect(await books.windowsOf(account)).toEqual(before);
    expect(await books.take(account, 400, { userDayNanos: 1_000, organizationMonthNanos: 10_000 })).toBeDefined();
    expect(await books.take(account, 1, { userDayNanos: 1_000, organizationMonthNanos: 10_000 })).toBeUndefined();
  });

  it('is refused at a limit of zero, on an empty window and on a used one', async () => {
    const account = await books.openAccount();
    expect(await books.take(account, 1, { userDayNanos: 0, organizationMonthNanos: 100 })).toBeUndefined();
    expect(await books.take(account, 1, { userDayNanos: 100, organizationMonthNanos: 0 })).toBeUndefined();
    expect(await books.windowsOf(account)).toEqual([]);
    expect(await books.take(account, 1)).toBeDefined();
    expect(await books.take(account, 1, { userDayNanos: 0, organizationMonthNanos: 100 })).toBeUndefined();
  });

  it('has the organization’s own limit before the default, for every scope and period that has one', async () => {
    const account = await books.openAccount();
    const limit = (scope: string, user: string, period: string, nanos: number) =>
      database.look(
        `insert into budget_limits values ('${account.organizationId}', '${scope}', '${user}', '${period}', ${nanos})
         on conflict (organization_id, scope, user_id, period) do update set limit_nanos = excluded.limit_nanos`,
      );
    const nobody = '00000000-0000-0000-0000-000000000000';
    await limit('user', account.userId, 'day', 10);
    expect(await books.take(account, 11)).toBeUndefined();
    await limit('user', account.userId, 'day', 2_000_000);
    expect(await books.take(account, 1_500_000)).toBeDefined();
    for (const period of ['day', 'month', 'year']) {
      await limit('organization', nobody, period, 1_500_001);
      expect(await books.take(account, 2)).toBeUndefined();
      await limit('organization', nobody, period, 9_000_000);
    }
    expect(await books.take(account, 2)).toBeDefined();
  });

  it('of one person leaves the other person’s day alone, and both draw from the organization', async () => {
    const account = await books.openAccount();
    const other = { ...account, userId: await createPerson(database.db, account) };
    const limits = { userDayNanos: 100, organizationMonthNanos: 150 };
    expect(await books.take(account, 100, limits)).toBeDefined();
    expect(await books.take(account, 1, limits)).toBeUndefined();
    expect(await books.take(other, 50, limits)).toBeDefined();
    expect(await books.take(other, 1, limits)).toBeUndefined();
  });
});

describe('a reservation ends once', () => {
  it('settled twice, it costs what was said first', async () => {
    const account = await books.openAccount();
    const id = (await books.take(account, 500)) ?? '';
    expect(await books.inside(account, (trx) => settle(trx, id, 100, TOKENS))).toHaveLength(4);
    expect(await books.inside(account, (trx) => settle(trx, id, 400, TOKENS))).toEqual([]);
    expect(await books.inside(account, (trx) => release(trx, id))).toEqual([]);
    expect(await books.stateOf(id)).toEqual(['settled', 100]);
    await books.expectBooksToMatch(account);
  });

  it('given up, it counts at its worst case, and a late settlement corrects it', async () => {
    const account = await books.openAccount();
    const id = (await books.take(account, 500, WIDE, { turnKey: 'agent:brand' })) ?? '';
    const turn = { orchestrationId: account.orchestrationId, turnKey: 'agent:brand' };
    expect(await books.inside(account, (trx) => settleAsUnknown(trx, turn))).toHaveLength(4);
    expect(await books.stateOf(id)).toEqual(['unknown', 500]);
    await books.expectBooksToMatch(account);
    expect(await books.inside(account, (trx) => settle(trx, id, 120, TOKENS))).toHaveLength(4);
    expect(await books.stateOf(id)).toEqual(['settled', 120]);
    for (const window of await books.windowsOf(account)) expect(window).toMatchObject({ reserved: 0, spent: 120 });
  });

  it('released, it was never charged, whatever comes later', async () => {
    const account = await books.openAccount();
    const id = (await books.take(account, 500)) ?? '';
    await books.inside(account, (trx) => release(trx, id));
    expect(await books.inside(account, (trx) => settle(trx, id, 300, TOKENS))).toEqual([]);
    expect(await books.stateOf(id)).toEqual(['released', 0]);
    for (const window of await books.windowsOf(account)) expect(window).toMatchObject({ reserved: 0, spent: 0 });
  });

  it('giving up a turn leaves other turns of the same orchestration open', async () => {
    const account = await books.openAccount();
    const kept = (await books.take(account, 10, WIDE, { turnKey: 'agent:brand' })) ?? '';
    await books.take(account, 10, WIDE, { turnKey: 'agent:ops' });
    await books.inside(account, (trx) =>
      settleAsUnknown(trx, { orchestrationId: account.orchestrationId, turnKey: 'agent:ops' }),
    );
    expect(await books.stateOf(kept)).toEqual(['reserved', 0]);
  });
});

describe('closing a reservation', () => {
  it('says what it moved in each window, so that people can be warned', async () => {
    const account = await books.openAccount();
    const ids = [(await books.take(account, 500)) ?? '', (await books.take(account, 500)) ?? ''];
    await books.inside(account, (trx) => settle(trx, ids[0] ?? '', 100, TOKENS));
    const moved = await books.inside(account, (trx) => settle(trx, ids[1] ?? '', 30, TOKENS));
    expect(moved).toHaveLength(4);
    for (const window of moved) expect(window).toMatchObject({ spentNanos: 130, alertedShare: 0 });
    const own = moved.find(({ scope }) => scope === 'user');
    expect(own).toMatchObject({ period: 'day', limitNanos: WIDE.userDayNanos });
  });
});

describe('orphans', () => {
  it('are closed at their worst case once they have expired, in every organization, and nothing else is', async () => {
    const accounts = [await books.openAccount(), await books.openAccount()];
    const expired = await Promise.all(
      accounts.map((account) => books.take(account, 70, WIDE, { expiresInSeconds: -1 })),
    );
    const fresh = await Promise.all(accounts.map((account) => books.take(account, 30)));
    await Promise.all([closeOrphans(database.db), closeOrphans(database.db)]);
    for (const id of expired) expect(await books.stateOf(id ?? '')).toEqual(['unknown', 70]);
    for (const id of fresh) expect(await books.stateOf(id ?? '')).toEqual(['reserved', 0]);
    for (const account of accounts) await books.expectBooksToMatch(account);
  });

  it('of yesterday go back to yesterday’s windows', async () => {
    const account = await books.openAccount();
    const id = (await books.take(account, 70, WIDE, { expiresInSeconds: -1 })) ?? '';
    await database.look(`update usage set reserved_on = reserved_on - 400 where id = '${id}'`);
    await database.look(
      `update budget_windows w set starts_on = date_trunc(period, u.reserved_on)::date from usage u
       where u.id = '${id}' and w.organization_id = u.organization_id`,
    );
    await books.take(account, 30);
    await closeOrphans(database.db);
    const windows = await books.windowsOf(account);
    expect(windows).toHaveLength(8);
    expect(windows.filter(({ spent, reserved }) => spent === 70 && reserved === 0)).toHaveLength(4);
    expect(windows.filter(({ spent, reserved }) => spent === 0 && reserved === 30)).toHaveLength(4);
  });
});
