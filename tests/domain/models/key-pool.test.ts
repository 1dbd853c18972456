import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { backOffMs, jittered, queueWaitMs, toFinalFailure, toKeyRefusal } from '../../../domain/models/key-waits.ts';
import { ModelCallError } from '../../../domain/models/model-port.ts';
import { FAILURE, FailureError, type FailureType } from '../../../contracts/failures.ts';

const least = () => 0;
const most = () => 0.999_999;
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('the wait', () => {
  it('is 1, 2, 5 and then 10 s by the tries made', () => {
    expect([1, 2, 3, 4, 5, 50].map((tries) => backOffMs(tries, 0, least))).toEqual([
      1_000, 2_000, 5_000, 10_000, 10_000, 10_000,
    ]);
  });

  it('is spread by a tenth, never shorter than asked, and never beyond half a minute', () => {
    expect([backOffMs(1, 0, most), jittered(20_000, most)]).toEqual([1_100, 22_000]);
    fc.assert(
      fc.property(fc.nat(10), fc.nat(30_000), chance, (tries, asked, random) => {
        const wait = backOffMs(tries, asked, () => random);
        return wait >= asked && wait >= 1_000 && wait <= 30_000;
      }),
    );
  });

  it('for a turn among busy keys is short, grows, and stays below five seconds', () => {
    expect(queueWaitMs(1, least)).toBe(125);
    expect(queueWaitMs(3, least)).toBeGreaterThan(queueWaitMs(1, least));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), chance, (attempt, random) => {
        const wait = queueWaitMs(attempt, () => random);
        return wait >= 100 && wait <= 5_000;
      }),
    );
  });
});

const failureOf = ({ failure }: ModelCallError): FailureError => failure as FailureError;
const failed = (type: FailureType, waitSeconds?: number, free = true) =>
  new ModelCallError(FailureError.create({ type, message: 'said so' }), free, { fault: 'failed', waitSeconds });
const seen = (call: ModelCallError) => {
  const { type, nonRetryable, nextRetryDelay } = failureOf(call);
  return {
    type,
    nonRetryable,
    waits: nextRetryDelay === undefined || nextRetryDelay === null ? 0 : Number(nextRetryDelay),
    free: call.free,
  };
};
const TURN = { tries: 5, attempt: 1 };

describe('a failed call', () => {
  it('comes back after the step of its tries, or after what the provider asked for', () => {
    const told = seen(
      toFinalFailure({ calls: 3, rounds: 3 }, TURN, failed(FAILURE.modelUnavailable, undefined, false)),
    );
    expect(told).toMatchObject({ type: FAILURE.modelUnavailable, nonRetryable: false, free: false });
    expect(told.waits).toBeGreaterThanOrEqual(5_000);
    const asked = seen(toFinalFailure({ calls: 4, rounds: 4 }, TURN, failed(FAILURE.modelRateLimited, 0.5)));
    expect(asked.waits).toBeGreaterThanOrEqual(500);
    expect(asked.waits).toBeLessThanOrEqual(550);
  });

  it.each([
    ['five calls', { calls: 5, rounds: 1 }, TURN],
    ['the last attempt of a turn with fewer', { calls: 2, rounds: 2 }, { ...TURN, tries: 2 }],
  ])('is final after %s', (_, counted, turn) => {
    const told = seen(toFinalFailure(counted, turn, failed(FAILURE.modelUnavailable)));
    expect(told).toMatchObject({ type: FAILURE.modelUnavailable, nonRetryable: true, waits: 0 });
  });

  it('that trying again cannot mend is left as it is', () => {
    const refused = new ModelCallError(FailureError.nonRetryable('no', FAILURE.modelRefused), true);
    expect(toFinalFailure({ calls: 1, rounds: 1 }, TURN, refused)).toBe(refused);
  });
});

describe('no key for a call', () => {
  const taken = { calls: 3, rounds: 1, waitMs: 400 } as const;
  const none = (verdict: Parameters<typeof toKeyRefusal>[0]['verdict'], last?: ModelCallError, more = {}) =>
    toKeyRefusal({ ...taken, verdict, ...more }, TURN, last);

  it('because all are at work is no failure: it waits its turn, however often', () => {
    expect(seen(toKeyRefusal({ ...taken, verdict: 'busy', rounds: 9 }, { ...TURN, attempt: 40 }))).toMatchObject({
      nonRetryable: false,
      free: true,
    });
  });

  it('because all are at rest comes back when the first has rested, with the words of the last', () => {
    const told = none('cooling', failed(FAILURE.modelUnavailable));
    expect(failureOf(told).message).toBe('said so');
    expect(seen(told)).toMatchObject({ type: FAILURE.modelUnavailable, nonRetryable: false, free: true });
    expect(seen(told).waits).toBeGreaterThanOrEqual(1_000);
    const asked = seen(none('cooling', failed(FAILURE.modelRateLimited, 0.4)));
    expect([asked.waits >= 400, asked.waits <= 440]).toEqual([true, true]);
    expect(seen(none('cooling', undefined, { waitMs: 20_000 })).waits).toBeGreaterThanOrEqual(20_000);
  });

  it('because all are at rest is final after the last attempt', () => {
    expect(seen(none('cooling', undefined, { rounds: 5 }))).toMatchObject({ nonRetryable: true });
  });

  it('because the others rest does not call a rejected key the reason', () => {
    const rejected = new ModelCallError(FailureError.nonRetryable('no', FAILURE.modelUnauthorized), true);
    expect(seen(none('cooling', rejected))).toMatchObject({ type: FAILURE.modelRateLimited, nonRetryable: false });
  });

  it.each([
    ['exhausted', FAILURE.modelRateLimited],
    ['quarantined', FAILURE.modelUnauthorized],
    ['none', FAILURE.modelUnauthorized],
  ] as const)('because of %s is final', (verdict, type) => {
    expect(seen(none(verdict))).toMatchObject({ type, nonRetryable: true, free: true });
    expect(failureOf(none(verdict)).message).toMatch(/\.$/);
  });
});
