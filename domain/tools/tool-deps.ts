import type { Kysely } from 'kysely';
import type { Database } from '../../db/tables/index.ts';
import type { DefaultLimits } from '../../db/queries/budget.ts';
import type { Effect } from '../../db/queries/effects.ts';
import type { ToolCall } from '../../db/queries/tool-calls.ts';
import type { Attempt } from '../attempt.ts';
import type { Delegation } from '../delegation/delegation-port.ts';
import type { ReachKillPoint } from '../kill-points.ts';
import type { CallOptions } from './tool-ports.ts';
import type { LoadedTool, ToolHost } from './tool-host.ts';

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
