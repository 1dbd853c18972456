import type { CallOptions } from '../tools/mcp-connection.ts';
import type { OnLog } from './log-batches.ts';

/** How one task is delegated. */
export interface DelegationCall extends CallOptions {
  /** The folder of this run; two runs with different keys see nothing of each other. */
  readonly workspaceKey: string;
  /** Whose task it is, where that is known. */
  readonly organizationId?: string;
  readonly userId?: string;
  /** Live log lines, without secrets: batches of at most 200, at least half a second apart. */
  readonly onLog: OnLog;
}
