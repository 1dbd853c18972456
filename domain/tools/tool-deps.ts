import type { Kysely } from 'kysely';
import type { Database } from '../../db/tables/index.ts';
import type { DefaultLimits } from '../../db/queries/budget.ts';
import type { Delegation } from '../delegation/delegation-port.ts';
import type { ToolHost } from './tool-host.ts';
import type { ReachKillPoint } from '../kill-points.ts';

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
