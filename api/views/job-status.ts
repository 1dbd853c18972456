import { nanosToCents, type Nanos } from '../../contracts/money.ts';
import type { JobStatus } from '../../contracts/orchestration.ts';
import type { Step } from '../../db/queries/steps.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';

/** An orchestration as people read it. Pure. */
export function toJobStatus(row: Orchestration, agents: readonly Step[], costNanos: Nanos): JobStatus {
  const end = row.finished_at ?? new Date();
  return {
    jobId: row.id,
    sessionId: row.session_id,
    status: row.status,
    progress: row.progress,
    step: row.step,
    message: row.message,
    category: row.category,
    agents: agents.flatMap(({ agent, status, model, cost_nanos }) =>
      agent ? [{ agent, status, model, costCents: nanosToCents(cost_nanos) }] : [],
    ),
    ...(row.result && { result: row.result }),
    ...(row.approval && { approval: row.approval }),
    costCents: nanosToCents(costNanos),
    steering: [],
    healing: [],
    dryRun: row.options.dryRun ?? false,
    durationMs: Math.max(0, end.getTime() - row.created_at.getTime()),
    ...(row.error && { error: row.error }),
    demo: row.demo,
    createdAt: row.created_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
  };
}
