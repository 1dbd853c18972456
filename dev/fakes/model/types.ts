export interface ModelUsage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly cache_creation: { readonly ephemeral_5m_input_tokens: number; readonly ephemeral_1h_input_tokens: number };
}

/** A request that passed validation, as a responder sees it. */
export interface ModelRequest {
  readonly id: string;
  readonly at: string;
  readonly apiKey: string;
  readonly model: string;
  /** The system prompt's text blocks, joined. */
  readonly system: string;
  /** The text of the last message with role user. */
  readonly userText: string;
  readonly messages: readonly ChatTurn[];
  readonly maxTokens: number;
  readonly stream: boolean;
  /** The schema of `output_config.format`. */
  readonly schema?: JsonSchema;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ChatTurn {
  readonly role: string;
  readonly text: string;
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

export interface Spoken {
  readonly stopReason?: string;
  /** Send half of the body, then nothing more (`stall`), cut the connection, or say in the stream that it is overloaded. */
  readonly midway?: Midway;
}

/** An answer that is generated, and so billed. */
export type Words = ({ readonly text: string } | { readonly json: unknown }) & Spoken;

/** `inStream`: a stream that was asked for begins with 200 and has the error as its first frame. */
export interface Refusal {
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
  readonly answer?: string;
  readonly stopReason?: string;
  readonly usage?: ModelUsage;
  readonly error?: { readonly type: string; readonly message: string };
}
