import type { ToolResult } from '../../contracts/tools.ts';
import type { CallOutcome } from '../../contracts/workflow.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { lockOrchestration, tellChange, updateOrchestration } from '../../db/queries/orchestrations.ts';
import { setStep } from '../../db/queries/steps.ts';
import { setToolCall, type ToolCall } from '../../db/queries/tool-calls.ts';
import { storableResult } from './results.ts';
import type { CallTarget, ToolDeps } from './tool-deps.ts';

export interface Settled {
  readonly status: 'done' | 'failed';
  readonly result: ToolResult;
  /** What it says comes from outside, and nobody vouches for it. */
  readonly taints: boolean;
}

/** Writes a call's answer, and tells people that something has moved. Locks the orchestration first, as everybody does. */
export async function writeAnswer(
  trx: OrganizationTransaction,
  { orchestrationId, call }: CallTarget,
  row: Pick<ToolCall, 'step_id'>,
  { status, result, taints }: Settled,
): Promise<void> {
  await lockOrchestration(trx, orchestrationId);
  const changed = await setToolCall(
    trx,
    { orchestrationId, id: call },
    {
      status,
      result: JSON.stringify(storableResult(result)),
      progress: null,
      finished_at: new Date().toISOString(),
    },
  );
  if (taints && row.step_id) await setStep(trx, { orchestrationId, id: row.step_id }, { tainted: true });
  if (!changed) return;
  const orchestration = await updateOrchestration(trx, { id: orchestrationId, set: {} });
  if (orchestration) await tellChange(trx, orchestration, 'orchestration_progress');
}

/** As `writeAnswer`, in a transaction of its own. */
export async function settleCall(
  deps: Pick<ToolDeps, 'db' | 'wakeReaders'>,
  target: CallTarget,
  row: Pick<ToolCall, 'step_id'>,
  settled: Settled,
): Promise<CallOutcome> {
  await withOrganization(deps.db, target.organizationId, (trx) => writeAnswer(trx, target, row, settled));
  deps.wakeReaders(target.organizationId);
  return { status: settled.status };
}
