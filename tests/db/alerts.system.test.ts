import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { alertBudgets } from '../../domain/budgets/limits.ts';
import type { DefaultLimits } from '../../db/queries/budget.ts';
import { settle, settleAsUnknown } from '../../db/queries/settle.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { openBooks, TOKENS, type Account } from './books.ts';

let database: TestDatabase;
let books: ReturnType<typeof openBooks>;
beforeAll(async () => {
  database = await openTestDatabase(20);
  books = openBooks(database);
});
afterAll(() => database?.drop());

const LIMITS: DefaultLimits = { userDayNanos: 1_000, organizationMonthNanos: 1_000_000 };
const SHARES = [0.8, 0.95];

/** Pays for a call as a turn does: settles and warns in one transaction. */
async function pay(account: Account, nanos: number, limits = LIMITS): Promise<string> {
  const id = await books.take(account, nanos, limits);
  if (!id) throw new Error(`There is no room for ${nanos}.`);
  await books.inside(account, async (trx) => alertBudgets(trx, account, await settle(trx, id, nanos, TOKENS), SHARES));
  return id;
}

const alertsOf = async ({ organizationId }: Account): Promise<[string, number][]> =>
  (
    await database.look<{ data: { data: { scope: string; period: string; threshold: number } } }>(
      `select data from events where organization_id = '${organizationId}' and type = 'budget_alert' order by id`,
    )
  ).map(({ data: { data } }) => [`${data.scope} ${data.period}`, data.threshold]);

describe('a window', () => {
  it('is told of at each share once', async () => {
    const account = await books.openAccount();
    for (const nanos of [799, 1, 50, 99, 1, 40, 10]) await pay(account, nanos);
    expect(await alertsOf(account)).toEqual([
      ['user day', 0.8],
      ['user day', 0.95],
    ]);
  });

  it('is told of once by payments that reach a share together', async () => {
    const account = await books.openAccount();
    await pay(account, 780);
    await Promise.all(Array.from({ length: 20 }, () => pay(account, 10)));
    expect(await alertsOf(account)).toEqual([
      ['user day', 0.8],
      ['user day', 0.95],
    ]);
  });

  it('stays told of when its limit is raised and reached again', async () => {
    const account = await books.openAccount();
    await pay(account, 850);
    const raised = { ...LIMITS, userDayNanos: 2_000 };
    await pay(account, 1, raised);
    await pay(account, 849, raised);
    expect(await alertsOf(account)).toEqual([['user day', 0.8]]);
    await pay(account, 200, raised);
    expect(await alertsOf(account)).toEqual([
      ['user day', 0.8],
      ['user day', 0.95],
    ]);
  });

  it('stays told of when a correction takes its spending back below the share', async () => {
    const account = await books.openAccount();
    const id = (await books.take(account, 810, LIMITS, { turnKey: 'agent:ops' })) ?? '';
    const turn = { orchestrationId: account.orchestrationId, turnKey: 'agent:ops' };
    await books.inside(account, async (trx) => alertBudgets(trx, account, await settleAsUnknown(trx, turn), SHARES));
    expect(await alertsOf(account)).toEqual([['user day', 0.8]]);
    await books.inside(account, (trx) => settle(trx, id, 100, TOKENS));
    await pay(account, 700);
    expect(await alertsOf(account)).toEqual([['user day', 0.8]]);
  });

  it('is told of when a lowered limit has been reached already', async () => {
    const account = await books.openAccount();
    await pay(account, 500);
    await pay(account, 1, { ...LIMITS, userDayNanos: 600 });
    expect(await alertsOf(account)).toEqual([['user day', 0.8]]);
  });

  it('of the next period is told of anew', async () => {
    const account = await books.openAccount();
    await pay(account, 800);
    await database.look(
      `update budget_windows set starts_on = starts_on - 400 where organization_id = '${account.organizationId}'`,
    );
    await pay(account, 800);
    expect(await alertsOf(account)).toEqual([
      ['user day', 0.8],
      ['user day', 0.8],
    ]);
  });
});
