import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { NoRoomInBudgetError, reserve, type DefaultLimits, type Reservation } from '../../db/queries/budget.ts';
import { openEnvelope } from '../../db/queries/envelopes.ts';
import { lockOrchestration } from '../../db/queries/orchestrations.ts';
import type { TestDatabase } from '../support/database.ts';
import { createOrchestration, createTenant, type Tenant } from './world.ts';

export const TOKENS = { inputTokens: 1, outputTokens: 2, cacheWriteTokens: 0, cacheReadTokens: 0 };
export const WIDE: DefaultLimits = { userDayNanos: 1_000_000, organizationMonthNanos: 10_000_000 };

export interface Account extends Tenant {
  readonly orchestrationId: string;
}

export interface Window {
  readonly scope: string;
  readonly period: string;
  readonly reserved: number;
  readonly spent: number;
  readonly max: number;
}

/** Budgets of one test database: how to spend, and how to look at the books. */
export function openBooks(database: TestDatabase) {
  const openAccount = async (): Promise<Account> => {
    const tenant = await createTenant(database.db);
    return { ...tenant, orchestrationId: await createOrchestration(database.db, tenant) };
  };
  const inside = <T>({ organizationId }: Tenant, work: Parameters<typeof withOrganization<T>>[2]) =>
    withOrganization(database.db, organizationId, work);

  /** Reserves, after what comes first in its transaction, and answers the id, or undefined when there is no room. */
  async function take(
    account: Account,
    nanos: number,
    limits: DefaultLimits = WIDE,
    more: Partial<Reservation> = {},
    first: (trx: OrganizationTransaction) => Promise<unknown> = async () => undefined,
  ): Promise<string | undefined> {
    const { organizationId, orchestrationId, userId } = account;
    const id = randomUUID();
    const call = { id, organizationId, orchestrationId, userId, turnKey: id, agent: null, model: 'm', nanos };
    try {
      await inside(account, async (trx) => {
        await first(trx);
        await reserve(trx, { ...call, expiresInSeconds: 900, ...more }, limits);
      });
      return id;
    } catch (error) {
      if (error instanceof NoRoomInBudgetError) return undefined;
      throw error;
    }
  }

  /** Sets money aside for the account's orchestration; answers whether there was room. */
  async function setAside(
    account: Account,
    nanos: number,
    limits: DefaultLimits = WIDE,
    expiresInSeconds = 900,
  ): Promise<boolean> {
    try {
      await inside(account, async (trx) => {
        await lockOrchestration(trx, account.orchestrationId);
        await openEnvelope(trx, { ...account, nanos, expiresInSeconds }, limits);
      });
      return true;
    } catch (error) {
      if (error instanceof NoRoomInBudgetError) return false;
      throw error;
    }
  }

  const remainingOf = async ({ orchestrationId }: Account): Promise<number | undefined> => {
    const [row] = await database.look<{ remaining: string }>(
      `select remaining_nanos as remaining from envelopes where orchestration_id = '${orchestrationId}'`,
    );
    return row && Number(row.remaining);
  };

  const windowsOf = async ({ organizationId }: Tenant): Promise<Window[]> =>
    (
      await database.look<Record<keyof Window, string>>(
        `select scope, period, reserved_nanos as reserved, spent_nanos as spent, limit_nanos as max
         from budget_windows where organization_id = '${organizationId}' order by scope, period, user_id`,
      )
    ).map(({ scope, period, reserved, spent, max }) => ({
      scope,
      period,
      reserved: Number(reserved),
      spent: Number(spent),
      max: Number(max),
    }));

  /** What the usage rows and the envelopes say the windows should hold. */
  const booksOf = async ({ organizationId }: Tenant, userId?: string) => {
    const whose = `organization_id = '${organizationId}' ${userId ? `and user_id = '${userId}'` : ''}`;
    const [row] = await database.look<{ reserved: string; spent: string }>(
      `select coalesce(sum(reserved_nanos) filter (where state = 'reserved'), 0)
           + (select coalesce(sum(remaining_nanos), 0) from envelopes where ${whose}) as reserved,
         coalesce(sum(cost_nanos), 0) as spent from usage where ${whose}`,
    );
    return { reserved: Number(row?.reserved), spent: Number(row?.spent) };
  };

  /** The calls that are paid, summed by day, person, agent and model: as they stand, and as they were summed on the way. */
  const daysOf = async ({ organizationId }: Tenant) => {
    const figures = ['input_tokens', 'output_tokens', 'cache_write_tokens', 'cache_read_tokens', 'cost_nanos'];
    const sums = figures.map((figure) => `sum(${figure})::text as ${figure}`).join(', ');
    const lines = (calls: string, day: string, from: string) =>
      database.look(`select ${day}::text as day, user_id, agent, model, ${calls}::text as calls, ${sums} from ${from}
        where organization_id = '${organizationId}' group by 1, 2, 3, 4 order by 1, 2, 3, 4`);
    return {
      paid: await lines('count(*)', 'reserved_on', `(select * from usage where state in ('settled', 'unknown')) u`),
      summed: await lines('sum(calls)', 'day', 'usage_days'),
    };
  };

  async function expectBooksToMatch(account: Account): Promise<void> {
    const { paid, summed } = await daysOf(account);
    expect(summed).toEqual(paid);
    const total = await booksOf(account);
    const own = await booksOf(account, account.userId);
    for (const { scope, period, reserved, spent } of await windowsOf(account))
      expect({ scope, period, reserved, spent }).toEqual({ scope, period, ...(scope === 'user' ? own : total) });
  }

  const stateOf = async (id: string): Promise<[string, number] | undefined> => {
    const [row] = await database.look<{ state: string; cost: string }>(
      `select state, cost_nanos as cost from usage where id = '${id}'`,
    );
    return row && [row.state, Number(row.cost)];
  };

  return { openAccount, inside, take, setAside, remainingOf, windowsOf, booksOf, expectBooksToMatch, stateOf };
}
