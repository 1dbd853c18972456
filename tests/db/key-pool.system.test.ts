import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openDatabase } from '../../db/database.ts';
import type { KeyLease } from '../../db/queries/key-pool.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { poolFixture, POLICY } from './pool-fixture.ts';
import { createOrchestration, createTenant, type Tenant } from './world.ts';

let database: TestDatabase;
let pool: ReturnType<typeof poolFixture>;
let acme: Tenant;
let globex: Tenant;
beforeAll(async () => {
  database = await openTestDatabase(20);
  pool = poolFixture(database);
  [acme, globex] = await Promise.all([createTenant(database.db), createTenant(database.db, 'Globex')]);
});
afterAll(() => database?.drop());
beforeEach(() => pool.forget());

const KEYS = ['env-a', 'env-b', 'env-c'];
const many = (count: number, ask: () => Promise<KeyLease>) => Promise.all(Array.from({ length: count }, ask));
const tally = (all: readonly string[]) =>
  Object.fromEntries([...new Set(all)].sort().map((each) => [each, all.filter((one) => one === each).length]));
/** Fails so many times in a row, with the rests in between. */
async function fail(times: number, outcome: 'limited' | 'failed' = 'limited', keys = ['env-a']) {
  for (let nth = 1; nth <= times; nth++) {
    if (nth > 1) await pool.pass(10);
    await pool.giveBack(acme, await pool.take(acme, { keys }), outcome);
  }
}

describe('many callers at once', () => {
  it('are spread evenly over healthy keys', async () => {
    const taken = await many(60, () => pool.take(acme, { keys: KEYS }));
    expect(tally(taken.map(({ account }) => account))).toEqual({ 'env-a': 20, 'env-b': 20, 'env-c': 20 });
  });

  it('get exactly as many keys as may be in flight, and the others are told to wait their turn', async () => {
    const taken = await many(50, () => pool.take(acme, { keys: KEYS, policy: { mostInFlight: 2 } }));
    expect(tally(taken.map(({ verdict }) => verdict))).toEqual({ busy: 44, leased: 6 });
  });

  it('do not stampede to a key that opens again: one tries it', async () => {
    await fail(3);
    await pool.pass(301);
    const taken = await many(30, () => pool.take(acme, { keys: ['env-a', 'env-b'] }));
    expect(tally(taken.map(({ account }) => account))).toEqual({ 'env-a': 1, 'env-b': 29 });
  });

  it('all take up with an opened key again as soon as one has had an answer', async () => {
    await fail(3);
    await pool.pass(301);
    await pool.giveBack(acme, await pool.take(acme), 'answered');
    const taken = await many(10, () => pool.take(acme));
    expect(tally(taken.map(({ verdict }) => verdict))).toEqual({ leased: 10 });
    expect(await pool.account()).toMatchObject({ failures: 0, rest: null });
  });
});

describe('many callers of several organizations at once', () => {
  const both = (count: number, ask: Parameters<typeof pool.take>[1]) =>
    Promise.all(Array.from({ length: count }, (_, nth) => pool.take(nth % 2 ? acme : globex, ask)));

  it('get exactly as many keys as may be in flight, spread evenly', async () => {
    const taken = await both(40, { keys: KEYS, policy: { mostInFlight: 4 } });
    const leased = taken.filter(({ verdict }) => verdict === 'leased');
    expect(tally(leased.map(({ account }) => account))).toEqual({ 'env-a': 4, 'env-b': 4, 'env-c': 4 });
    expect(tally(taken.map(({ verdict }) => verdict))).toEqual({ busy: 28, leased: 12 });
  });

  it('do not stampede to a key that opens again: one tries it', async () => {
    await fail(3);
    await pool.pass(301);
    const taken = await both(30, { keys: ['env-a', 'env-b'] });
    expect(tally(taken.map(({ account }) => account))).toEqual({ 'env-a': 1, 'env-b': 29 });
  });

  it('wait for no key but the one they choose', async () => {
    const held = await database.pool.connect();
    const asking = { orchestrationId: randomUUID(), turnKey: 'agent:ops', usageId: randomUUID(), execution: 'run/1' };
    try {
      await held.query(`begin; select set_config('nubabel.organization_id', '${acme.organizationId}', true)`);
      const { rows } = await held.query('select verdict from take_model_key($1, $2, $3)', [
        acme.organizationId,
        JSON.stringify({ ...asking, environment: ['env-a'], opensOwn: false }),
        JSON.stringify(POLICY),
      ]);
      expect(rows).toEqual([{ verdict: 'leased' }]);
      expect(await pool.take(globex, { keys: ['env-b'] })).toMatchObject({ verdict: 'leased', account: 'env-b' });
    } finally {
      await held.query('rollback');
      held.release();
    }
  });
});

