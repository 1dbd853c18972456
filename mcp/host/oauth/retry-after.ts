const MOST_MS = 3_600_000;

/** `Retry-After` in seconds or as a date (RFC 9110 10.2.3), at most an hour. */
export function retryAfterMs(headers: Headers): number | undefined {
  const given = headers.get('retry-after');
  if (!given) return undefined;
  const ms = /^\d+$/.test(given) ? Number(given) * 1_000 : Date.parse(given) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), MOST_MS) : undefined;
}
