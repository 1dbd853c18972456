import { z } from 'zod';
import { cleanText } from '../../../domain/tools/clean-text.ts';

/** What an MCP endpoint answered instead of an answer. */
export class HttpFaultError extends Error {
  override readonly name = 'HttpFaultError';
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  /** The reason, where it is told as a JSON-RPC error. */
  readonly said: string | undefined;
  constructor(status: number, told: { retryAfterMs?: number | undefined; said?: string | undefined }) {
    super(`HTTP ${status}`);
    this.status = status;
    this.retryAfterMs = told.retryAfterMs;
    this.said = told.said;
  }
}

const MAX_SAID = 300;
const RpcError = z.object({ error: z.object({ message: z.string() }) });

/** Seconds or a date (RFC 9110, 10.2.3), as ms from now. */
export function retryAfterMs(headers: Headers, now = Date.now()): number | undefined {
  const given = headers.get('retry-after')?.trim();
  if (!given) return undefined;
  const ms = /^\d+(\.\d+)?$/.test(given) ? Number(given) * 1_000 : Date.parse(given) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

/** Throws `HttpFaultError` for a message that was not taken, so that the status and its headers are not lost in a text. */
export const withHttpFaults =
  (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  async (input, init) => {
    const response = await fetch(input, init);
    if (init?.method !== 'POST' || response.status < 400) return response;
    const body = await response.text().catch(() => '');
    throw new HttpFaultError(response.status, { retryAfterMs: retryAfterMs(response.headers), said: saidIn(body) });
  };

function saidIn(body: string): string | undefined {
  try {
    return cleanText(RpcError.parse(JSON.parse(body)).error.message, MAX_SAID);
  } catch {
    return undefined;
  }
}
