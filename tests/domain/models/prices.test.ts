import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createPriceTable, type BilledTokens } from '../../../domain/models/prices.ts';
import { centsToNanos, nanosToCents, NANOS_PER_DOLLAR } from '../../../contracts/money.ts';

const tokens = (changes: Partial<BilledTokens>): BilledTokens => ({
  input: 0,
  output: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  cacheRead: 0,
  ...changes,
});
const HAIKU = 'claude-haiku-5-5';
const SONNET = 'claude-sonnet-5-5';
const OPUS = 'claude-opus-5-5';
const table = createPriceTable([HAIKU, SONNET, OPUS, 'claude-haiku-4-5-20251001', 'claude-opus-5']);
const MILLION = 1_000_000;

describe('what a call costs', () => {
  it.each([
    [SONNET, { input: MILLION }, 2],
    [SONNET, { output: MILLION }, 10],
    [SONNET, { cacheWrite5m: MILLION }, 2.5],
    [SONNET, { cacheWrite1h: MILLION }, 4],
    [SONNET, { cacheRead: MILLION }, 0.1],
    [OPUS, { input: MILLION }, 4],
    [OPUS, { output: MILLION }, 20],
    [OPUS, { cacheRead: MILLION }, 0.2],
    ['claude-opus-5', { cacheRead: MILLION }, 0.5],
    ['claude-haiku-4-5-20251001', { input: MILLION, output: MILLION }, 6],
  ])('%s with %o is $%d, to the nano', (model, used, dollars) => {
    expect(table.costOf(model, tokens(used))).toBe(Math.round(dollars * NANOS_PER_DOLLAR));
  });

  it('counts single tokens exactly: one of Haiku is 100 nanos in and 500 out', () => {
    expect(table.costOf(HAIKU, tokens({ input: 1 }))).toBe(100);
    expect(table.costOf(HAIKU, tokens({ output: 1 }))).toBe(500);
    expect(table.costOf(HAIKU, tokens({ cacheRead: 1 }))).toBe(10);
    expect(
      table.costOf(HAIKU, tokens({ input: 3, output: 7, cacheWrite5m: 11, cacheWrite1h: 13, cacheRead: 17 })),
    ).toBe(3 * 100 + 7 * 500 + 11 * 125 + 13 * 200 + 17 * 10);
  });

  it('has Haiku’s long-prompt rates for the whole call above 100,000 tokens, cached ones included, not at it', () => {
    expect(table.costOf(HAIKU, tokens({ input: 100_000, output: 10 }))).toBe(100_000 * 100 + 10 * 500);
    expect(table.costOf(HAIKU, tokens({ input: 100_001, output: 10 }))).toBe(100_001 * 500 + 10 * 2_500);
    expect(table.costOf(HAIKU, tokens({ input: 1, cacheRead: 100_000 }))).toBe(500 + 100_000 * 50);
    expect(table.costOf(SONNET, tokens({ input: 900_000 }))).toBe(900_000 * 2_000);
  });
});

describe('the worst case', () => {
  it('is the whole prompt at its dearest rate and every allowed token of output', () => {
    expect(table.worstCaseOf(SONNET, 1_000, 100)).toBe(1_000 * 4_000 + 100 * 10_000);
    expect(table.worstCaseOf(HAIKU, 100_001, 1)).toBe(100_001 * 1_000 + 2_500);
  });

  it('is never less than what a call with so many tokens costs, however they are cached', () => {
    const count = fc.integer({ min: 0, max: 60_000 });
    fc.assert(
      fc.property(fc.constantFrom(HAIKU, SONNET, OPUS), count, count, count, count, count, (model, a, b, c, d, e) => {
        const used = tokens({ input: a, cacheWrite5m: b, cacheWrite1h: c, cacheRead: d, output: e });
        const worst = table.worstCaseOf(model, a + b + c + d, e);
        expect(table.costOf(model, used)).toBeLessThanOrEqual(worst);
        expect(Number.isSafeInteger(worst)).toBe(true);
      }),
    );
  });
});

describe('a model without a price', () => {
  it('stops the start with the way out, and names every one', () => {
    expect(() => createPriceTable([HAIKU, 'gpt-9', 'llama-7'])).toThrow(/gpt-9, llama-7.*Set MODEL_PRICES/s);
  });

  it('is refused when it is asked for later, instead of counting as free', () => {
    expect(() => table.costOf('claude-sonnet-4-5', tokens({ input: 1 }))).toThrow('No price is known');
    expect(() => table.worstCaseOf('toString', 1, 1)).toThrow('No price is known');
  });

  it('gets one by MODEL_PRICES, which also goes before the list and has no long-prompt tier', () => {
    const own = createPriceTable(['gpt-9', HAIKU], {
      'gpt-9': { input: 1, output: 2, cacheRead: 0.3 },
      [HAIKU]: { input: 9, output: 9 },
    });
    expect(own.costOf('gpt-9', tokens({ input: 10, output: 10, cacheRead: 10 }))).toBe(10_000 + 20_000 + 3_000);
    expect(own.costOf(HAIKU, tokens({ input: 200_000 }))).toBe(200_000 * 9_000);
  });
});

it('cents and nanos are the same money', () => {
  expect(centsToNanos(1)).toBe(10_000_000);
  expect(nanosToCents(centsToNanos(12.345))).toBeCloseTo(12.345);
  expect(Number.isInteger(centsToNanos(0.1 + 0.2))).toBe(true);
});
