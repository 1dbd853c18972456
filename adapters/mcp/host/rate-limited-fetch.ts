import { retryAfterMsOf } from '../../retry-after.ts';

interface RateLimit {
  /** Evenly spread over a second after a first burst of as many. */
  readonly requestsPerSecond: number;
  /** Longest wait for a turn, ms; who would wait longer is answered 429 without being sent. */
  readonly maxWaitMs?: number;
}

/** Where a provider says 429 and not how long. */
const DEFAULT_REST_MS = 1_000;

/**
 * Keeps a provider's client within its rate, in this process. After a 429 all wait as long as the provider says. An
 * answer of 429 of our own looks like the provider's, so that clients translate one thing.
 */
export function createRateLimitedFetch(
  fetch: typeof globalThis.fetch,
  { requestsPerSecond, maxWaitMs = 5_000 }: RateLimit,
): typeof globalThis.fetch {
  const intervalMs = 1_000 / requestsPerSecond;
  const burstMs = 1_000 - intervalMs;
  /** When the next request would be due if all came evenly; may lie a burst behind. */
  let due = 0;
  let restUntil = 0;
  return async (input, init) => {
    const now = Date.now();
    const mine = Math.max(due, now - burstMs);
    const waitMs = Math.max(mine - now, restUntil - now, 0);
    if (waitMs > maxWaitMs) return tooMany(waitMs);
    due = mine + intervalMs;
    await wait(waitMs, init?.signal ?? (input instanceof Request ? input.signal : undefined));
    const response = await fetch(input, init);
    if (response.status === 429)
      restUntil = Math.max(
        restUntil,
        Date.now() + (retryAfterMsOf(response.headers.get('retry-after')) ?? DEFAULT_REST_MS),
      );
    return response;
  };
}

const tooMany = (waitMs: number): Response =>
  new Response(JSON.stringify({ message: 'Not sent: this connection is at its rate limit.' }), {
    status: 429,
    headers: { 'content-type': 'application/json', 'retry-after': `${Math.ceil(waitMs / 1_000)}` },
  });

async function wait(ms: number, signal: AbortSignal | null | undefined): Promise<void> {
  signal?.throwIfAborted();
  if (ms <= 0) return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(done, ms);
    function done() {
      signal?.removeEventListener('abort', stopped);
      resolve();
    }
    function stopped() {
      clearTimeout(timer);
      reject(signal?.reason instanceof Error ? signal.reason : new Error('The caller asked to stop.'));
    }
    signal?.addEventListener('abort', stopped, { once: true });
  });
}
