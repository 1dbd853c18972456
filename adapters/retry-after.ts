/** Milliseconds of a `retry-after` header, which is seconds or a date (RFC 9110, 10.2.3); undefined when it is neither. */
function retryAfterMsOf(header: string | null | undefined, now = Date.now()): number | undefined {
  if (!header?.trim()) return undefined;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? Math.ceil(seconds * 1000) : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** Headers of an answer, whichever class or plain object they come as. */
type HeadersSeen = { get(name: string): string | null } | Readonly<Record<string, unknown>>;

const hasGet = (headers: HeadersSeen): headers is { get(name: string): string | null } =>
  typeof headers.get === 'function';

function headerIn(headers: HeadersSeen | undefined, name: string): string | undefined {
  if (headers === undefined) return undefined;
  const given = hasGet(headers) ? headers.get(name) : headers[name];
  return typeof given === 'string' || typeof given === 'number' ? `${given}` : undefined;
}

/** How long an answer asks to wait, ms: `retry-after-ms`, which Anthropic and OpenAI send, is the finer of both. */
export function waitMsIn(headers: HeadersSeen | undefined, now = Date.now()): number | undefined {
  const ms = headerIn(headers, 'retry-after-ms')?.trim();
  const finer = ms ? Number(ms) : Number.NaN;
  return Number.isFinite(finer) && finer >= 0
    ? Math.ceil(finer)
    : retryAfterMsOf(headerIn(headers, 'retry-after'), now);
}

/** What Slack's SDK says where the header is no number: a plain error that quotes it. */
const QUOTED = /^Retry header did not contain a valid timeout.*retry-after header: (.*)\)$/s;

/** The wait in an error of Slack's SDK, ms; undefined when it is about something else. `usualMs` where it names none. */
export function slackWaitMsIn(error: unknown, usualMs: number, now = Date.now()): number | undefined {
  const quoted = error instanceof Error ? QUOTED.exec(error.message)?.[1] : undefined;
  return quoted === undefined ? undefined : (retryAfterMsOf(quoted, now) ?? usualMs);
}

/** Whether an answer says that trying again helps (`x-should-retry`); undefined where it does not say. */
export function shouldRetryIn(headers: HeadersSeen | undefined): boolean | undefined {
  const said = headerIn(headers, 'x-should-retry')?.trim().toLowerCase();
  return said === 'true' ? true : said === 'false' ? false : undefined;
}
