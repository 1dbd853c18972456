import { toJsonb } from '../../contracts/json.ts';
import type { SettledBy } from '../../contracts/effects.ts';
import { FAILURE, FailureError } from '../../contracts/failures.ts';
import { type ToolResult, DELEGATE } from '../../contracts/tools.ts';
import type { CallOutcome } from '../../contracts/workflow.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { claimEffect, setSent, settleEffect, reclaimEffect } from '../../db/queries/effects.ts';
import { setStep } from '../../db/queries/steps.ts';
import { setToolCall } from '../../db/queries/tool-calls.ts';
import { ToolCallError } from '../tools/tool-ports.ts';
import { retryWhileDatabaseUnavailable } from '../attempt.ts';
import { refuseUnlessStillWanted } from '../tools/call-identity.ts';
import { delegate } from '../delegation/delegate.ts';
import { errorResult, NOT_KEPT, storableResult } from '../tools/results.ts';
import { checkOutcome } from './check-outcome.ts';
import { hasVerifiedEffects } from '../tools/taint.ts';
import { settleCall, settleFailure, writeAnswer } from '../tools/settle-call.ts';
import type {
  ClaimedInvocation,
  ToolDeps,
  ToolInvocation,
  CheckBeforeSending,
  HostCallOptions,
} from '../tools/tool-host.ts';

/** How long after our own patience an answer may still have an effect, ms. */
const MARGIN_MS = 5_000;

/** A line of the ledger, and whether this attempt has just claimed it. */
interface Claim {
  readonly isClaimed: boolean;
  readonly invocation: ClaimedInvocation;
}

/** Claims a change under its key, in the transaction that has decided to make it. */
export async function claimChange(
  trx: OrganizationTransaction,
  invocation: ToolInvocation,
  key: string,
): Promise<Claim> {
  const { target, row, tool, attempt } = invocation;
  const execution = `${attempt.execution}#${attempt.number}`;
  const { isClaimed, effect } = await claimEffect(trx, {
    organization_id: target.organizationId,
    key,
    orchestration_id: target.orchestrationId,
    step_id: row.step_id,
    call_id: row.id,
    tool: tool.name,
    connection_id: tool.connectionId,
    arguments: toJsonb(row.arguments),
    arguments_hash: row.arguments_hash,
    undoable: tool.canUndo,
    execution,
  });
  return { isClaimed, invocation: { ...invocation, key, execution, effect } };
}

/**
 * Makes a change that was claimed before anything is sent, and settles it after. A try that finds a claim of an earlier
 * one never sends again before it has found out what became of that.
 */
export async function makeChange(deps: ToolDeps, { isClaimed, invocation }: Claim): Promise<CallOutcome> {
  const { state, sent_at: sentAt } = invocation.effect;
  if (isClaimed) return send(deps, invocation);
  if (state === 'DONE') return repeatAnswer(deps, invocation);
  if (state === 'UNKNOWN') return { status: 'unknown' };
  return sentAt === null ? send(deps, await reclaim(deps, invocation)) : resolveUnknownOutcome(deps, invocation);
}

/** The claim becomes ours, as long as nobody else has it by now; whoever had it finds it gone before it sends anything. */
async function reclaim(deps: ToolDeps, claimed: ClaimedInvocation): Promise<ClaimedInvocation> {
  const effect = await withOrganization(deps.db, claimed.target.organizationId, (trx) =>
    reclaimEffect(trx, claimed.effect, claimed.execution),
  );
  if (!effect) throw overtaken();
  return { ...claimed, effect };
}

/** Another try has the claim. Whoever is still waited for looks again. */
const overtaken = (): FailureError =>
  FailureError.create({
    type: FAILURE.toolCallGone,
    message: 'A newer try holds this call.',
    nextRetryDelay: 1000,
  });

/** `maybeDone`: an earlier sending of it may have happened, so that a refusal now says nothing of that. */
async function send(deps: ToolDeps, claimed: ClaimedInvocation, maybeDone = false): Promise<CallOutcome> {
  const { tool, row, options, key, effect } = claimed;
  const { organizationId } = claimed.target;
  let sendUntil: number | undefined;
  try {
    // What there was before the first try is what an undo goes back to.
    const before = effect.before ?? (await deps.host.before(claimed, row.arguments, options));
    const beforeSending: HostCallOptions['beforeSending'] = async (mayBeCalled) => {
      const check: CheckBeforeSending = async (trx) => {
        await mayBeCalled(trx);
        await refuseUnlessStillWanted(deps.host, trx, claimed.target, row);
      };
      // A session may have to be opened anew: it is marked once, and looked at each time.
      if (sendUntil !== undefined) await withOrganization(deps.db, organizationId, check);
      else sendUntil = await markSent(deps, claimed, before, check);
      return sendUntil;
    };
    const result =
      tool.provider === DELEGATE
        ? await beforeSending(async () => undefined).then(() => delegate(deps, claimed, options))
        : await deps.host.call(claimed, row.arguments, { ...options, effectKey: key, beforeSending });
    deps.reachKillPoint('after-effect');
    // It has happened: a database that is away is asked again, not the provider.
    const outcome = await retryWhileDatabaseUnavailable(
      () => settle(deps, claimed, result, 'response'),
      AbortSignal.timeout(LEDGER_MS),
    );
    deps.reachKillPoint('after-effect-stored');
    return outcome;
  } catch (error) {
    if (!(error instanceof ToolCallError)) throw error;
    if (sendUntil !== undefined && (error.kind === 'unknown' || error.kind === 'cancelled'))
      return resolveUnknownOutcome(deps, claimed, error);
    if (maybeDone && sendUntil === undefined && error.kind === 'refused')
      return keepUnknown(deps, claimed, `It was sent before, its answer was lost, and then: ${error.message}`);
    const written = await withOrganization(deps.db, organizationId, (trx) =>
      settleEffect(trx, versionOf(claimed), { state: 'FAILED', detail: error.message }),
    );
    if (!written) throw overtaken();
    return settleFailure(deps, claimed, error);
  }
}

