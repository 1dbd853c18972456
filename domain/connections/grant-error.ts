import { ToolCallError } from '../tools/mcp-connection.ts';

/**
 * `passing`: the authorization server could not be asked or has trouble of its own; the grant is as good as it was.
 * `over`: it says that the grant is no more. `refused`: it says no to the client or the request; a person has to mend
 * that. `untrusted`: what it says does not fit, and nothing was given to it.
 */
export type GrantFault = 'passing' | 'over' | 'refused' | 'untrusted';

/** Why there is no grant, in a sentence of ours: what servers answer is never quoted, because it may repeat a secret. */
export class GrantError extends Error {
  override readonly name = 'GrantError';
  readonly fault: GrantFault;
  readonly retryAfterMs: number | undefined;
  constructor(fault: GrantFault, message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.fault = fault;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** What a call is told about it. */
export function toToolCallError(error: unknown): unknown {
  if (!(error instanceof GrantError)) return error;
  return new ToolCallError(error.fault === 'passing' ? 'unavailable' : 'reconnect', error.message, {
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
    cause: error,
  });
}
