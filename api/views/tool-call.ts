import type { ToolCallView } from '../../contracts/tools.ts';
import type { ShownCall } from '../../db/queries/tool-views.ts';

/** A call as people read it. Pure. */
export const toToolCallView = (row: ShownCall): ToolCallView => ({
  id: row.id,
  stepId: row.step_id,
  tool: row.tool,
  connection: row.connection,
  risk: row.risk,
  status: row.status,
  tainted: row.tainted,
  arguments: row.arguments,
  result: row.result ?? null,
  progress: row.progress,
  startedAt: row.started_at?.toISOString() ?? null,
  finishedAt: row.finished_at?.toISOString() ?? null,
});