/**
 * Marks the claim as sent, in the transaction that has looked once more whether the tool may be called. Answers until
 * when it may be sent: looked at before the mark, because from then on others count down to their own try.
 */
async function markSent(
  deps: ToolDeps,
  { key, execution, options, target }: ClaimedInvocation,
  before: Record<string, unknown> | undefined,
  check: CheckBeforeSending,
): Promise<number> {
  const sendUntil = Date.now() + options.timeoutMs + MARGIN_MS / 2;
  const isClaimed = await withOrganization(deps.db, target.organizationId, async (trx) => {
    await check(trx);
    return setSent(trx, { key, execution, waitMs: options.timeoutMs + MARGIN_MS, before });
  });
  if (!isClaimed) throw overtaken();
  deps.reachKillPoint('before-effect');
  return sendUntil;
}

/** The ledger is waited for this long with an answer in hand, ms. */
const LEDGER_MS = 10 * 60_000;

/** Finds out what became of a change whose answer was lost, and writes that down. */
async function resolveUnknownOutcome(
  deps: ToolDeps,
  claimed: ClaimedInvocation,
  lost?: ToolCallError,
): Promise<CallOutcome> {
  const found = await checkOutcome(deps, claimed, lost);
  if (found.kind === 'happened') return settle(deps, claimed, found.result, found.by);
  if (found.kind === 'send') return send(deps, await reclaim(deps, claimed), found.maybeDone);
  if (found.kind === 'later') throw found.failure;
  const outcome = await keepUnknown(deps, claimed, found.detail);
  if (found.failure) throw found.failure;
  return outcome;
}

/** Whether it happened only a person can find out. */
async function keepUnknown(deps: ToolDeps, claimed: ClaimedInvocation, detail: string): Promise<CallOutcome> {
  const { organizationId, orchestrationId, call } = claimed.target;
  await withOrganization(deps.db, organizationId, async (trx) => {
    await setToolCall(trx, { orchestrationId, id: call }, { status: 'unknown' });
    const written = await settleEffect(trx, versionOf(claimed), { state: 'UNKNOWN', detail });
    if (!written) throw overtaken();
  });
  return { status: 'unknown' };
}

/** Which try of an effect this is: a newer one has a higher number. */
const versionOf = ({ key, effect: { attempts } }: ClaimedInvocation) => ({ key, attempts });

/**
 * Nobody we trust says that it did not happen: an untrusted server may have done it, and tell of a failure all the same.
 * A person looks; what it said is shown.
 */
async function keepOpen(deps: ToolDeps, claimed: ClaimedInvocation, result: ToolResult): Promise<CallOutcome> {
  const { organizationId, orchestrationId, call } = claimed.target;
  const detail = `${claimed.tool.connection} was asked and answered with an error; whether it happened all the same is not known: ${result.text.slice(0, DETAIL_CHARS)}`;
  await withOrganization(deps.db, organizationId, async (trx) => {
    await setToolCall(trx, { orchestrationId, id: call }, { status: 'unknown', result: JSON.stringify(result) });
    // The model is told what it said.
    if (claimed.row.step_id) await setStep(trx, { orchestrationId, id: claimed.row.step_id }, { tainted: true });
    const written = await settleEffect(trx, versionOf(claimed), { state: 'UNKNOWN', detail });
    if (!written) throw overtaken();
  });
  return { status: 'unknown' };
}

/**
 * Writes the answer into the ledger and to the call, in one transaction. That it happened is true whoever says it; that
 * it did not is only for the newest try to say.
 */
async function settle(
  deps: ToolDeps,
  claimed: ClaimedInvocation,
  given: ToolResult,
  by: SettledBy,
): Promise<CallOutcome> {
  const { target, tool, row, key } = claimed;
  const result = storableResult(given);
  if (result.isError && tool.untrusted === true) return keepOpen(deps, claimed, result);
  const status = result.isError ? ('failed' as const) : ('done' as const);
  const happened = !result.isError || hasBegun(tool, result);
  const resource = result.isError
    ? undefined
    : deps.host.resource(tool.provider, tool.remoteName, result, row.arguments);
  const settled = {
    state: happened ? ('DONE' as const) : ('FAILED' as const),
    result: toJsonb(result),
    resource: resource ? toJsonb(resource) : null,
    settled_by: by,
    detail: result.isError ? result.text.slice(0, DETAIL_CHARS) : null,
  };
  await withOrganization(deps.db, target.organizationId, (trx) =>
    writeAnswer(trx, target, row, { status, result: given, taints: !hasVerifiedEffects(tool) }, async () => {
      const written = await settleEffect(trx, happened ? { key } : versionOf(claimed), settled);
      if (!happened && !written) throw overtaken();
    }),
  );
  deps.wakeReaders(target.organizationId);
  return { status };
}

const DETAIL_CHARS = 1_000;

/** A coding agent that fails has worked until then: what it did is not done again by itself. */
const hasBegun = ({ provider }: ToolInvocation['tool'], { data }: ToolResult): boolean =>
  provider === DELEGATE && data !== undefined;

/** It has happened before: its answer is the answer. */
const repeatAnswer = (deps: ToolDeps, { target, row, tool, effect }: ClaimedInvocation): Promise<CallOutcome> =>
  settleCall(deps, target, row, {
    status: 'done',
    result: effect.result ?? errorResult(NOT_KEPT),
    taints: !hasVerifiedEffects(tool),
  });
