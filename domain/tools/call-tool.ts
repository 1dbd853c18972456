import type { Attempt } from '../attempt.ts';
import { FAILURE, FailureError } from '../../contracts/failures.ts';
import { isFinal } from '../../contracts/orchestration.ts';
import type { CallOutcome } from '../../contracts/workflow.ts';
import { withOrganization } from '../../db/organization.ts';
import { getOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { setStep } from '../../db/queries/steps.ts';
import { findToolCall, setToolCall, type ToolCall } from '../../db/queries/tool-calls.ts';
import type { OfferedTool } from './tool-host.ts';
import { findApprovalMismatch, findCallMismatch } from './call-mismatch.ts';
import { failedToCall } from './failed-call.ts';
import type { ToolInvocation } from './tool-invocation.ts';
import { change } from '../effects/make-change.ts';
import { followProgress } from './progress.ts';
import { errorResult } from './results.ts';
import { settleCall } from './settle-call.ts';
import type { CallTarget, ToolDeps } from './tool-deps.ts';
import { withoutTool } from '../effects/without-tool.ts';

/** An ordinary call answers within this, ms. */
const CALL_MS = 30_000;

/**
 * Makes one call and writes its answer. Reads may be repeated; what changes something goes through the ledger. Safe to
 * repeat: an answer that is there is the answer.
 */
export async function callTool(deps: ToolDeps, target: CallTarget, attempt: Attempt): Promise<CallOutcome> {
  const { orchestration, row } = await load(deps, target);
  if (row.status === 'done' || row.status === 'failed') return { status: row.status };
  if (row.status === 'declined' || row.status === 'cancelled') return { status: 'failed' };
  const { organizationId } = target;
  const whom = { organizationId, userId: orchestration.user_id };
  const tool = await deps.host.find(whom, row.tool, { alsoResting: true });
  // By the same name another connection may be found by now; what was perhaps sent was sent through the one before.
  const moved = tool?.connectionId !== row.connection_id && row.effect_key !== null;
  if (!tool || moved) return withoutTool(deps, target, row, orchestration.language);
  // Nothing that a human has to see goes past them, whatever a workflow asks for.
  if (row.reasons.length > 0 && !row.approved) throw new Error(`The call ${row.id} was not approved.`);
  // What is claimed was looked at then, and may be under way: the ledger finds out what became of it.
  const other = row.effect_key === null ? await whyNot(deps, target, row, tool) : undefined;
  if (other) return settleCall(deps, target, row, { status: 'failed', result: errorResult(other), taints: false });
  const timeoutMs = tool.provider === 'delegate' ? deps.delegationTimeoutMs : CALL_MS;
  const progress = followProgress(deps, target, { tool: tool.name, language: orchestration.language });
  const making: ToolInvocation = {
    target,
    row,
    tool,
    attempt,
    options: { signal: attempt.signal, timeoutMs, onProgress: progress.tell },
  };
  try {
    return await (row.risk === 'read' && tool.risk === 'read' ? look(deps, making) : change(deps, making));
  } finally {
    await progress.flush();
  }
}

/** Why a call is not made as it stands; undefined for most. */
async function whyNot(
  deps: ToolDeps,
  target: CallTarget,
  row: ToolCall,
  tool: OfferedTool,
): Promise<string | undefined> {
  const other = findCallMismatch(row, tool);
  if (other !== undefined || row.reasons.length === 0) return other;
  return withOrganization(deps.db, target.organizationId, (trx) => findApprovalMismatch(trx, row));
}

async function load(deps: ToolDeps, target: CallTarget): Promise<{ orchestration: Orchestration; row: ToolCall }> {
  const { organizationId, orchestrationId, call } = target;
  return withOrganization(deps.db, organizationId, async (trx) => {
    const orchestration = await getOrchestration(trx, orchestrationId);
    if (isFinal(orchestration.status)) throw FailureError.nonRetryable('The job is over.', FAILURE.alreadyOver);
    const row = await findToolCall(trx, { orchestrationId, id: call });
    if (!row) throw FailureError.nonRetryable('There is no such call.', FAILURE.toolCallGone);
    if (row.status === 'pending' || row.status === 'waiting') {
      const set = { status: 'running' as const, started_at: new Date().toISOString() };
      await setToolCall(trx, { orchestrationId, id: call }, set);
      // The step has waited for a human, and is at work again.
      if (row.status === 'waiting' && row.step_id)
        await setStep(trx, { orchestrationId, id: row.step_id }, { status: 'running' });
    }
    return { orchestration, row };
  });
}

async function look(deps: ToolDeps, making: ToolInvocation): Promise<CallOutcome> {
  const { target, row, tool, options } = making;
  const on = { organizationId: target.organizationId, connectionId: tool.connectionId };
  try {
    const result = await deps.host.call(on, tool.remoteName, row.arguments, options);
    return await settleCall(deps, target, row, { status: result.isError ? 'failed' : 'done', result, taints: true });
  } catch (error) {
    return failedToCall(deps, making, error);
  }
}
