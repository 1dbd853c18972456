/** Milliseconds of a `retry-after` header, which is seconds or a date (RFC 9110, 10.2.3); undefined when it is neither. */
export function retryAfterMsOf(header: string | null | undefined, now = Date.now()): number | undefined {
  if (!header?.trim()) return undefined;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? Math.ceil(seconds * 1000) : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
