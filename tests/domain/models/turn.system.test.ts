import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CancelledError, FAILURE, FailureError } from '../../../contracts/failures.ts';
import { windowEnd } from '../../../contracts/money.ts';
import { heartbeating } from '../../../activities/heartbeating.ts';
import type { KillPoint } from '../../../domain/kill-points.ts';
import { answerTurn, maxPromptTokens, type Turn, type TurnDeps } from '../../../domain/models/turn.ts';
import type { Reply } from '../../../dev/fakes/model/index.ts';
import { createOrchestration, createTenant, type Tenant } from '../../db/world.ts';
import { eventually } from '../../support/eventually.ts';
import { attempt, KilledError, openFixture, type Fixture } from './turn-fixture.ts';
import { PRICES } from '../../support/samples.ts';

let fixture: Fixture;
let tenant: Tenant;
let orchestrationId: string;
beforeAll(async () => {
  fixture = await openFixture();
});
afterAll(() => fixture?.close());
beforeEach(async () => {
  tenant = await createTenant(fixture.database.db);
  orchestrationId = await createOrchestration(fixture.database.db, tenant);
  await fixture.rest();
  fixture.model.setResponder(() => ({ text: 'The tweet.' }));
});

const MODEL = 'claude-sonnet-5-5';
const turn = (changes: Partial<Turn> = {}): Turn => ({
  organizationId: tenant.organizationId,
  orchestrationId,
  userId: tenant.userId,
  agent: 'brand',
  tries: 5,
  request: {
    model: MODEL,
    system: 'Be brief.',
    messages: [{ role: 'user', content: 'Draft a tweet' }],
    maxTokens: 500,
    turnKey: 'agent:brand',
  },
  ...changes,
});

const take = (nth = 1, changes: Partial<Turn> = {}, deps: Partial<TurnDeps> = {}): Promise<string> =>
  attempt(nth, () => heartbeating((given) => answerTurn({ ...fixture.deps, ...deps }, turn(changes), given)));
const failureOf = (work: Promise<unknown>): Promise<FailureError> =>
  work.then(
    () => Promise.reject(new Error('It worked.')),
    (error: unknown) => error as FailureError,
  );
const callsSince = (before: number) => fixture.model.requests.length - before;
const usage = async () =>
  (
    await fixture.database.look<{ state: string; cost: string; reserved: string }>(
      `select state, cost_nanos as cost, reserved_nanos as reserved from usage
       where orchestration_id = '${orchestrationId}' order by created_at`,
    )
  ).map(({ state, cost, reserved }) => ({ state, cost: Number(cost), reserved: Number(reserved) }));
const windows = () =>
  fixture.database.look<{ reserved: number; spent: number }>(
    `select reserved_nanos::int as reserved, spent_nanos::int as spent from budget_windows
     where organization_id = '${tenant.organizationId}'`,
  );
/** The fake counts four bytes of the prompt, and of the answer, as one token. */
const lastBill = () => {
  const used = fixture.model.log.findLast((line) => line.usage)?.usage;
  return PRICES.costOf(MODEL, {
    input: used?.input_tokens ?? 0,
    output: used?.output_tokens ?? 0,
    cacheWrite5m: 0,
    cacheWrite1h: 0,
    cacheRead: 0,
  });
};
const worstCase = () => PRICES.worstCaseOf(MODEL, maxPromptTokens(turn().request), 500);

describe('a turn', () => {
  it('is answered, stored with what it cost, and paid with exactly that', async () => {
    await expect(take()).resolves.toBe('The tweet.');
    expect(await usage()).toEqual([{ state: 'settled', cost: lastBill(), reserved: worstCase() }]);
    for (const window of await windows()) expect(window).toEqual({ reserved: 0, spent: lastBill() });
  });

  it('reserves its worst case before it asks, and no more than its prompt can be tokens', async () => {
    fixture.model.pause();
    const before = fixture.model.requests.length;
    const taking = take();
    await fixture.model.waitForRequests(before + 1);
    expect(await usage()).toEqual([{ state: 'reserved', cost: 0, reserved: worstCase() }]);
    fixture.model.resume();
    await taking;
    expect(lastBill()).toBeLessThan(worstCase());
  });
});

