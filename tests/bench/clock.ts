import { setTimeout as delay } from 'node:timers/promises';

/** The machine's wall clock in ms with fractions; the same in every process, so stamps can be compared. */
export const nowMs = (): number => performance.timeOrigin + performance.now();

export const pause = (ms: number): Promise<void> => delay(ms);

/** The value, or an error that says what was waited for. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = delay(ms, undefined, { signal: over.signal }).then(() => {
    throw new Error(`Waited ${ms / 1000} s for ${what}.`);
  });
  late.catch(() => undefined);
  return Promise.race([promise, late]).finally(() => over.abort());
}
