import type { Attempt } from '../attempt.ts';
import type { Language } from '../../contracts/agents.ts';
import { FAILURE, FailureError } from '../../contracts/failures.ts';
import { isFinal } from '../../contracts/orchestration.ts';
import type { CallOutcome } from '../../contracts/workflow.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { getOrchestration, lockOrchestration } from '../../db/queries/orchestrations.ts';
import { setStep } from '../../db/queries/steps.ts';
import { countIdenticalBefore, findToolCall, setToolCall, type ToolCall } from '../../db/queries/tool-calls.ts';
import { claimChange, makeChange } from '../effects/make-change.ts';
import { effectKeyOf, findApprovalMismatch, findCallMismatch, refuseUnlessStillWanted } from './call-identity.ts';
import { findWithdrawnPermission } from './approval-evaluator.ts';
import { followProgress } from './progress.ts';
import { errorResult, NOT_KEPT } from './results.ts';
import { later, limitsOf, settleCall, settleFailure, writeAnswer } from './settle-call.ts';
import type {
  CallTarget,
  ClaimedInvocation,
  HostCallOptions,
  ToolDeps,
  ToolInvocation,
  LoadedTool,
} from './tool-host.ts';
import { errorSentence } from '../../contracts/texts.ts';
import { findEffect, settleEffect, type Effect } from '../../db/queries/effects.ts';

/**
 * Makes one call and writes its answer. Reads may be repeated; what changes something goes through the ledger. Safe to
 * repeat: an answer that is there is the answer.
 */
export async function callTool(deps: ToolDeps, target: CallTarget, attempt: Attempt): Promise<CallOutcome> {
  const { organizationId } = target;
  const opened = await withOrganization(deps.db, organizationId, (trx) => open(deps, trx, target, attempt));
  if ('outcome' in opened) {
    if (opened.isNew) deps.wakeReaders(organizationId);
    return opened.outcome;
  }
  const { tool, options } = opened.invocation;
  const progress = followProgress(deps, target, { tool: tool.name, language: opened.language });
  const reporting = { options: { ...options, onProgress: progress.tell } };
  try {
    return opened.claim
      ? await makeChange(deps, { ...opened.claim, invocation: { ...opened.claim.invocation, ...reporting } })
      : await read(deps, { ...opened.invocation, ...reporting });
  } finally {
    await progress.flush();
  }
}

/** What is to be done: nothing more (`isNew`: people are to be told), a read, or a change with its line in the ledger. */
type OpenedCall =
  | { readonly outcome: CallOutcome; readonly isNew: boolean }
  | {
      readonly language: Language;
      readonly invocation: ToolInvocation;
      readonly claim: { readonly isClaimed: boolean; readonly invocation: ClaimedInvocation } | undefined;
    };

/**
 * Everything that is decided from our own tables before a call, in one transaction: whether it is still to be made,
 * whether it is what was wanted and approved, and for a change the claim in the ledger. One that ends here locks the
 * orchestration before the call's row, as whoever cancels the work does.
 */