describe('a retry', () => {
  it('after the answer was stored returns it without another call', async () => {
    fixture.killAt('after-turn-stored');
    await expect(take()).rejects.toThrow(KilledError);
    const before = fixture.model.requests.length;
    fixture.model.setResponder(() => ({ text: 'Another tweet.' }));
    await expect(take(2)).resolves.toBe('The tweet.');
    expect(callsSince(before)).toBe(0);
    expect(await usage()).toMatchObject([{ state: 'settled' }]);
  });

  it.each<KillPoint>(['after-reserve', 'after-model-answer'])(
    'after a death %s counts the lost try at its worst case and pays for one more',
    async (point) => {
      fixture.killAt(point);
      await expect(take()).rejects.toThrow(KilledError);
      expect(await usage()).toMatchObject([{ state: 'reserved' }]);
      await expect(take(2)).resolves.toBe('The tweet.');
      expect(await usage()).toEqual([
        { state: 'unknown', cost: worstCase(), reserved: worstCase() },
        { state: 'settled', cost: lastBill(), reserved: worstCase() },
      ]);
      for (const window of await windows()) expect(window).toEqual({ reserved: 0, spent: worstCase() + lastBill() });
    },
  );

  it('beside a try that is not dead after all keeps the first answer, and both are on the bill', async () => {
    fixture.model.pause();
    const before = fixture.model.requests.length;
    fixture.model.setResponder(() => ({ text: `Answer ${callsSince(before)}` }));
    const zombie = take();
    await fixture.model.waitForRequests(before + 1);
    const retry = take(2);
    await fixture.model.waitForRequests(before + 2);
    fixture.model.resume();
    await Promise.all([zombie, retry]);
    expect((await usage()).map(({ state }) => state)).toEqual(['settled', 'settled']);
    expect(await take(3)).toMatch(/^Answer [12]$/);
    expect(callsSince(before)).toBe(2);
  });
});

describe('a model that says no', () => {
  it.each<[string, Reply, string, string]>([
    [
      '429',
      { error: { status: 429, type: 'rate_limit_error', message: 'x', retryAfterSeconds: 7 } },
      FAILURE.modelRateLimited,
      'released',
    ],
    ['529', { error: { status: 529, type: 'overloaded_error', message: 'x' } }, FAILURE.modelRateLimited, 'released'],
    ['500', { error: { status: 500, type: 'api_error', message: 'x' } }, FAILURE.modelUnavailable, 'released'],
    ['400', { error: { status: 400, type: 'invalid_request_error', message: 'x' } }, FAILURE.modelRefused, 'released'],
    [
      '401',
      { error: { status: 401, type: 'authentication_error', message: 'x' } },
      FAILURE.modelUnauthorized,
      'released',
    ],
    ['a cut connection', { disconnect: true }, FAILURE.modelUnavailable, 'unknown'],
    ['half an answer', { text: 'x'.repeat(1_500), midway: 'disconnect' }, FAILURE.modelUnavailable, 'unknown'],
  ])('with %s: the failure is named, and what is known of its price is booked', async (_, reply, type, state) => {
    fixture.model.setResponder(() => reply);
    const failure = await failureOf(take());
    expect(failure).toBeInstanceOf(FailureError);
    expect(failure.type).toBe(type);
    expect((await usage()).map((row) => row.state)).toEqual([state]);
    for (const window of await windows())
      expect(window).toEqual({ reserved: 0, spent: state === 'unknown' ? worstCase() : 0 });
  });

  it('tells Temporal how long to wait, and after its last try not to come back', async () => {
    fixture.model.setResponder(() => ({
      error: { status: 429, type: 'rate_limit_error', message: 'x', retryAfterSeconds: 0.05 },
    }));
    const failures = [];
    for (let nth = 1; nth <= 5; nth++) {
      failures.push(await failureOf(take(nth)));
      await eventually('the key has rested', async () => {
        const [key] = await fixture.database.look('select from model_key_accounts where probe_at > clock_timestamp()');
        return !key;
      });
    }
    for (const { nonRetryable, nextRetryDelay } of failures.slice(0, 4)) {
      expect(nonRetryable).toBe(false);
      expect(Number(nextRetryDelay)).toBeLessThanOrEqual(56);
    }
    expect([failures[4]?.nonRetryable, failures[4]?.type]).toEqual([true, FAILURE.modelRateLimited]);
    const calls = await fixture.database.look(`select calls from usage where orchestration_id = '${orchestrationId}'`);
    expect(calls.map((row) => row['calls'])).toEqual([1, 1, 1, 1, 1]);
  });

  it.each<[string, Reply]>([
    ['a refusal', { text: 'I will not.', stopReason: 'refusal' }],
    ['an empty answer', { text: '  \n ' }],
  ])('with %s: it is paid for, and is no answer', async (_, reply) => {
    fixture.model.setResponder(() => reply);
    const failure = await failureOf(take());
    expect([failure.type, failure.nonRetryable]).toEqual([FAILURE.modelRefused, true]);
    expect(await usage()).toEqual([{ state: 'settled', cost: lastBill(), reserved: worstCase() }]);
    expect(lastBill()).toBeGreaterThan(0);
  });
});

