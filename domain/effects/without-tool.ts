import type { Language } from '../../contracts/agents.ts';
import { errorSentence } from '../../contracts/texts.ts';
import type { CallOutcome } from '../../contracts/workflow.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { findEffect, settleEffect, type Effect } from '../../db/queries/effects.ts';
import { setToolCall, type ToolCall } from '../../db/queries/tool-calls.ts';
import { later } from '../tools/call-failures.ts';
import { errorResult } from '../tools/results.ts';
import { writeAnswer } from '../tools/settle-call.ts';
import type { CallTarget, ToolDeps } from '../tools/tool-deps.ts';

const NOBODY_CAN_LOOK = 'It was sent, its answer was lost, and the tool is not available any more to look.';

/**
 * What a call comes to whose tool is gone. What was sent before that may have happened all the same: the ledger is asked
 * before anybody is told that the call was not made.
 */
export async function withoutTool(
  deps: Pick<ToolDeps, 'db' | 'wakeReaders'>,
  target: CallTarget,
  row: ToolCall,
  language: Language,
): Promise<CallOutcome> {
  const missing = { result: errorResult(errorSentence('tool_missing', language)), taints: false };
  const outcome = await withOrganization(deps.db, target.organizationId, async (trx): Promise<CallOutcome> => {
    const effect = row.effect_key === null ? undefined : await findEffect(trx, row.effect_key);
    if (effect && (await mayHaveHappened(trx, effect))) {
      await setToolCall(trx, { orchestrationId: target.orchestrationId, id: target.call }, { status: 'unknown' });
      return { status: 'unknown' };
    }
    if (effect?.state === 'DONE') {
      const result = effect.result ?? errorResult('It has happened, and its answer was not kept.');
      await writeAnswer(trx, target, row, { status: 'done', result, taints: true });
      return { status: 'done' };
    }
    await writeAnswer(trx, target, row, { ...missing, status: 'failed' });
    return { status: 'failed' };
  });
  deps.wakeReaders(target.organizationId);
  return outcome;
}

/** Closes what is still open: sent, and only a person can find out; or never sent, and then it did not happen. */
async function mayHaveHappened(trx: OrganizationTransaction, effect: Effect): Promise<boolean> {
  if (effect.state !== 'PENDING') return effect.state === 'UNKNOWN';
  const sent = effect.sent_at !== null;
  const set = sent ? { state: 'UNKNOWN' as const, detail: NOBODY_CAN_LOOK } : { state: 'FAILED' as const };
  if (!(await settleEffect(trx, effect, set))) throw later('A newer try holds this call.', 1_000);
  return sent;
}
