import type { Category } from '../../contracts/agents.ts';
import type { StepRisk } from '../../contracts/plan.ts';
import type { ConnectionTest } from '../../contracts/connections.ts';
import type { LeftOut, ToolDefinition, ToolResult } from '../../contracts/tools.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import type { Connection } from '../../db/queries/connections.ts';
import type {
  CallOptions,
  ConnectionRef,
  CheckArguments,
  DoneChange,
  FirstPartyTools,
  ReadBackRequest,
  ReadBackVerdict,
  Undone,
} from './tool-ports.ts';
import type { Kysely } from 'kysely';
import type { Database } from '../../db/tables/index.ts';
import type { DefaultLimits } from '../../db/queries/budget.ts';
import type { Effect } from '../../db/queries/effects.ts';
import type { ToolCall } from '../../db/queries/tool-calls.ts';
import type { Attempt } from '../attempt.ts';
import type { Delegation } from '../delegation/delegation-port.ts';
import type { ReachKillPoint } from '../kill-points.ts';

type Arguments = Readonly<Record<string, unknown>>;

/** A tool that may be called now: pinned, accepted, and its connection in order. */
export interface OfferedTool {
  /** `{slug}__{tool}`, at most 64 safe characters. */
  readonly name: string;
  readonly remoteName: string;
  readonly connectionId: string;
  /** The connection's name, for people. */
  readonly connection: string;
  readonly provider: string;
  readonly slug: string;
  readonly definition: ToolDefinition;
  readonly risk: StepRisk;
  /** Calling it again changes nothing more, by the word of somebody we trust. */
  readonly idempotent: boolean;
  /** The provider takes our key, so the same call twice is one effect. */
  readonly takesEffectKey: boolean;
  readonly canReadBack: boolean;
  readonly canUndo: boolean;
  /** A human is asked before every call, whatever the policy says of its risk. */
  readonly alwaysAsks?: boolean;
  /** Its name and description come from an untrusted server. */
  readonly untrusted?: boolean;
  /** An admin has decided that nobody is asked about it as it is now. */
  readonly alwaysAllowed?: boolean;
}

/** Whose request tools are looked up for: a personal connection is offered to its owner's requests only. */
export interface ToolUser {
  readonly organizationId: string;
  readonly userId: string | null;
}

export interface OfferedTo extends ToolUser {
  readonly category: Category | undefined;
}

export interface Offer {
  readonly tools: readonly OfferedTool[];
  /** Connections that would have had tools, and why not. */
  readonly leftOut: readonly LeftOut[];
}

/** A tool as it was found in a transaction of the caller, with the one reading of its connection that a call needs. */
export interface LoadedTool {
  readonly tool: OfferedTool;
  /** Undefined for coding agents, which have no connection. */
  readonly connection: Connection | undefined;
}

/** Refuses, with a `ToolCallError`, what may not be called any more; asked in the transaction that comes before sending. */
export type CheckBeforeSending = (trx: OrganizationTransaction) => Promise<void>;

export interface HostCallOptions extends CallOptions {
  /**
   * The last thing before the call is sent: runs the check in a transaction, together with what has to be written by
   * then, and answers until when it may be sent (ms since the epoch). Asked again when the session has to be opened anew.
   */
  readonly beforeSending?: (check: CheckBeforeSending) => Promise<number | undefined>;
}

/**
 * An organization's tools behind one door, the same for agents, for REST and for MCP clients of ours. It opens and
 * keeps sessions, refreshes grants, counts failures and pins what servers say. It decides nothing: policy, ledger and
 * approval are its callers'.
 */
export interface ToolHost {
  /**
   * What may be offered, from our own tables: no server is asked. In a stable order. To whom may still be read by the
   * statement before, in the same round trip.
   */
  offerIn(trx: OrganizationTransaction, to: OfferedTo | Promise<OfferedTo>): Promise<Offer>;
  /** As `offerIn`, in a transaction of its own. */
  offer(user: ToolUser, category: Category | undefined): Promise<Offer>;
  /** One tool by its name, as an offer would have it; undefined when it is not there, not accepted or not in order. */
  find(user: ToolUser, name: string): Promise<OfferedTool | undefined>;
  /** As `find`, but also while its connection rests after failures: calls through it are then told to wait. */
  load(trx: OrganizationTransaction, user: ToolUser, name: string): Promise<LoadedTool | undefined>;
  /** @throws ToolCallError */
  call(loaded: LoadedTool, args: Arguments, options: HostCallOptions): Promise<ToolResult>;
  /** What there is before a change; undefined where the tool does not look. @throws ToolCallError */
  before(loaded: LoadedTool, args: Arguments, options: CallOptions): Promise<Record<string, unknown> | undefined>;
  /** @throws ToolCallError */
  readBack(loaded: LoadedTool, request: ReadBackRequest, options: CallOptions): Promise<ReadBackVerdict>;
  /** Takes a change back, unless that would lose what others have done since. @throws ToolCallError */
  undo(loaded: LoadedTool, done: DoneChange, options: CallOptions): Promise<Undone>;
  readonly resource: FirstPartyTools['resource'];
  readonly checkArguments: CheckArguments;
  /** Asks the server for its tools, pins new connections, quarantines what has changed. @throws ToolCallError */
  refresh(on: ConnectionRef, signal: AbortSignal): Promise<void>;
  /** Credentials, connectivity, permissions and limits, each told; writes the health it found. Never throws for a fault of the server. */
  test(on: ConnectionRef, signal: AbortSignal): Promise<Omit<ConnectionTest, 'connection'>>;
  /** Forgets sessions of a connection that has changed or is gone. */
  forget(on: ConnectionRef): Promise<void>;
  close(): Promise<void>;
}

/** What calling a tool needs. */
export interface ToolDeps {
  readonly db: Kysely<Database>;
  readonly host: ToolHost;
  readonly reachKillPoint: ReachKillPoint;
  /** Wakes the readers of the organization's events, after a commit. */
  readonly wakeReaders: (organizationId: string) => void;
  /** Brings the orchestration's Slack message up to date between the workflow's own reports; never throws. */
  readonly showProgress: (target: { organizationId: string; orchestrationId: string }) => Promise<void>;
  readonly delegation: Pick<Delegation, 'call'>;
  readonly defaultLimits: DefaultLimits;
  /** Longest time that a coding agent may take, ms, and the most that one task may cost, cents. */
  readonly delegationTimeoutMs: number;
  readonly delegationMaxCents: number;
}

/** Which call of which orchestration. */
export interface CallTarget {
  readonly organizationId: string;
  readonly orchestrationId: string;
  readonly call: string;
}

/** One call at work. */
export interface ToolInvocation extends LoadedTool {
  readonly target: CallTarget;
  readonly row: ToolCall;
  readonly options: CallOptions;
  readonly attempt: Attempt;
}

/** One that changes something, with its line in the ledger as this attempt has found or claimed it. */
export interface ClaimedInvocation extends ToolInvocation {
  readonly key: string;
  readonly execution: string;
  readonly effect: Effect;
}
