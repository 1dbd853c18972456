/**
 * Money is counted in nanos: billionths of a US dollar, always whole. One cent is 10,000,000 nanos, and a price of
 * $0.001 per million tokens is one nano per token, so every published price is exact.
 */
export type Nanos = number;

const NANOS_PER_CENT = 10_000_000;
export const NANOS_PER_DOLLAR = 1_000_000_000;

/** Cents (may have a fraction) to whole nanos. */
export const centsToNanos = (cents: number): Nanos => Math.round(cents * NANOS_PER_CENT);

/** Nanos to cents with their fraction, for people and REST. */
export const nanosToCents = (nanos: Nanos): number => nanos / NANOS_PER_CENT;
