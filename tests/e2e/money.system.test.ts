import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BudgetView, LedgerEntry, UsageRow } from '../../contracts/money.ts';
import { billOf } from '../fakes/bill.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';

let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startSharedNubabel();
}, 60_000);
afterAll(() => nubabel?.close());

const PRICES = {
  'claude-haiku-5-5': { input: 0.1, output: 0.5 },
  'claude-sonnet-5-5': { input: 2, output: 10, cacheRead: 0.1 },
  'claude-opus-5-5': { input: 4, output: 20, cacheRead: 0.2 },
};

async function read<T>(path: string): Promise<T> {
  return (await (await nubabel.request(path)).json()) as T;
}

const put = (body: unknown, path = '/api/admin/budgets') =>
  nubabel.request(path, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

describe('the ledger', () => {
  it('equals the provider’s bill, call by call and in every sum', async () => {
    const jobs = await Promise.all(
      (['brand', 'finance', 'engineering'] as const).map((agent) => nubabel.ask(`Ask ${agent}`, { agents: [agent] })),
    );
    for (const { jobId } of jobs) await nubabel.ended(jobId);
    const billCents = billOf(nubabel.model.log, PRICES).nanos / 10_000_000;
    const { entries } = await read<{ entries: LedgerEntry[] }>('/api/admin/ledger?limit=1000');
    expect(entries.reduce((sum, { costCents }) => sum + costCents, 0)).toBeCloseTo(billCents, 6);
    expect(entries.every(({ state }) => state === 'settled')).toBe(true);
    const { usage } = await read<{ usage: UsageRow[] }>('/api/usage?groupBy=day,user,agent,model,orchestration');
    expect(usage.reduce((sum, { costCents }) => sum + costCents, 0)).toBeCloseTo(billCents, 6);
    expect(new Set(usage.map(({ agent }) => agent))).toEqual(new Set(['brand', 'finance', 'engineering']));
    const { budgets } = await read<{ budgets: BudgetView[] }>('/api/admin/budgets');
    const month = budgets.find(({ scope, period }) => scope === 'organization' && period === 'month');
    expect(month).toMatchObject({ isDefault: true, limitCents: 100_000, reservedCents: 0 });
    expect(month?.spentCents).toBeCloseTo(billCents, 6);
  });
});

describe('a limit', () => {
  it('is set by an admin and refuses the next call, kindly and unpaid', async () => {
    const before = nubabel.model.requests.length;
    const answer = await put({ scope: 'organization', period: 'day', limitCents: 0 });
    expect(answer.status).toBe(200);
    const job = await nubabel.ended((await nubabel.ask('Write a slogan')).jobId);
    expect(job).toMatchObject({ status: 'failed', error: { code: 'budget_exhausted_organization' }, costCents: 0 });
    expect(nubabel.model.requests).toHaveLength(before);
    expect((await put({ scope: 'organization', period: 'day', limitCents: 1000 })).status).toBe(200);
    expect((await nubabel.ended((await nubabel.ask('Write a slogan')).jobId)).status).toBe('completed');
  });

  it.each([
    [{ scope: 'user', period: 'day', limitCents: 1 }],
    [{ scope: 'organization', period: 'day', limitCents: -1 }],
    [{ scope: 'organization', period: 'week', limitCents: 1 }],
    [{ scope: 'user', userId: '00000000-0000-4000-8000-000000000002', period: 'year', limitCents: 1 }],
    [{ scope: 'organization', period: 'day', limitCents: 1, extra: true }],
  ])('refuses %j with a problem', async (body) => {
    const answer = await put(body);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([400, 'application/problem+json']);
  });

  it('is for people of the organization only', async () => {
    const userId = '00000000-0000-4000-8000-00000000ffff';
    expect((await put({ scope: 'user', userId, period: 'day', limitCents: 1 })).status).toBe(404);
  });
});

describe('the policy for tiers', () => {
  const POLICY = '/api/admin/budget-policy';

  it('lets tiers step down where people are warned, until an admin decides otherwise', async () => {
    expect(await read(POLICY)).toEqual({ stepDown: true, balancedFrom: 0.8, fastFrom: 0.95 });
    const decided = { stepDown: true, balancedFrom: 0, fastFrom: 1 };
    expect((await put(decided, POLICY)).status).toBe(200);
    expect(await read(POLICY)).toEqual(decided);
  });

  it.each([
    [{ stepDown: true, balancedFrom: 0.9, fastFrom: 0.8 }],
    [{ stepDown: true, balancedFrom: -0.1, fastFrom: 0.8 }],
    [{ stepDown: true, balancedFrom: 0.5, fastFrom: 1.1 }],
    [{ stepDown: 'yes', balancedFrom: 0.5, fastFrom: 0.8 }],
    [{ stepDown: true }],
  ])('refuses %j with a problem', async (body) => {
    const answer = await put(body, POLICY);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([400, 'application/problem+json']);
  });

  it('gives deep work to the balanced model under pressure, and the ledger says so', async () => {
    const entriesOf = async (policy: unknown): Promise<LedgerEntry[]> => {
      await put(policy, POLICY);
      const { jobId } = await nubabel.ask('Review the cache', { agents: ['engineering'] });
      expect((await nubabel.ended(jobId)).status).toBe('completed');
      return (await read<{ entries: LedgerEntry[] }>(`/api/admin/ledger?jobId=${jobId}`)).entries;
    };
    const deep = { agent: 'engineering', model: 'claude-opus-5-5', steppedDownFrom: null };
    const policy = { stepDown: true, balancedFrom: 0, fastFrom: 1 };
    expect(await entriesOf(policy)).toMatchObject([{ ...deep, model: 'claude-sonnet-5-5', steppedDownFrom: 'deep' }]);
    expect(await entriesOf({ ...policy, stepDown: false })).toMatchObject([deep]);
    expect(await entriesOf({ ...policy, balancedFrom: 1 })).toMatchObject([deep]);
  });
});

describe('crossing a threshold of a budget', () => {
  it('is told once as an event', async () => {
    // Enough spent that a whole reservation fits between the threshold and the limit.
    const long = await nubabel.ask(`Review this: ${'code '.repeat(7_000)}`, { agents: ['engineering'] });
    await nubabel.ended(long.jobId);
    const spent = (await read<{ budgets: BudgetView[] }>('/api/admin/budgets')).budgets.find(
      ({ scope, period }) => scope === 'organization' && period === 'year',
    )?.spentCents;
    await put({ scope: 'organization', period: 'year', limitCents: ((spent ?? 0) + 0.0001) / 0.8 });
    const job = await nubabel.ended((await nubabel.ask('Check the invoice', { agents: ['finance'] })).jobId);
    expect(job.status).toBe('completed');
    const alerts = await nubabel.database.look<{ data: { data: Record<string, unknown> } }>(
      "select data from events where type = 'budget_alert'",
    );
    expect(alerts.map(({ data }) => data.data)).toMatchObject([{ scope: 'organization', period: 'year' }]);
  });
});
