import type { CallOutcome } from '../contracts/workflow.ts';
import { heartbeating } from './heartbeating.ts';
import { callTool } from '../domain/tools/call-tool.ts';
import type { CallTarget, ToolDeps } from '../domain/tools/tool-host.ts';
import { undoEffect, type UndoTarget } from '../domain/effects/undo.ts';

/** Calls to the outside world through connected tools. What changes something goes through the ledger. */
export const createToolActivities = (deps: ToolDeps) => ({
  /** Makes one call that an agent or a person wants. Idempotent by the call, a change also by its key in the ledger. */
  callTool: (target: CallTarget): Promise<CallOutcome> => heartbeating((attempt) => callTool(deps, target, attempt)),

  /** Takes one change back. Idempotent by the ledger's key. */
  undoEffect: (target: UndoTarget): Promise<{ undone: boolean }> =>
    heartbeating((attempt) => undoEffect(deps, target, attempt)),
});
