import type { Attempt } from '../attempt.ts';
import type { Effect } from '../../db/queries/effects.ts';
import type { ToolCall } from '../../db/queries/tool-calls.ts';
import type { OfferedTool } from './tool-host.ts';
import type { CallOptions } from './mcp-connection.ts';
import type { CallTarget } from './tool-deps.ts';

/** One call at work. */
export interface ToolInvocation {
  readonly target: CallTarget;
  readonly row: ToolCall;
  readonly tool: OfferedTool;
  readonly options: CallOptions;
  readonly attempt: Attempt;
}

/** An effect that this attempt holds. */
export interface ClaimedInvocation extends ToolInvocation {
  readonly key: string;
  readonly execution: string;
  readonly effect: Effect;
}
