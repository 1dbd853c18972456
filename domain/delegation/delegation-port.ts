import type { DelegationTool, ToolDefinition, ToolResult } from '../../contracts/tools.ts';
import type { CallOptions } from '../tools/tool-ports.ts';

export type OnLog = (lines: readonly string[]) => void | Promise<void>;

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

/** Coding agents as tools. */
export interface Delegation {
  /** Always all of them: one that is not there answers what to set. */
  tools(): readonly ToolDefinition[];
  /** Those that are configured or installed. */
  available(): Promise<DelegationTool[]>;
  /**
   * Runs one task to its end. A task that failed, was too slow or could not begin is a result with `isError`.
   * @throws ToolCallError when it was cancelled, or when nobody knows whether the sidecar has worked on it.
   */
  call(tool: string, args: Readonly<Record<string, unknown>>, options: DelegationCall): Promise<ToolResult>;
  close(): Promise<void>;
}
