import type { ModelBlock } from '../../db/tables/work.ts';
import type { BilledTokens } from './prices.ts';

export type { ModelBlock };

/** Words, or the blocks of a turn that called tools and of their results. */
export interface ModelMessage {
  readonly role: 'user' | 'assistant';
  readonly content: string | readonly ModelBlock[];
}

export interface ModelTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

/** What the model wants called. */
export interface WantedCall {
  readonly id: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** One call of a model: everything it is given. */
export interface ModelRequest {
  readonly model: string;
  readonly system: string;
  readonly messages: readonly ModelMessage[];
  readonly maxTokens: number;
  /** A JSON schema that the answer must follow. */
  readonly schema?: Record<string, unknown>;
  /** Tools that it may call; in a stable order, because the provider caches the beginning of a request. */
  readonly tools?: readonly ModelTool[];
  /** The last word: tools are only there because earlier turns have called them. */
  readonly mustAnswer?: boolean;
  /** Names this call for gateways and logs; the same for every try of one turn. */
  readonly turnKey: string;
}

export interface ModelAnswer {
  readonly text: string;
  /** Tools it wants called; the answer ends with them. */
  readonly calls: readonly WantedCall[];
  /** Of an answer with calls: the whole of it as it came, to be sent back with their results. */
  readonly blocks: readonly ModelBlock[];
  /** It ended in the midst of a call that it wanted. */
  readonly cutOff: boolean;
  readonly stopReason: string | null;
  readonly tokens: BilledTokens;
}

/** A model behind its provider's protocol, called with one key. Failures are translated by the implementation. */
export interface ModelPort {
  answer(request: ModelRequest, apiKey: string, signal: AbortSignal): Promise<ModelAnswer>;
}

/** One call of a turn, with what the pool needs to choose a key and to count. */
export interface ModelCall {
  readonly organizationId: string;
  readonly orchestrationId: string;
  readonly request: ModelRequest;
  /** The reservation that pays for it. */
  readonly usageId: string;
  /** The execution of the activity with all its attempts. */
  readonly execution: string;
  /** Attempts after which a failure is final, and which one this is. */
  readonly tries: number;
  readonly attempt: number;
}

/** A model behind a pool of keys: what it throws says whether and when Temporal tries again. */
export interface PooledModel {
  answer(call: ModelCall, signal: AbortSignal): Promise<ModelAnswer>;
}

/**
 * What a failed call says of the key it was made with. `limited`: too many requests, or overloaded. `failed`: a fault of
 * the provider. `rejected`: the key itself. `nothing`: the request, the network or we.
 */
type KeyFault = 'limited' | 'failed' | 'rejected' | 'nothing';

interface FailedCall {
  readonly fault?: KeyFault;
  /** What the provider asks to wait, s. */
  readonly waitSeconds?: number;
}

/** A failed call with what the ledger and the pool need to know about it. */
export class ModelCallError extends Error {
  override readonly name = 'ModelCallError';
  /** The provider has certainly not charged for the call. */
  readonly free: boolean;
  /** What the caller gets: whether and when to try again. */
  readonly failure: unknown;
  readonly fault: KeyFault;
  readonly waitSeconds: number | undefined;
  constructor(failure: unknown, free: boolean, { fault = 'nothing', waitSeconds }: FailedCall = {}) {
    super(failure instanceof Error ? failure.message : String(failure), { cause: failure });
    this.failure = failure;
    this.free = free;
    this.fault = fault;
    this.waitSeconds = waitSeconds;
  }
}
