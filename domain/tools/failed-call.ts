import type { CallOutcome } from '../../contracts/workflow.ts';
import { withOrganization } from '../../db/organization.ts';
import { setToolCall } from '../../db/queries/tool-calls.ts';
import { ToolCallError } from './mcp-connection.ts';
import { afterFailure } from './call-failures.ts';
import { hasVerifiedEffects } from '../effects/has-verified-effects.ts';
import type { ToolInvocation } from './tool-invocation.ts';
import { errorResult } from './results.ts';
import { settleCall } from './settle-call.ts';
import type { ToolDeps } from './tool-deps.ts';

/** What follows when a call was certainly not made, or had nothing to change. */
export async function failedToCall(
  deps: ToolDeps,
  { target, row, tool, attempt }: ToolInvocation,
  error: unknown,
): Promise<CallOutcome> {
  if (!(error instanceof ToolCallError)) throw error;
  const next = afterFailure(error, attempt.number);
  if (next.kind === 'throw') throw next.failure;
  if (next.kind === 'answer')
    // It may quote what the server has said.
    return settleCall(deps, target, row, {
      status: 'failed',
      result: errorResult(next.text),
      taints: !hasVerifiedEffects(tool),
    });
  const { organizationId, orchestrationId, call } = target;
  await withOrganization(deps.db, organizationId, (trx) =>
    setToolCall(trx, { orchestrationId, id: call }, { status: 'waiting' }),
  );
  return { status: 'reconnect' };
}
