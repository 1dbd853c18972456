import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { KeyPoolView } from '../../contracts/key-pool.ts';
import type { Reply } from '../../dev/fakes/model/index.ts';
import { eventually } from '../support/eventually.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { crookedWindows, ledgerOf } from '../support/score.ts';

const KEYS = ['sk-pool-key-one1', 'sk-pool-key-two2', 'sk-pool-key-tri3'];
const [ONE = ''] = KEYS;
const ANSWER: Reply = { text: 'Done.\nCONFIDENCE: 0.8' };
const error = (status: number, type: string, more = {}): Reply => ({ error: { status, type, message: type, ...more } });
const LIMITED = error(429, 'rate_limit_error');

let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startNubabel({
    env: { ANTHROPIC_API_KEY: '', ANTHROPIC_API_KEYS: KEYS.join(', '), MODEL_KEY_CONCURRENCY: '2' },
  });
}, 60_000);
afterAll(() => nubabel?.close());
beforeEach(() => nubabel.database.look('delete from model_key_leases; delete from model_key_accounts'));

const pool = async () => (await (await nubabel.request('/api/admin/key-pool')).json()) as KeyPoolView;
/** What each key answers, others well. */
const answers = (replies: Record<string, Reply>) =>
  nubabel.model.setResponder((request) => replies[request.apiKey] ?? ANSWER);
const callsOf = (message: string) =>
  nubabel.model.requests.filter(({ userText }) => userText === message).map(({ apiKey, at }) => ({ apiKey, at }));
const ask = async (message: string) => nubabel.ended((await nubabel.ask(message, { agents: ['ops'] })).jobId, 60_000);
const gapMs = (calls: readonly { at: string }[], nth: number) =>
  Date.parse(calls[nth]?.at ?? '') - Date.parse(calls[nth - 1]?.at ?? '');
/** Asks until the pool has come to the key that has trouble; answers how long after it another one was asked. */
async function askUntilTrouble(name: string): Promise<number> {
  for (let nth = 1; ; nth++) {
    expect(await ask(`${name} ${nth}`)).toMatchObject({ status: 'completed' });
    const calls = callsOf(`${name} ${nth}`);
    if (calls.length > 1) return gapMs(calls, 1);
  }
}

describe('a key in trouble', () => {
  it.each<[string, Reply, number]>([
    ['429', LIMITED, 1],
    ['429 with retry-after', error(429, 'rate_limit_error', { retryAfterSeconds: 20 }), 1],
    ['529', error(529, 'overloaded_error'), 1],
    ['an overloaded frame in a stream', { ...error(529, 'overloaded_error'), inStream: true }, 1],
    ['401', error(401, 'authentication_error'), 0],
    ['a rejection in a stream', { ...error(401, 'authentication_error'), inStream: true }, 0],
  ])('with %s hands on to another at once, and the pool says so', async (name, reply, limited) => {
    answers({ [ONE]: reply });
    expect(await askUntilTrouble(name)).toBeLessThan(500);
    const seen = await pool();
    expect(seen).toMatchObject({ total_retries: 1, total_429_errors: limited });
    expect(seen.total_requests).toBeGreaterThanOrEqual(2);
    const troubled = seen.accounts.filter(({ failures }) => failures === 1);
    expect(troubled).toMatchObject([limited ? { cooldown_until: expect.any(String) } : { status: 'quarantined' }]);
    expect(seen.accounts.filter(({ status, failures }) => status === 'active' && failures === 0)).toHaveLength(2);
  });

  it('that speaks of overload after its first words costs the try, and the next one uses another key', async () => {
    let first = true;
    nubabel.model.setResponder(() => {
      const reply: Reply = first ? { text: 'x'.repeat(400), midway: 'overloaded' } : ANSWER;
      first = false;
      return reply;
    });
    expect(await ask('Half overloaded')).toMatchObject({ status: 'completed' });
    const calls = callsOf('Half overloaded');
    expect(calls).toHaveLength(2);
    expect(calls[0]?.apiKey).not.toBe(calls[1]?.apiKey);
    expect(await nubabel.database.look(`select state from usage where state = 'unknown'`)).toHaveLength(1);
  });

  it('is left alone after three failures in a row', async () => {
    answers({ [ONE]: error(429, 'rate_limit_error', { retryAfterSeconds: 0.01 }) });
    for (let nth = 0; nth < 12; nth++) await ask(`Dead key ${nth}`);
    const dead = nubabel.model.requests.filter(({ apiKey, userText }) => apiKey === ONE && userText.startsWith('Dead'));
    expect(dead).toHaveLength(3);
    const resting = (await pool()).accounts.find(({ failures }) => failures === 3);
    expect(resting).toMatchObject({ status: 'cooldown' });
    expect(Date.parse(resting?.cooldown_until ?? '') - Date.now()).toBeGreaterThan(280_000);
  });
});

