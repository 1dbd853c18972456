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
  /** Of an answer with calls, or one that was paused: the whole of it as it came, to be sent back. */
  readonly blocks: readonly ModelBlock[];
  readonly stopReason: string | null;
  readonly tokens: ReportedTokens;
}

/** What the provider says it bills; null where it does not say, or says what cannot be: nothing for a prompt. */
export type ReportedTokens = Omit<BilledTokens, 'input' | 'output'> & {
  readonly input: number | null;
  readonly output: number | null;
};

/**
 * How an answer has ended. `cut`: at the limit of its length, or in the midst of a call. `paused`: the provider wants to
 * be asked to go on. `full`: nothing more fits what the model can read. `refused`: by the provider's rules. `unknown`:
 * for a reason that nobody has heard of, so that nobody can say that it is whole.
 */
export type AnswerEnd = 'whole' | 'cut' | 'paused' | 'full' | 'refused' | 'unknown';

/** The Messages API's own reasons, and what gateways hand on of other providers'. */
const ENDS: Readonly<Record<string, AnswerEnd>> = {
  end_turn: 'whole',
  stop_sequence: 'whole',
  stop: 'whole',
  eos: 'whole',
  max_tokens: 'cut',
  length: 'cut',
  // Calls were announced; an answer that has some goes on with them, whatever it ended with.
  tool_use: 'cut',
  tool_calls: 'cut',
  pause_turn: 'paused',
  model_context_window_exceeded: 'full',
  refusal: 'refused',
  content_filter: 'refused',
};

/** How an answer without calls has ended, by what its provider says. Pure. */
export const endOf = (stopReason: string | null): AnswerEnd =>
  stopReason !== null && Object.hasOwn(ENDS, stopReason) ? (ENDS[stopReason] ?? 'unknown') : 'unknown';

/** The rest of the answer may be asked for. Pure. */
export const isContinuable = (stopReason: string | null): boolean => ['cut', 'paused'].includes(endOf(stopReason));

/** Whether what an answer says is all of it. Pure. */
export const isWhole = (stopReason: string | null): boolean => endOf(stopReason) === 'whole';

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
