import { describe, expect, it } from '@jest/globals';
import { waitMsIn } from '../../../../adapters/retry-after.ts';
import { createRateLimitedFetch } from '../../../../adapters/mcp/host/authorized-provider-client.ts';

function provider(answers: Response[] = []) {
  const at: number[] = [];
  const fetch: typeof globalThis.fetch = async () => {
    at.push(performance.now());
    return answers.shift() ?? new Response('ok');
  };
  return { fetch, at };
}
const limited429 = (retryAfter: string) => new Response('', { status: 429, headers: { 'retry-after': retryAfter } });

describe('a provider’s rate', () => {
  it('is kept after a first burst of a second’s worth', async () => {
    const { fetch, at } = provider();
    const limited = createRateLimitedFetch(fetch, { requestsPerSecond: 20 });
    await Promise.all(Array.from({ length: 30 }, () => limited('https://api.example/')));
    const [first = 0, ...rest] = at;
    expect(rest[18]).toBeLessThan(first + 100);
    // Timers may be a millisecond early.
    expect(rest.at(-1)).toBeGreaterThanOrEqual(first + 10 * 50 - 10);
  });

  it('is a rest for all after a 429, as long as the provider says', async () => {
    const { fetch, at } = provider([limited429('0.2')]);
    const limited = createRateLimitedFetch(fetch, { requestsPerSecond: 100 });
    expect((await limited('https://api.example/')).status).toBe(429);
    const told = performance.now();
    expect(await Promise.all([1, 2].map(async () => (await limited('https://api.example/')).status))).toEqual([
      200, 200,
    ]);
    expect(at[1]).toBeGreaterThanOrEqual(told + 190);
  });

  it('answers for the provider where the rest is long, without asking it', async () => {
    const { fetch, at } = provider([limited429('120')]);
    const limited = createRateLimitedFetch(fetch, { requestsPerSecond: 100 });
    await limited('https://api.example/');
    const answer = await limited('https://api.example/');
    expect([answer.status, at.length]).toEqual([429, 1]);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(115);
  });

  it('does not hold one who has gone', async () => {
    const { fetch, at } = provider([limited429('2')]);
    const limited = createRateLimitedFetch(fetch, { requestsPerSecond: 100 });
    await limited('https://api.example/');
    const gone = new AbortController();
    const waiting = limited('https://api.example/', { signal: gone.signal });
    gone.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    expect(at).toHaveLength(1);
  });
});

describe('retry-after', () => {
  const now = Date.parse('2026-11-24T10:00:00Z');
  it.each([
    ['7', 7_000],
    ['0', 0],
    ['Tue, 24 Nov 2026 10:00:30 GMT', 30_000],
    ['Tue, 24 Nov 2026 09:00:00 GMT', 0],
    ['soon', undefined],
    ['', undefined],
  ])('%j is %s ms', (value, expected) => {
    expect(waitMsIn(new Headers({ 'retry-after': value }), now)).toBe(expected);
  });
});