describe('a provider that does not say what it bills', () => {
  const saying = (input: number | null, output: number | null): Partial<TurnDeps> => ({
    model: {
      answer: async () => ({
        text: 'The tweet.',
        calls: [],
        blocks: [],
        stopReason: 'end_turn',
        tokens: { input, output, cacheWrite5m: 0, cacheWrite1h: 0, cacheRead: 0 },
      }),
    },
  });

  it('is booked at the most that the call can have cost, never as free', async () => {
    await expect(take(1, {}, saying(null, null))).resolves.toBe('The tweet.');
    expect(await usage()).toEqual([{ state: 'settled', cost: worstCase(), reserved: worstCase() }]);
  });

  it('of one kind of tokens only is booked at the most of that kind', async () => {
    await take(1, {}, saying(10, null));
    const known = { input: 10, output: 500, cacheWrite5m: 0, cacheWrite1h: 0, cacheRead: 0 };
    expect((await usage())[0]?.cost).toBe(PRICES.costOf(MODEL, known));
  });
});

describe('an exhausted budget', () => {
  it.each([
    ['user', { userDayNanos: 10, organizationMonthNanos: 1e12 }],
    ['organization', { userDayNanos: 1e12, organizationMonthNanos: 10 }],
  ])('of the %s refuses before any call, for good, and says whose it is', async (scope, defaultLimits) => {
    const before = fixture.model.requests.length;
    const failure = await failureOf(take(1, {}, { defaultLimits }));
    expect([failure.type, failure.nonRetryable]).toEqual([FAILURE.budgetExhausted, true]);
    const period = scope === 'user' ? ('day' as const) : ('month' as const);
    const resetsAt = windowEnd(period, new Date());
    const missing = { period, missingNanos: worstCase() - 10, limitNanos: 10, resetsAt };
    expect(failure.details).toEqual([scope, missing]);
    expect(callsSince(before)).toBe(0);
    expect(await usage()).toEqual([]);
  });

  it('is warned of by the payment that crosses a threshold, once', async () => {
    const limits = { userDayNanos: worstCase() + 10, organizationMonthNanos: 1e12 };
    await take(1, {}, { defaultLimits: limits, alertThresholds: [0.0001, 0.9999] });
    const request = { ...turn().request, turnKey: 'agent:ops' };
    await failureOf(take(1, { request }, { defaultLimits: limits, alertThresholds: [0.0001] }));
    const alerts = await fixture.database.look<{ data: { data: unknown } }>(
      `select data from events where organization_id = '${tenant.organizationId}' and type = 'budget_alert'`,
    );
    expect(alerts.map(({ data }) => data.data)).toMatchObject([
      { scope: 'user', period: 'day', threshold: 0.0001, resetsAt: windowEnd('day', new Date()) },
    ]);
  });
});

describe('a cancellation', () => {
  it('ends the call at once, leaves nothing reserved, and is a cancellation', async () => {
    fixture.model.setResponder(() => ({ hang: true }));
    const before = fixture.model.requests.length;
    const gone = (line: { outcome: string }) => line.outcome === 'hung';
    const startedAt = Date.now();
    const failure = await failureOf(
      attempt(1, (environment) => {
        void fixture.model.waitForRequests(before + 1).then(() => environment.cancel('CANCELLED'));
        return heartbeating((given) => answerTurn(fixture.deps, turn(), given));
      }),
    );
    expect(failure).toBeInstanceOf(CancelledError);
    expect(Date.now() - startedAt).toBeLessThan(1_500);
    expect(fixture.model.log.some(gone)).toBe(true);
    expect(await usage()).toEqual([{ state: 'unknown', cost: worstCase(), reserved: worstCase() }]);
  });
});

it('a quick activity costs no heartbeat, and none comes after its end', async () => {
  let beats = 0;
  await attempt(1, async (environment) => {
    environment.on('heartbeat', () => beats++);
    await heartbeating(() => Promise.resolve());
  });
  expect(beats).toBe(0);
});