describe('a limited key', () => {
  it('rests for 1 s, then 2 s, and is left alone for five minutes after the third time', async () => {
    await fail(1);
    expect((await pool.account())?.rest).toBeCloseTo(1, 0);
    await pool.pass(2);
    await fail(1);
    expect((await pool.account())?.rest).toBeCloseTo(2, 0);
    await pool.pass(3);
    await fail(1);
    const account = await pool.account();
    expect(account).toMatchObject({ failures: 3, limited: 3, requests: 3 });
    expect(account?.rest).toBeGreaterThan(290);
  });

  it('rests as long as the provider says, and is tried after half a minute when nobody else can answer', async () => {
    await pool.giveBack(acme, await pool.take(acme), 'limited', 120);
    const account = await pool.account();
    expect(account?.rest).toBeCloseTo(120, 0);
    expect(account?.probe).toBeCloseTo(30, 0);
    expect(await pool.take(acme, { keys: ['env-a', 'env-b'] })).toMatchObject({ account: 'env-b' });
    expect(await pool.take(acme)).toMatchObject({ verdict: 'cooling', waitMs: expect.any(Number) });
    await pool.pass(31);
    expect(await pool.take(acme)).toMatchObject({ verdict: 'leased' });
    expect(await pool.take(acme)).toMatchObject({ verdict: 'cooling' });
  });

  it('counts one trouble once, however many calls were under way', async () => {
    const taken = await many(8, () => pool.take(acme));
    await Promise.all(taken.map((each) => pool.giveBack(acme, each, 'limited')));
    expect(await pool.account()).toMatchObject({ failures: 1, limited: 8 });
  });

  it('is not well because of an answer to a call that began before', async () => {
    const [early, late] = [await pool.take(acme), await pool.take(acme)];
    await pool.giveBack(acme, late, 'limited');
    await pool.giveBack(acme, early, 'answered');
    expect(await pool.account()).toMatchObject({ failures: 1 });
  });

  it('says when it is back, and nothing is counted as called meanwhile', async () => {
    await fail(1);
    const refused = await pool.take(acme);
    expect(refused.verdict).toBe('cooling');
    expect(refused.waitMs).toBeGreaterThan(800);
    expect(refused.waitMs).toBeLessThanOrEqual(1_000);
    expect(await pool.account()).toMatchObject({ requests: 1 });
  });
});

describe('a fault of the provider', () => {
  it('rests nobody until it has come three times in a row', async () => {
    await fail(2, 'failed');
    expect(await pool.account()).toMatchObject({ failures: 2, rest: null, limited: 0 });
    await fail(1, 'failed');
    expect((await pool.account())?.rest).toBeGreaterThan(290);
  });

  it('with every key lets one call at a time find out whether it is over', async () => {
    await fail(3, 'failed');
    const taken = await many(10, () => pool.take(acme));
    expect(tally(taken.map(({ verdict }) => verdict))).toEqual({ cooling: 9, leased: 1 });
  });
});