async function open(
  deps: ToolDeps,
  trx: OrganizationTransaction,
  target: CallTarget,
  attempt: Attempt,
): Promise<OpenedCall> {
  const { organizationId, orchestrationId, call } = target;
  const { status, user_id: userId, language } = await getOrchestration(trx, orchestrationId);
  if (isFinal(status)) throw FailureError.nonRetryable('The job is over.', FAILURE.alreadyOver);
  const row = await findToolCall(trx, { orchestrationId, id: call });
  if (!row) throw FailureError.nonRetryable('There is no such call.', FAILURE.toolCallGone);
  if (row.status === 'done' || row.status === 'failed') return { outcome: { status: row.status }, isNew: false };
  if (row.status === 'declined' || row.status === 'cancelled') return { outcome: { status: 'failed' }, isNew: false };
  const loaded = await deps.host.load(trx, { organizationId, userId }, row.tool);
  // By the same name another connection may be found by now; what was perhaps sent was sent through the one before.
  if (!loaded || (loaded.tool.connectionId !== row.connection_id && row.effect_key !== null)) {
    await lockOrchestration(trx, orchestrationId);
    await setRunning(trx, target, row);
    return { outcome: await settleWithoutTool(trx, target, row, language), isNew: true };
  }
  // Nothing that a human has to see goes past them, whatever a workflow asks for.
  if (row.reasons.length > 0 && !row.approved) throw new Error(`The call ${row.id} was not approved.`);
  const mismatch = await findMismatch(trx, row, loaded);
  if (mismatch !== undefined) {
    await lockOrchestration(trx, orchestrationId);
    await setRunning(trx, target, row);
    await writeAnswer(trx, target, row, { status: 'failed', result: errorResult(mismatch), taints: false });
    return { outcome: { status: 'failed' }, isNew: true };
  }
  const options = { signal: attempt.signal, ...limitsOf(loaded, deps) };
  const invocation = { ...loaded, target, row, attempt, options };
  const reads = row.risk === 'read' && loaded.tool.risk === 'read';
  const key = reads ? undefined : await keyOf(trx, target, row);
  await setRunning(trx, target, row, key);
  return { language, invocation, claim: key === undefined ? undefined : await claimChange(trx, invocation, key) };
}

/** Why a call is not made as it stands; undefined for most. */
async function findMismatch(
  trx: OrganizationTransaction,
  row: ToolCall,
  { tool }: LoadedTool,
): Promise<string | undefined> {
  // What is claimed was looked at then, and may be under way: the ledger finds out what became of it.
  if (row.effect_key !== null) return undefined;
  return (
    findCallMismatch(row, tool) ??
    (await findApprovalMismatch(trx, row)) ??
    (await findWithdrawnPermission(trx, row, tool))
  );
}

const keyOf = async (
  trx: OrganizationTransaction,
  { organizationId, orchestrationId }: CallTarget,
  row: ToolCall,
): Promise<string> =>
  effectKeyOf({
    organizationId,
    orchestrationId,
    step: row.step_id,
    turn: row.turn_key,
    tool: row.tool,
    argumentsHash: row.arguments_hash,
    nth: await countIdenticalBefore(trx, row),
  });

async function setRunning(
  trx: OrganizationTransaction,
  { orchestrationId, call: id }: CallTarget,
  row: ToolCall,
  effectKey?: string,
): Promise<void> {
  const starts = row.status === 'pending' || row.status === 'waiting';
  if (starts || effectKey !== undefined)
    await setToolCall(
      trx,
      { orchestrationId, id },
      {
        ...(starts && { status: 'running', started_at: new Date().toISOString() }),
        ...(effectKey !== undefined && { effect_key: effectKey }),
      },
    );
  // The step has waited for a human, and is at work again.
  if (row.status === 'waiting' && row.step_id)
    await setStep(trx, { orchestrationId, id: row.step_id }, { status: 'running' });
}

async function read(deps: ToolDeps, invocation: ToolInvocation): Promise<CallOutcome> {
  const { target, row, options } = invocation;
  const beforeSending: HostCallOptions['beforeSending'] = (check) =>
    withOrganization(deps.db, target.organizationId, async (trx) => {
      await check(trx);
      await refuseUnlessStillWanted(deps.host, trx, target, row);
      return undefined;
    });
  try {
    // What nothing was waived for needs no second look, and no transaction for it.
    const result = await deps.host.call(
      invocation,
      row.arguments,
      row.waived_reasons === null ? options : { ...options, beforeSending },
    );
    return await settleCall(deps, target, row, { status: result.isError ? 'failed' : 'done', result, taints: true });
  } catch (error) {
    return settleFailure(deps, invocation, error);
  }
}

const NOBODY_CAN_LOOK = 'It was sent, its answer was lost, and the tool is not available any more to look.';

/**
 * What a call comes to whose tool is gone. What was sent before that may have happened all the same: the ledger is asked
 * before anybody is told that the call was not made.
 */
async function settleWithoutTool(
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
