export interface ModelUsage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly cache_creation: { readonly ephemeral_5m_input_tokens: number; readonly ephemeral_1h_input_tokens: number };
}

/** A tool as a request offers it. */
export interface ModelTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
}

/** What a tool has answered, with the name of the tool that was called. */
export interface ToolResultSeen {
  readonly toolUseId: string;
  readonly name: string;
  readonly text: string;
  readonly isError: boolean;
}

/** A request that passed validation, as a responder sees it. */
export interface ModelRequest {
  readonly id: string;
  readonly at: string;
  readonly apiKey: string;
  readonly model: string;
  /** The system prompt's text blocks, joined. */
  readonly system: string;
  /** The text of the last message with role user that has any: tool results are no text. */
  readonly userText: string;
  readonly messages: readonly ChatTurn[];
  readonly maxTokens: number;
  readonly stream: boolean;
  /** The tools that it offers, in its order. */
  readonly tools: readonly ModelTool[];
  /** What the last message answers to the calls before it. */
  readonly toolResults: readonly ToolResultSeen[];
  /** Every result of the conversation, the oldest first. */
  readonly allToolResults: readonly ToolResultSeen[];
  /** The schema of `output_config.format`. */
  readonly schema?: JsonSchema;
  readonly body: Readonly<Record<string, unknown>>;
}

interface ChatTurn {
  readonly role: string;
  readonly text: string;
  /** The tools that it calls. */
  readonly calls: readonly Required<WantedCall>[];
}

export type JsonSchema = { readonly [key: string]: unknown };

export interface ModelError {
  readonly status: number;
  /** Anthropic's error type, for example `rate_limit_error`, `overloaded_error`, `api_error`. */
  readonly type: string;
  readonly message: string;
  readonly retryAfterSeconds?: number;
}

export type Midway = 'stall' | 'disconnect' | 'overloaded';

/** A tool that the model wants called; it names the call itself unless told. */
export interface WantedCall {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly id?: string;
}

interface Spoken {
  readonly stopReason?: string;
  /** Thought before anything is said; it has to come back unchanged with the results of the calls. */
  readonly thinking?: string;
  /** Send half of the body, then nothing more (`stall`), cut the connection, or say in the stream that it is overloaded. */
  readonly midway?: Midway;
}

/** Calls of tools, with words before them if there are any. */
interface Calls {
  readonly calls: readonly WantedCall[];
  readonly text?: string;
}

/** An answer that is generated, and so billed. */
export type Words = ({ readonly text: string } | { readonly json: unknown } | Calls) & Spoken;

/** `inStream`: a stream that was asked for begins with 200 and has the error as its first frame. */
interface Refusal {
  readonly error: ModelError;
  readonly inStream?: boolean;
}

/** What a responder wants to happen to one request. */
export type Reply = { readonly delayMs?: number } & (
  Words | Refusal | { readonly hang: true } | { readonly disconnect: true }
);

export type Responder = (request: ModelRequest) => Reply | Promise<Reply>;

export type ModelOutcome = 'answered' | 'error' | 'hung' | 'disconnected' | 'cut' | 'client_gone' | 'counted';

/** One request and its end. `usage` is what the provider bills: it is there for every answer that was generated. */
export interface ModelLogLine {
  readonly at: string;
  readonly requestId: string;
  readonly path: string;
  readonly outcome: ModelOutcome;
  readonly status: number;
  readonly ms: number;
  /** The key's last four characters. */
  readonly key: string;
  readonly model?: string;
  readonly stream?: boolean;
  readonly structured?: boolean;
  readonly system?: string;
  readonly userText?: string;
  /** How many tools were offered, and how many results the conversation had; absent: none. */
  readonly tools?: number;
  readonly results?: number;
  readonly answer?: string;
  /** The calls of the answer; without arguments where they were cut off. */
  readonly calls?: readonly Required<WantedCall>[];
  readonly stopReason?: string;
  readonly usage?: ModelUsage;
  readonly error?: { readonly type: string; readonly message: string };
}
