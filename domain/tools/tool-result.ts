import type { AggregatedResult } from '../../contracts/orchestration.ts';
import type { ErrorCode } from '../../contracts/texts.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';
import { findToolCall, type ToolCall } from '../../db/queries/tool-calls.ts';
import { CALL_ID } from './tool-job.ts';

const CODES: Partial<Record<ToolCall['status'], ErrorCode>> = { declined: 'tool_declined', unknown: 'effect_unknown' };

/** How a job ends that is nothing but a call: with what the tool said, or why it said nothing. */
export async function whatCameOf(
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
