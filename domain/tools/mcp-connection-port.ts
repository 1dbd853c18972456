import type { ToolDefinition, ToolResult } from '../../contracts/tools.ts';

/** Which connection, as whose. */
export interface ConnectionRef {
  readonly organizationId: string;
  readonly connectionId: string;
}

/** How one call is made. */
export interface CallOptions {
  readonly signal: AbortSignal;
  /** Longest time for the whole call, ms. */
  readonly timeoutMs: number;
  /** Nothing that changes something is sent after this moment, ms since the epoch: another try may be at it by then. */
  readonly sendUntil?: number;
  /** Told of MCP progress: a sentence, and a share from 0 to 1 where the server says the total. */
  readonly onProgress?: (progress: { readonly message?: string; readonly share?: number }) => void;
  /** The ledger's key of this effect; providers of ours hand it on where the provider takes such a key. */
  readonly effectKey?: string;
}

/** The one port to a provider's tools, whatever speaks behind it. `tool` is the server's own name for it. */
export interface McpConnection {
  /** @throws ToolCallError when there was no answer; a tool's own failure is a result with `isError`. */
  call(tool: string, args: Readonly<Record<string, unknown>>, options: CallOptions): Promise<ToolResult>;
  /** All tools, page by page, as the server says them now. @throws ToolCallError */
  list(signal: AbortSignal): Promise<ToolDefinition[]>;
  /** Whether it answers, and in how many ms. @throws ToolCallError */
  health(signal: AbortSignal): Promise<{ readonly latencyMs: number }>;
  close(): Promise<void>;
}

/**
 * Why there is no answer. `refused`: it was certainly not done (not sent, or the provider said no before doing
 * anything). `unknown`: it was sent, and nobody knows. `reconnect`: the grant is over. `rate_limited`: later, after
 * `retryAfterMs`. `broken`: the circuit is open. `cancelled`: we asked it to stop.
 */
export type CallFailure = 'refused' | 'unknown' | 'reconnect' | 'rate_limited' | 'broken' | 'unavailable' | 'cancelled';

/** A call without an answer, in words that a person and a model can act on, and without any secret. */
export class ToolCallError extends Error {
  override readonly name = 'ToolCallError';
  readonly kind: CallFailure;
  readonly retryAfterMs: number | undefined;
  constructor(kind: CallFailure, message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The server has forgotten the session; in a new one the same may be asked again. The cause of a `ToolCallError`. */
export class SessionOverError extends Error {
  override readonly name = 'SessionOverError';
}
