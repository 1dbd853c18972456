import type { Language } from '../../contracts/agents.ts';
import { errorSentence } from '../../contracts/texts.ts';
import type { CallOutcome } from '../../contracts/workflow.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { findEffect, settleEffect, type Effect } from '../../db/queries/effects.ts';
import { setToolCall, type ToolCall } from '../../db/queries/tool-calls.ts';
import { errorResult, NOT_KEPT } from '../tools/results.ts';
import { later, writeAnswer } from '../tools/settle-call.ts';
import type { CallTarget } from '../tools/tool-deps.ts';

const NOBODY_CAN_LOOK = 'It was sent, its answer was lost, and the tool is not available any more to look.';

/**
 * What a call comes to whose tool is gone. What was sent before that may have happened all the same: the ledger is asked
 * before anybody is told that the call was not made.
 */
export async function settleWithoutTool(
  trx: OrganizationTransaction,
  target: CallTarget,
  row: ToolCall,
  language: Language,
): Promise<CallOutcome> {
  const effect = row.effect_key === null ? undefined : await findEffect(trx, row.effect_key);
  if (effect && (await mayHaveHappened(trx, effect))) {
    await setToolCall(trx, { orchestrationId: target.orchestrationId, id: target.call }, { status: 'unknown' });
    return { status: 'unknown' };
  }
  const answer =
    effect?.state === 'DONE'
      ? { status: 'done' as const, result: effect.result ?? errorResult(NOT_KEPT), taints: true }
      : { status: 'failed' as const, result: errorResult(errorSentence('tool_missing', language)), taints: false };
  await writeAnswer(trx, target, row, answer);
  return { status: answer.status };
}

/** Closes what is still open: sent, and only a person can find out; or never sent, and then it did not happen. */
async function mayHaveHappened(trx: OrganizationTransaction, effect: Effect): Promise<boolean> {
  if (effect.state !== 'PENDING') return effect.state === 'UNKNOWN';
  const sent = effect.sent_at !== null;
  const set = sent ? { state: 'UNKNOWN' as const, detail: NOBODY_CAN_LOOK } : { state: 'FAILED' as const };
  if (!(await settleEffect(trx, effect, set))) throw later('A newer try holds this call.', 1_000);
  return sent;
}