describe('a rejected key', () => {
  it('is never used again while there are others, also when they are all at rest', async () => {
    const keys = ['env-a', 'env-b'];
    await pool.giveBack(acme, await pool.take(acme, { keys: ['env-a'] }), 'rejected');
    await pool.pass(10_000);
    const taken = await many(10, () => pool.take(acme, { keys }));
    expect(tally(taken.map(({ account }) => account))).toEqual({ 'env-b': 10 });
    await pool.giveBack(acme, taken[0] as KeyLease, 'limited', 20);
    expect(await pool.take(acme, { keys })).toMatchObject({ verdict: 'cooling' });
    await pool.giveBack(acme, taken[1] as KeyLease, 'rejected');
    expect(await pool.take(acme, { keys })).toMatchObject({ verdict: 'quarantined' });
  });

  it('that is the only one is asked all the same, and is well after an answer', async () => {
    await pool.giveBack(acme, await pool.take(acme), 'rejected');
    expect(await pool.account()).toMatchObject({ quarantined: true });
    const taken = await pool.take(acme);
    expect(taken.verdict).toBe('leased');
    await pool.giveBack(acme, taken, 'answered');
    expect(await pool.account()).toMatchObject({ quarantined: false, failures: 0 });
  });

  it('and no key at all are told apart', async () => {
    expect(await pool.take(acme, { keys: [] })).toMatchObject({ verdict: 'none' });
  });
});

describe('a lease that nobody gives back', () => {
  const policy = { mostInFlight: 1 };

  it('blocks its key until it runs out, and no longer', async () => {
    await pool.take(acme, { policy });
    expect(await pool.take(globex, { policy })).toMatchObject({ verdict: 'busy' });
    await pool.pass(61);
    expect(await pool.take(globex, { policy })).toMatchObject({ verdict: 'leased' });
  });

  it('is taken back at once when its turn asks again, because its worker has died', async () => {
    const orchestrationId = await createOrchestration(database.db, acme);
    await pool.take(acme, { policy, orchestrationId });
    expect(await pool.take(acme, { policy })).toMatchObject({ verdict: 'busy' });
    expect(await pool.take(acme, { policy, orchestrationId })).toMatchObject({ verdict: 'leased' });
  });

  it('can be given back twice without harm', async () => {
    const taken = await pool.take(acme);
    for (let nth = 0; nth < 2; nth++) await pool.giveBack(acme, taken, 'limited');
    expect(await pool.account()).toMatchObject({ failures: 1, limited: 1 });
  });
});

describe('two organizations on the same keys', () => {
  const policy = { mostInFlight: 2 };
  const keys = ['env-a', 'env-b'];
  const take = (tenant: Tenant) => pool.take(tenant, { keys, policy });

  it('take turns: whoever holds less gets the next free key, whoever asks first', async () => {
    const noisy = await many(4, () => take(acme));
    expect(await take(globex)).toMatchObject({ verdict: 'busy' });
    await pool.giveBack(acme, noisy[0] as KeyLease, 'answered');
    const again = await many(10, () => take(acme));
    expect(tally(again.map(({ verdict }) => verdict))).toEqual({ busy: 10 });
    expect(await take(globex)).toMatchObject({ verdict: 'leased' });
  });

  it('leave nothing idle: with nobody waiting, one may have all', async () => {
    await take(globex);
    const taken = await many(10, () => take(acme));
    expect(tally(taken.map(({ verdict }) => verdict))).toEqual({ busy: 7, leased: 3 });
  });

  it('both get on when one of them asks thirty times as often', async () => {
    const own = openDatabase(database.appUrl, 1);
    const fixtures = { noisy: pool, quiet: poolFixture({ ...database, db: own.db }) };
    const done = { noisy: 0, quiet: 0 };
    const aCall = () => new Promise((resolve) => setTimeout(resolve, 10));
    const caller = async (tenant: Tenant, name: keyof typeof done) => {
      while (done.quiet < 30) {
        const taken = await fixtures[name].take(tenant, { keys, policy });
        await aCall();
        if (taken.verdict !== 'leased') continue;
        await fixtures[name].giveBack(tenant, taken, 'answered');
        done[name] += 1;
      }
    };
    await Promise.all([...Array.from({ length: 30 }, () => caller(acme, 'noisy')), caller(globex, 'quiet')]);
    await own.close();
    // The quiet one uses one place of four. Without turns it would get one call in thirty-one.
    expect(done.quiet / (done.noisy + done.quiet)).toBeGreaterThan(1 / 18);
  });
});
