import type { UndoLoss } from '../../contracts/effects.ts';
import type { ToolDefinition, ToolResult, UnusableTool } from '../../contracts/tools.ts';
import type { Connection } from '../../db/queries/connections.ts';

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
  /** Longest time without a sign of life: an answer or progress, ms; the whole time unless told. */
  readonly silenceMs?: number;
  /** Nothing that changes something is sent after this moment, ms since the epoch: another try may be at it by then. */
  readonly sendUntil?: number;
  /** Told of MCP progress: a sentence, and a share from 0 to 1 where the server says the total. */
  readonly onProgress?: (progress: { readonly message?: string; readonly share?: number }) => void;
  /**
   * The ledger's key of this effect, so only of a call that changes something; providers of ours hand it on where the
   * provider takes such a key, and servers of others are told it.
   */
  readonly effectKey?: string;
}

/** What a server lists: all that can be used, and what cannot. */
export interface ListedTools {
  readonly tools: readonly ToolDefinition[];
  readonly unusable: readonly UnusableTool[];
}

/** The one port to a provider's tools, whatever speaks behind it. `tool` is the server's own name for it. */
export interface McpConnection {
  /** @throws ToolCallError when there was no answer; a tool's own failure is a result with `isError`. */
  call(tool: string, args: Readonly<Record<string, unknown>>, options: CallOptions): Promise<ToolResult>;
  /** All tools, page by page, as the server says them now. @throws ToolCallError */
  list(signal: AbortSignal): Promise<ListedTools>;
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

/**
 * How far the attempt to reach a server came when it failed: at its address (name, connection, certificate, path,
 * protocol), or at its door (credentials, rights).
 */
type FailedAt = 'address' | 'credentials';

interface CallErrorDetails {
  readonly retryAfterMs?: number;
  readonly at?: FailedAt;
  readonly cause?: unknown;
}

/** A call without an answer, in words that a person and a model can act on, and without any secret. */
export class ToolCallError extends Error {
  override readonly name = 'ToolCallError';
  readonly kind: CallFailure;
  readonly retryAfterMs: number | undefined;
  /** Undefined for what failed after the server had let us in. */
  readonly at: FailedAt | undefined;
  constructor(kind: CallFailure, message: string, { retryAfterMs, at, cause }: CallErrorDetails = {}) {
    super(message, { cause });
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
    this.at = at;
  }
}

/** The server has forgotten the session; in a new one the same may be asked again. The cause of a `ToolCallError`. */
export class SessionOverError extends Error {
  override readonly name = 'SessionOverError';
}

type Arguments = Readonly<Record<string, unknown>>;

/** What of a connection's row a session is opened and authorized with. */
export type ConnectedServer = Pick<
  Connection,
  'name' | 'kind' | 'provider' | 'url' | 'auth_kind' | 'settings' | 'credentials' | 'auth_state' | 'trusted'
>;

/** What is asked of a read-back: did the change with these arguments, sent at or after `sentAt`, happen? */
export interface ReadBackRequest {
  readonly args: Arguments;
  /** The ledger's key of the effect. */
  readonly effectKey: string;
  readonly sentAt: Date;
  /** What `before` had found. */
  readonly before: Record<string, unknown> | undefined;
  /** Ids that other effects of the ledger have made: not this one's. */
  readonly taken: ReadonlySet<string>;
}

/** Whether a change whose answer was lost has happened. `unclear` where the tool cannot say. */
export type ReadBackVerdict = { readonly happened: ToolResult } | 'not_happened' | 'unclear';

/** A change that is to be taken back. */
export interface DoneChange {
  readonly args: Arguments;
  readonly result: ToolResult;
  readonly before: Record<string, unknown> | undefined;
  /** What a person has said yes to losing. */
  readonly accepted: readonly UndoLoss[];
}

/** What became of taking back: what was done, or what others have done since that would be lost, and nothing was done. */
export type Undone = { readonly said: string } | { readonly losses: readonly UndoLoss[] };

/** What only first-party servers can do, straight at the provider. `tool` is the server's own name for it. */
export interface ProviderEffects {
  /** What there is before a change; undefined where the tool does not look. @throws ToolCallError */
  before(tool: string, args: Arguments, options: CallOptions): Promise<Record<string, unknown> | undefined>;
  /** @throws ToolCallError */
  readBack(tool: string, request: ReadBackRequest, options: CallOptions): Promise<ReadBackVerdict>;
  /** Looks what others have done since, and takes a change back unless that would be lost unasked. @throws ToolCallError */
  undo(tool: string, done: DoneChange, options: CallOptions): Promise<Undone>;
  /** The cheapest read that proves the credentials: who we are there. @throws ToolCallError */
  whoAmI(options: CallOptions): Promise<string>;
}

/** What is known of the tools over one session. */
interface SessionList {
  /** When they were last listed, ms; 0: not since the last change that the server has announced. */
  listedAt: number;
  /** Counts the announced changes, so that a list from before one does not pass for newer. */
  changes: number;
  /** One asks, and all others wait for it. */
  listing: Promise<void> | undefined;
}

/** An open session with the server of one connection. */
export interface ToolSession {
  readonly mcp: McpConnection;
  /** Of first-party providers. */
  readonly effects: ProviderEffects | undefined;
  readonly list: SessionList;
}

/** One session for each connection while it is used, in this process. */
export interface ToolSessions {
  /**
   * Does something over the connection's session, authorized as `server` says now. A session that the server has
   * forgotten is opened anew, once. @throws ToolCallError, and whatever `work` throws.
   */
  use<T>(
    on: ConnectionRef,
    server: ConnectedServer,
    signal: AbortSignal,
    work: (session: ToolSession) => Promise<T>,
  ): Promise<T>;
  /** The tools of this session have to be listed again before the next call. */
  expireList(on: ConnectionRef): Promise<void>;
  /** The next one who asks opens it anew. */
  forget(on: ConnectionRef): void;
  close(): Promise<void>;
}

/** What first-party providers promise of their tools. Pure. */
export interface FirstPartyTools {
  /** Undefined where the provider has no tool of that name. */
  promises(
    provider: string,
    tool: string,
  ): { readonly takesEffectKey: boolean; readonly canReadBack: boolean; readonly canUndo: boolean } | undefined;
  /** Where a result can be found; undefined where the tool does not say. */
  resource(
    provider: string,
    tool: string,
    result: ToolResult,
    args: Arguments,
  ): { readonly id: string; readonly url?: string } | undefined;
}

/** Something that a tool's input schema does not allow; `path` leads to it, empty for the arguments as a whole. */
export interface ArgumentMistake {
  readonly path: string;
  readonly message: string;
}

/** What a tool's input schema has against these arguments; nothing when they fit. Bounded in time for any schema. */
export type CheckArguments = (inputSchema: Arguments, args: Arguments) => ArgumentMistake[];

/** What the tool host is given of the outside. */
export interface ToolPorts {
  /** `onToolsChanged`: a server has announced that its tools are others now. */
  readonly openSessions: (onToolsChanged: (on: ConnectionRef) => void) => ToolSessions;
  readonly firstParty: FirstPartyTools;
  readonly checkArguments: CheckArguments;
}
