import { textsFor, type ErrorCode } from '../../contracts/texts.ts';
import type { CallOutline, OrchestrationTarget } from '../../contracts/workflow.ts';
import { withOrganization, type DatabaseDeps, type OrganizationTransaction } from '../../db/organization.ts';
import { findEffect, settleEffect } from '../../db/queries/effects.ts';
import {
  changeOrchestration,
  getOrchestration,
  lockOrchestration,
  type Orchestration,
} from '../../db/queries/orchestrations.ts';
import { getApprovalPolicy } from '../../db/queries/organizations.ts';
import {
  findToolCall,
  insertToolCalls,
  listCallsById,
  setToolCall,
  type ToolCall,
} from '../../db/queries/tool-calls.ts';
import { argumentsHash } from './call-identity.ts';
import { approvalNeed } from './approval-evaluator.ts';
import { toOutlines } from './wanted-calls.ts';
import type { ToolHost } from './tool-host.ts';
import type { AggregatedResult } from '../../contracts/orchestration.ts';

/** The one call of a job that is nothing but a call. */
const CALL_ID = 'call/0';

/** Records the call that a request names, with the reasons to ask first. Empty when there is no such tool. */
export async function prepareToolJob(
  deps: DatabaseDeps & { readonly host: Pick<ToolHost, 'find'> },
  target: OrchestrationTarget,
): Promise<{ calls: CallOutline[] }> {
  const { organizationId, orchestrationId } = target;
  const { options, user_id: userId } = await withOrganization(deps.db, organizationId, (trx) =>
    getOrchestration(trx, orchestrationId),
  );
  const wanted = options.tool;
  const tool = wanted && (await deps.host.find({ organizationId, userId }, wanted.name));
  if (!wanted || !tool) return { calls: [] };
  const calls = await withOrganization(deps.db, organizationId, async (trx) => {
    const { language } = await lockOrchestration(trx, orchestrationId);
    const { policy } = await getApprovalPolicy(trx);
    const { risk } = tool;
    // The person who names the call has written its arguments.
    const { reasons, waived } = approvalNeed({ ...tool, tainted: false, plannedAndApproved: false }, policy);
    await insertToolCalls(trx, [
      {
        organization_id: organizationId,
        orchestration_id: orchestrationId,
        id: CALL_ID,
        tool: tool.name,
        connection_id: tool.connectionId,
        arguments: JSON.stringify(wanted.arguments),
        arguments_hash: argumentsHash(wanted.arguments),
        risk,
        reasons: JSON.stringify(reasons),
        waived_reasons: waived ? JSON.stringify(waived) : null,
      },
    ]);
    await changeOrchestration(trx, {
      organizationId,
      id: orchestrationId,
      set: {
        status: 'running',
        step: textsFor(language).tools.callingTool(tool.name),
        progress: 15,
        started_at: new Date().toISOString(),
      },
      event: 'orchestration_progress',
    });
    return listCallsById(trx, orchestrationId, [CALL_ID]);
  });
  return { calls: toOutlines(calls, [tool]) };
}

const LOST = 'It was sent, and whoever waited for the answer is gone.';

/**
 * Ends calls that will not be made: declined by a human, or no longer needed. Of what was sent nobody can say that it was
 * not made: it is answered as unknown, for a human to look.
 */
export function closeCalls(
  deps: DatabaseDeps,
  {
    organizationId,
    orchestrationId,
    calls,
    as,
  }: OrchestrationTarget & { calls: readonly string[]; as: 'declined' | 'cancelled' | 'failed' },
): Promise<{ unknown: string[] }> {
  return withOrganization(deps.db, organizationId, async (trx) => {
    const unknown: string[] = [];
    const finished = { finished_at: new Date().toISOString() };
    for (const id of calls) {
      const row = await findToolCall(trx, { orchestrationId, id });
      const effect = row?.effect_key ? await findEffect(trx, row.effect_key) : undefined;
      const wasSent = effect?.state === 'UNKNOWN' || (effect?.state === 'PENDING' && effect.sent_at !== null);
      if (effect && wasSent) {
        unknown.push(id);
        // A human is asked about it, unless the work ends here.
        await setToolCall(trx, { orchestrationId, id }, { status: 'unknown', ...(as !== 'failed' && finished) });
        if (effect.state === 'PENDING') await settleEffect(trx, effect, { state: 'UNKNOWN', detail: LOST });
      } else await setToolCall(trx, { orchestrationId, id }, { status: as, ...finished });
    }
    return { unknown };
  });
}

const CONFIRMED = 'A person has looked and confirmed that this has happened. Its answer was lost.';

/**
 * Records what a human has found out about a change whose outcome was unknown. `retry`: it did not happen, and may be
 * made again. `open`: it stays unknown.
 */
export function settleUnknownEffect(
  deps: DatabaseDeps,
  {
    organizationId,
    orchestrationId,
    call: id,
    verdict,
  }: OrchestrationTarget & { call: string; verdict: 'done' | 'retry' | 'open' },
): Promise<void> {
  return withOrganization(deps.db, organizationId, async (trx) => {
    const row = await findToolCall(trx, { orchestrationId, id });
    if (!row?.effect_key) return;
    const now = new Date().toISOString();
    const result = JSON.stringify({ text: CONFIRMED, isError: false });
    if (verdict === 'open') await setToolCall(trx, { orchestrationId, id }, { finished_at: now });
    if (verdict === 'retry') {
      await setToolCall(trx, { orchestrationId, id }, { status: 'pending' });
      await settleEffect(trx, { key: row.effect_key }, { state: 'FAILED', settled_by: 'person', detail: null });
    }
    if (verdict === 'done') {
      await setToolCall(trx, { orchestrationId, id }, { status: 'done', result, finished_at: now });
      await settleEffect(
        trx,
        { key: row.effect_key },
        {
          state: 'DONE',
          settled_by: 'person',
          result,
          undoable: false,
          detail: null,
        },
      );
    }
  });
}

const CODES: Partial<Record<ToolCall['status'], ErrorCode>> = { declined: 'tool_declined', unknown: 'effect_unknown' };

/** The result of a job that is a single call: the tool's answer, or why there is none. */
export async function toolJobResult(
  trx: OrganizationTransaction,
  { id }: Orchestration,
  executionTimeMs: number,
): Promise<{ result?: AggregatedResult; code?: ErrorCode }> {
  const call = await findToolCall(trx, { orchestrationId: id, id: CALL_ID });
  if (call?.status !== 'done' || !call.result) return { code: CODES[call?.status ?? 'failed'] ?? 'tool_failed' };
  return {
    result: {
      primary_result: call.result.text,
      supporting_insights: [],
      confidence_score: 1,
      aggregation_method: 'weighted_merge',
      agents_used: [],
      execution_time_ms: executionTimeMs,
      primary_agent: null,
      models_used: [],
      missing_agents: [],
    },
  };
}
