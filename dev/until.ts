import { setTimeout as delay } from 'node:timers/promises';

interface UntilOptions {
  readonly withinMs: number;
  readonly everyMs?: number;
  /** Stops asking early; the answer is then `false`. */
  readonly signal?: AbortSignal;
}

/** Asks again until the answer is yes (`true`) or time is up (`false`). A check that throws counts as no. */
export async function until(check: () => boolean | Promise<boolean>, options: UntilOptions): Promise<boolean> {
  const deadline = performance.now() + options.withinMs;
  for (;;) {
    if (options.signal?.aborted) return false;
    if (
      await Promise.resolve()
        .then(check)
        .catch(() => false)
    )
      return true;
    if (performance.now() >= deadline) return false;
    await delay(options.everyMs ?? 50);
  }
}