describe('when every key', () => {
  it('is limited, a request makes five calls in all, backs off between, and says why it failed', async () => {
    answers(Object.fromEntries(KEYS.map((key) => [key, LIMITED])));
    const job = await ask('Limited everywhere');
    expect(job).toMatchObject({ status: 'failed', costCents: 0 });
    const calls = callsOf('Limited everywhere');
    expect(calls).toHaveLength(5);
    expect(gapMs(calls, 3)).toBeGreaterThanOrEqual(950);
    expect((await pool()).total_429_errors).toBe(5);
  });

  it('is limited for a moment, the request waits for it and is done', async () => {
    let calls = 0;
    const brief = error(429, 'rate_limit_error', { retryAfterSeconds: 2 });
    nubabel.model.setResponder(() => (calls++ < 3 ? brief : ANSWER));
    const startedAt = Date.now();
    expect(await ask('Limited for a moment')).toMatchObject({ status: 'completed' });
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(1_900);
    expect(calls).toBe(4);
  });

  it('is rejected, a request fails at once and says that a person must mend it', async () => {
    answers(Object.fromEntries(KEYS.map((key) => [key, error(401, 'authentication_error')])));
    const job = await ask('Rejected everywhere');
    expect(job).toMatchObject({ status: 'failed' });
    expect(callsOf('Rejected everywhere')).toHaveLength(3);
    expect(await ask('Rejected for good')).toMatchObject({ status: 'failed', error: job.error });
    expect(callsOf('Rejected for good')).toHaveLength(0);
    const { accounts } = await pool();
    answers({});
    for (const { id } of accounts)
      expect(
        await (await nubabel.request(`/api/admin/key-pool/keys/${id}/reset`, { method: 'POST' })).json(),
      ).toMatchObject({ id, status: 'active', failures: 0 });
    expect(await ask('Released')).toMatchObject({ status: 'completed' });
  });
});

describe('several workers', () => {
  it('share what they know: a key that one has found dead is not tried by the other', async () => {
    await nubabel.start('worker-2');
    answers({ [ONE]: error(401, 'authentication_error') });
    const jobs = await Promise.all(
      Array.from({ length: 20 }, (_, nth) => nubabel.ask(`Shared ${nth}`, { agents: ['ops'] })),
    );
    for (const { jobId } of jobs) expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed' });
    const before = nubabel.model.requests.filter(({ apiKey }) => apiKey === ONE).length;
    await Promise.all(Array.from({ length: 20 }, (_, nth) => ask(`Known ${nth}`)));
    expect(nubabel.model.requests.filter(({ apiKey }) => apiKey === ONE)).toHaveLength(before);
    await nubabel.kill('worker-2');
  }, 90_000);

  it('never have more calls under way with a key than it may have', async () => {
    await nubabel.start('worker-2');
    const now: Record<string, number> = {};
    let most = 0;
    nubabel.model.setResponder(async ({ apiKey }) => {
      now[apiKey] = (now[apiKey] ?? 0) + 1;
      most = Math.max(most, now[apiKey]);
      await new Promise((resolve) => setTimeout(resolve, 100));
      now[apiKey] -= 1;
      return ANSWER;
    });
    await Promise.all(Array.from({ length: 24 }, (_, nth) => ask(`Crowd ${nth}`)));
    expect(most).toBeLessThanOrEqual(2);
    expect(Object.keys(now).sort()).toEqual([...KEYS].sort());
    await nubabel.kill('worker-2');
  }, 90_000);

  it('lose nothing when one is killed with every key in its hands', async () => {
    nubabel.model.pause();
    const before = nubabel.model.requests.length;
    const jobs = await Promise.all(
      Array.from({ length: 6 }, (_, nth) => nubabel.ask(`Held ${nth}`, { agents: ['ops'] })),
    );
    await nubabel.model.waitForRequests(before + 6);
    expect((await pool()).accounts.map(({ in_flight }) => in_flight)).toEqual([2, 2, 2]);
    await nubabel.kill('worker');
    nubabel.model.resume();
    await nubabel.start('worker');
    for (const { jobId } of jobs) expect(await nubabel.ended(jobId, 60_000)).toMatchObject({ status: 'completed' });
    await eventually('all leases are back', async () =>
      (await pool()).accounts.every(({ in_flight }) => in_flight === 0),
    );
  }, 120_000);
});

it('after all of it, the books are straight', async () => {
  expect(await crookedWindows(nubabel)).toEqual([]);
  expect(await ledgerOf(nubabel)).toMatchObject({ reserved: 0 });
});
