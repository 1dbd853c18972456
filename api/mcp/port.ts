import type { ToolResult } from '../../contracts/tools.ts';
import type { Principal } from '../../db/queries/people.ts';
import type { ToolHost } from '../../domain/tools/tool-host.ts';
import type { ApiDeps } from '../deps.ts';
import type { McpSessions } from './sessions.ts';

/** What has become of a call: its result, or the job that it waits or runs in. */
export interface CallOutcome {
  readonly jobId: string;
  /** Of the job, as under `GET /api/jobs/:jobId`. */
  readonly status: string;
  /** Absent while it waits for a human or runs on. */
  readonly result?: ToolResult | undefined;
}

export interface CallToolOptions {
  /** The client has cancelled, or is gone: nobody waits any more. */
  readonly signal: AbortSignal;
  readonly onProgress: ((message: string, share?: number) => void) | undefined;
}

/**
 * Calls a tool for a person under policy, ledger, approval and audit: the same as `POST /api/tools/:name/call`. The
 * servers here never run a provider's tool themselves. @throws ProblemError in words for a person
 */
export type CallTool = (
  principal: Principal,
  toolName: string,
  args: Readonly<Record<string, unknown>>,
  options: CallToolOptions,
) => Promise<CallOutcome>;

export interface McpDeps extends Pick<ApiDeps, 'db' | 'log'> {
  /** Says which tools there are; calls go through `callTool`. */
  readonly host: Pick<ToolHost, 'offer'>;
  readonly callTool: CallTool;
  readonly sessions: McpSessions;
  /** Where people reach this house; requests must come to this host, or to this machine by its own names. */
  readonly publicUrl: string;
}
