import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pastCosts } from '../../db/queries/costs.ts';
import { pressureOf, setBudgetPolicy, type Pressure } from '../../db/queries/pressure.ts';
import { settle } from '../../db/queries/settle.ts';
import { raiseLimit } from '../../db/queries/usage.ts';
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

const TIGHT = { userDayNanos: 1_000, organizationMonthNanos: 2_000 };

describe('raising a limit', () => {
  const raise = (account: Account, change: Omit<Parameters<typeof raiseLimit>[1], 'organizationId'>) =>
    books.inside(account, (trx) => raiseLimit(trx, { organizationId: account.organizationId, ...change }, TIGHT));

  it('by what a refusal says is missing lets exactly that call in', async () => {
    const account = await books.openAccount();
    const { userId } = account;
    await books.take(account, 800, TIGHT);
    expect(await books.take(account, 350, TIGHT)).toBeUndefined();
    expect(await raise(account, { scope: 'user', userId, period: 'day', raise: { byNanos: 150 } })).toBe(1_150);
    expect(await books.take(account, 351, TIGHT)).toBeUndefined();
    expect(await books.take(account, 350, TIGHT)).toBeDefined();
  });

  it('to an amount is safe to repeat, and never lowers', async () => {
    const account = await books.openAccount();
    const month = { scope: 'organization', period: 'month' } as const;
    for (const toNanos of [5_000, 5_000, 3_000])
      expect(await raise(account, { ...month, raise: { toNanos } })).toBe(5_000);
    expect(await raise(account, { ...month, raise: { byNanos: 1 } })).toBe(5_001);
  });

  it('adds up when several raise at once', async () => {
    const account = await books.openAccount();
    const day = { scope: 'user', userId: account.userId, period: 'day', raise: { byNanos: 10 } } as const;
    await Promise.all(Array.from({ length: 10 }, () => raise(account, day)));
    expect(await raise(account, day)).toBe(1_110);
  });

  it('has nothing to do where there is none', async () => {
    const account = await books.openAccount();
    const year = { scope: 'organization', period: 'year' } as const;
    expect(await raise(account, { ...year, raise: { byNanos: 1 } })).toBeNull();
    expect(await database.look('select from budget_limits where period = $1', ['year'])).toEqual([]);
  });

  it('of a person needs to know whose', async () => {
    const account = await books.openAccount();
    await expect(raise(account, { scope: 'user', period: 'day', raise: { byNanos: 1 } })).rejects.toThrow('userId');
  });
});

describe('the pressure on a call', () => {
  const look = (account: Account, limits = TIGHT): Promise<Pressure> => {
    const userId = sql<string>`${account.userId}::uuid`;
    const orchestrationId = sql<string>`${account.orchestrationId}::uuid`;
    return books.inside(account, async (trx) => {
      const money = pressureOf({ userId, orchestrationId }, limits);
      const { rows } = await sql<{ money: Pressure }>`select ${money} as money`.execute(trx);
      if (!rows[0]) throw new Error('Nothing was looked at.');
      return rows[0].money;
    });
  };

  it('is nothing at first, then the highest share spent or reserved of any window', async () => {
    const account = await books.openAccount();
    expect(await look(account)).toEqual({ pressure: 0, policy: null, timeZone: 'UTC' });
    const id = (await books.take(account, 600, TIGHT)) ?? '';
    expect((await look(account)).pressure).toBeCloseTo(0.6);
    await books.inside(account, (trx) => settle(trx, id, 500, TOKENS));
    expect((await look(account)).pressure).toBeCloseTo(0.5);
    expect((await look(account, { userDayNanos: 5_000, organizationMonthNanos: 555 })).pressure).toBeCloseTo(500 / 555);
    expect((await look(account, { userDayNanos: 5_000, organizationMonthNanos: 0 })).pressure).toBe(1);
    expect((await look({ ...account, userId: randomUUID() })).pressure).toBeCloseTo(0.25);
  });

  it('does not count what is set aside for the asker’s own plan, only for others', async () => {
    const account = await books.openAccount();
    await books.setAside(account, 900, TIGHT);
    expect((await look(account)).pressure).toBe(0);
    await books.take(account, 400, TIGHT);
    expect((await look(account)).pressure).toBeCloseTo(0.4);
    const other = { ...account, orchestrationId: await createOrchestration(database.db, account) };
    expect((await look(other)).pressure).toBeCloseTo(0.9);
  });

  it('comes with the organization’s own policy', async () => {
    const [account, other] = [await books.openAccount(), await books.openAccount()];
    const policy = { stepDown: true, balancedFrom: 0.5, fastFrom: 0.75 };
    for (const one of [{ ...policy, stepDown: false }, policy])
      await books.inside(account, (trx) => setBudgetPolicy(trx, account.organizationId, one));
    expect((await look(account)).policy).toEqual(policy);
    expect((await look(other)).policy).toBeNull();
  });
});

describe('past costs', () => {
  const call = async (account: Account, outputTokens: number, model = 'm', agent: 'ops' | null = 'ops') => {
    const id = (await books.take(account, 100, WIDE, { agent, model })) ?? '';
    const tokens = { inputTokens: 10, outputTokens, cacheWriteTokens: 4, cacheReadTokens: 6 };
    await books.inside(account, (trx) => settle(trx, id, outputTokens, tokens));
    return id;
  };
  const past = (account: Account, agent: string | null = 'ops') =>
    books.inside(account, (trx) => pastCosts(trx, { agent, model: 'm' }));

  it('are zero without a past', async () => {
    expect(await past(await books.openAccount())).toMatchObject({ calls: 0, meanOutputTokens: 0, p90OutputTokens: 0 });
  });

  it('are those of the newest fifty settled calls of that agent with that model', async () => {
    const account = await books.openAccount();
    const old = await call(account, 90);
    await database.look(`update usage set settled_at = settled_at - interval '1 hour' where id = '${old}'`);
    for (let nth = 1; nth <= 50; nth++) await call(account, nth);
    await call(account, 99, 'another');
    await call(account, 99, 'm', null);
    await books.take(account, 100, WIDE, { agent: 'ops', model: 'm' });
    await database.look(
      `update usage set created_at = settled_at - interval '2 seconds' where settled_at is not null
       and organization_id = '${account.organizationId}'`,
    );
    expect(await past(account)).toEqual({
      calls: 50,
      meanInputTokens: 20,
      meanOutputTokens: 26,
      p90OutputTokens: 45,
      meanCostNanos: 26,
      meanDurationMs: 2_000,
    });
    expect(await past(account, null)).toMatchObject({ calls: 1, meanOutputTokens: 99 });
  });
});
