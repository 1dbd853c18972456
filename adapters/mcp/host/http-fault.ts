import { z } from 'zod';
import { retryAfterMsOf } from '../../retry-after.ts';
import { cleanText } from '../../../contracts/clean-text.ts';

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

/** Throws `HttpFaultError` for a message that was not taken, so that the status and its headers are not lost in a text. */
export const withHttpFaults =
  (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  async (input, init) => {
    const response = await fetch(input, init);
    if (init?.method !== 'POST' || response.status < 400) return response;
    const body = await response.text().catch(() => '');
    throw new HttpFaultError(response.status, {
      retryAfterMs: retryAfterMsOf(response.headers.get('retry-after')),
      said: saidIn(body),
    });
  };

function saidIn(body: string): string | undefined {
  try {
    return cleanText(RpcError.parse(JSON.parse(body)).error.message, MAX_SAID);
  } catch {
    return undefined;
  }
}
