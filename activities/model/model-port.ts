import type { BilledTokens } from './prices.ts';

/** One call of a model: everything it is given. */
export interface ModelRequest {
  readonly model: string;
  readonly system: string;
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly content: string }[];
  readonly maxTokens: number;
  /** A JSON schema that the answer must follow. */
  readonly schema?: Record<string, unknown>;
  /** Names this call for gateways and logs; the same for every try of one turn. */
  readonly turnKey: string;
}

export interface ModelAnswer {
  readonly text: string;
  readonly stopReason: string | null;
  readonly tokens: BilledTokens;
}

/** A model behind its provider's protocol. Failures are translated by the implementation. */
export interface ModelPort {
  answer(request: ModelRequest, signal: AbortSignal): Promise<ModelAnswer>;
}

/** A failed call with what the ledger needs to know about it. */
export class ModelCallError extends Error {
  override readonly name = 'ModelCallError';
  /** The provider has certainly not charged for the call. */
  readonly free: boolean;
  /** What Temporal is told. */
  readonly failure: unknown;
  constructor(failure: unknown, free: boolean) {
    super(failure instanceof Error ? failure.message : String(failure), { cause: failure });
    this.failure = failure;
    this.free = free;
  }
}
