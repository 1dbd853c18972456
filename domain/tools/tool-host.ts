import type { Category } from '../../contracts/agents.ts';
import type { StepRisk } from '../../contracts/plan.ts';
import type { ConnectionTest } from '../../contracts/connections.ts';
import type { LeftOut, ToolDefinition, ToolResult } from '../../contracts/tools.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import type { CallOptions } from './mcp-connection.ts';

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
  /** Its name and description are a stranger's words: nobody vouches for the server. */
  readonly unvouched?: boolean;
}

/** For whom tools are looked up: a personal connection is offered to its owner's requests only. */
export interface ForWhom {
  readonly organizationId: string;
  readonly userId: string | null;
}

export interface Offer {
  readonly tools: readonly OfferedTool[];
  /** Connections that would have had tools, and why not. */
  readonly leftOut: readonly LeftOut[];
}

/** Which connection, as whose. */
export interface OnConnection {
  readonly organizationId: string;
  readonly connectionId: string;
}

export interface ReadBackAsked {
  readonly args: Readonly<Record<string, unknown>>;
  readonly effectKey: string;
  readonly sentAt: Date;
  readonly before: Record<string, unknown> | undefined;
  readonly taken: ReadonlySet<string>;
}

/**
 * An organization's tools behind one door, the same for agents, for REST and for MCP clients of ours. It opens and
 * keeps sessions, refreshes grants, counts failures and pins what servers say. It decides nothing: policy, ledger and
 * approval are its callers'.
 */
export interface ToolHost {
  /** What may be offered, from our own tables: no server is asked. In a stable order. */
  offerIn(trx: OrganizationTransaction, whom: ForWhom, category: Category | undefined): Promise<Offer>;
  /** As `offerIn`, in a transaction of its own. */
  offer(whom: ForWhom, category: Category | undefined): Promise<Offer>;
  /**
   * One tool by its name; undefined when it is not there, not accepted or not in order. With `alsoResting` also while its
   * connection rests after failures: calls through it are then told to wait.
   */
  find(whom: ForWhom, name: string, options?: { readonly alsoResting?: boolean }): Promise<OfferedTool | undefined>;
  /** @throws ToolCallError */
  call(
    on: OnConnection,
    remoteName: string,
    args: Readonly<Record<string, unknown>>,
    options: CallOptions,
  ): Promise<ToolResult>;
  /** What there is before a change; undefined where the tool does not look. @throws ToolCallError */
  before(
    on: OnConnection,
    remoteName: string,
    args: Readonly<Record<string, unknown>>,
    options: CallOptions,
  ): Promise<Record<string, unknown> | undefined>;
  /** Whether a change whose answer was lost has happened. `unclear` where the tool cannot say. @throws ToolCallError */
  readBack(
    on: OnConnection,
    remoteName: string,
    asked: ReadBackAsked,
    options: CallOptions,
  ): Promise<{ readonly happened: ToolResult } | 'not_happened' | 'unclear'>;
  /** Where the result can be found; undefined where the tool does not say. Pure. */
  resource(
    provider: string,
    remoteName: string,
    result: ToolResult,
    args: Readonly<Record<string, unknown>>,
  ): { id: string; url?: string } | undefined;
  /** Takes a change back, and says what was done. @throws ToolCallError */
  undo(
    on: OnConnection,
    remoteName: string,
    done: {
      readonly args: Readonly<Record<string, unknown>>;
      readonly result: ToolResult;
      readonly before: Record<string, unknown> | undefined;
    },
    options: CallOptions,
  ): Promise<string>;
  /** Asks the server for its tools, pins new connections, quarantines what has changed. @throws ToolCallError */
  refresh(on: OnConnection, signal: AbortSignal): Promise<void>;
  /** Credentials, connectivity, permissions and limits, each told; writes the health it found. Never throws for a fault of the server. */
  test(on: OnConnection, signal: AbortSignal): Promise<Omit<ConnectionTest, 'connection'>>;
  /** Forgets sessions of a connection that has changed or is gone. */
  forget(on: OnConnection): Promise<void>;
  close(): Promise<void>;
}
