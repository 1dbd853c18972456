import type { SettledBy } from '../../contracts/effects.ts';
import { FAILURE, FailureError } from '../../contracts/failures.ts';
import type { ToolResult } from '../../contracts/tools.ts';
import type { CallOutcome } from '../../contracts/workflow.ts';
import { withOrganization } from '../../db/organization.ts';
import { claimEffect, setSent, settleEffect, takeOver } from '../../db/queries/effects.ts';
import { setToolCall } from '../../db/queries/tool-calls.ts';
import { DELEGATE } from '../../contracts/delegation.ts';
import { ToolCallError } from '../tools/mcp-connection.ts';
import { retryWhileDatabaseUnavailable } from '../models/retry-while-database-unavailable.ts';
import { effectKeyOf } from '../tools/canonical.ts';
import { delegate } from '../delegation/delegate.ts';
import { failedToCall } from '../tools/failed-call.ts';
import { errorResult, storableResult } from '../tools/results.ts';
import { checkOutcome } from './check-outcome.ts';
import { hasVerifiedEffects } from './has-verified-effects.ts';
import type { ClaimedInvocation, ToolInvocation } from '../tools/tool-invocation.ts';
import { settleCall, writeAnswer } from '../tools/settle-call.ts';
import type { ToolDeps } from '../tools/tool-deps.ts';

/** How long after our own patience an answer may still have an effect, ms. */
const MARGIN_MS = 5_000;

/**
 * Makes a change through the ledger: claimed before it is sent, settled after. A try that finds a claim of an earlier
 * one never sends again before it has found out what became of that.
 */
export async function change(deps: ToolDeps, making: ToolInvocation): Promise<CallOutcome> {
  const { mine, held } = await claim(deps, making);
  const { state, sent_at: sentAt } = held.effect;
  if (mine) return send(deps, held);
  if (state === 'DONE') return repeatAnswer(deps, held);
  if (state === 'UNKNOWN') return { status: 'unknown' };
  return sentAt === null ? send(deps, await takeOverFor(deps, held)) : resolveUnknownOutcome(deps, held);
}

async function claim(deps: ToolDeps, making: ToolInvocation): Promise<{ mine: boolean; held: ClaimedInvocation }> {
  const { target, row, tool } = making;
  const { organizationId, orchestrationId, call } = target;
  const execution = `${making.attempt.execution}#${making.attempt.number}`;
  const of = { organizationId, orchestrationId, step: row.step_id, tool: tool.name, argumentsHash: row.arguments_hash };
  const key = effectKeyOf(of);
  const { mine, effect } = await withOrganization(deps.db, organizationId, async (trx) => {
    await setToolCall(trx, { orchestrationId, id: call }, { effect_key: key });
    return claimEffect(trx, {
      organization_id: organizationId,
      key,
      orchestration_id: orchestrationId,
      step_id: row.step_id,
      call_id: row.id,
      tool: tool.name,
      connection_id: tool.connectionId,
      arguments: JSON.stringify(row.arguments),
      arguments_hash: row.arguments_hash,
      undoable: tool.canUndo,
      execution,
    });
  });
  return { mine, held: { ...making, key, execution, effect } };
}

/** The claim becomes ours, as long as nobody else has it by now; whoever held it finds it gone before it sends anything. */
async function takeOverFor(deps: ToolDeps, held: ClaimedInvocation): Promise<ClaimedInvocation> {
  const effect = await withOrganization(deps.db, held.target.organizationId, (trx) =>
    takeOver(trx, held.effect, held.execution),
  );
  if (!effect) throw overtaken();
  return { ...held, effect };
}

/** Another try has the claim. Whoever is still waited for looks again. */
const overtaken = (): FailureError =>
  FailureError.create({
    type: FAILURE.toolCallGone,
    message: 'A newer try holds this call.',
    nextRetryDelay: 1000,
  });

const onConnection = ({ target, tool }: ToolInvocation) => ({
  organizationId: target.organizationId,
  connectionId: tool.connectionId,
});

async function send(deps: ToolDeps, held: ClaimedInvocation): Promise<CallOutcome> {
  const { tool, row, options, key, execution, effect } = held;
  const on = onConnection(held);
  const { organizationId } = held.target;
  let sent = false;
  try {
    // What there was before the first try is what an undo goes back to.
    const before = effect.before ?? (await deps.host.before(on, tool.remoteName, row.arguments, options));
    const waitMs = options.timeoutMs + MARGIN_MS;
    // Looked at before the claim is marked as sent: from then on others count down to their own try.
    const sendUntil = Date.now() + options.timeoutMs + MARGIN_MS / 2;
    sent = await withOrganization(deps.db, organizationId, (trx) => setSent(trx, { key, execution, waitMs, before }));
    if (!sent) throw overtaken();
    deps.reachKillPoint('before-effect');
    const result =
      tool.provider === DELEGATE
        ? await delegate(deps, held, options)
        : await deps.host.call(on, tool.remoteName, row.arguments, { ...options, effectKey: key, sendUntil });
    deps.reachKillPoint('after-effect');
    // It has happened: a database that is away is asked again, not the provider.
    const outcome = await retryWhileDatabaseUnavailable(
      () => settle(deps, held, result, 'response'),
      AbortSignal.timeout(LEDGER_MS),
    );
    deps.reachKillPoint('after-effect-stored');
    return outcome;
  } catch (error) {
    if (!(error instanceof ToolCallError)) throw error;
    if (sent && (error.kind === 'unknown' || error.kind === 'cancelled'))
      return resolveUnknownOutcome(deps, held, error);
    const written = await withOrganization(deps.db, organizationId, (trx) =>
      settleEffect(trx, versionOf(held), { state: 'FAILED', detail: error.message }),
    );
    if (!written) throw overtaken();
    return failedToCall(deps, held, error);
  }
}

/** The ledger is waited for this long with an answer in hand, ms. */
const LEDGER_MS = 10 * 60_000;

/** Finds out what became of a change whose answer was lost, and writes that down. */
async function resolveUnknownOutcome(
  deps: ToolDeps,
  held: ClaimedInvocation,
  lost?: ToolCallError,
): Promise<CallOutcome> {
  const found = await checkOutcome(deps, held, lost);
  if (found.kind === 'happened') return settle(deps, held, found.result, found.by);
  if (found.kind === 'send') return send(deps, await takeOverFor(deps, held));
  if (found.kind === 'later') throw found.failure;
  const { organizationId, orchestrationId, call } = held.target;
  await withOrganization(deps.db, organizationId, async (trx) => {
    await setToolCall(trx, { orchestrationId, id: call }, { status: 'unknown' });
    const written = await settleEffect(trx, versionOf(held), { state: 'UNKNOWN', detail: found.detail });
    if (!written) throw overtaken();
  });
  if (found.failure) throw found.failure;
  return { status: 'unknown' };
}

/** Which try of an effect this is: a newer one has a higher number. */
const versionOf = ({ key, effect: { attempts } }: ClaimedInvocation) => ({ key, attempts });

/**
 * Writes the answer into the ledger and to the call, in one transaction. That it happened is true whoever says it; that
 * it did not is only for the newest try to say.
 */
async function settle(deps: ToolDeps, held: ClaimedInvocation, given: ToolResult, by: SettledBy): Promise<CallOutcome> {
  const { target, tool, row, key } = held;
  const result = storableResult(given);
  const status = result.isError ? ('failed' as const) : ('done' as const);
  const happened = !result.isError || hasBegun(tool, result);
  const resource = result.isError
    ? undefined
    : deps.host.resource(tool.provider, tool.remoteName, result, row.arguments);
  await withOrganization(deps.db, target.organizationId, async (trx) => {
    await writeAnswer(trx, target, row, { status, result, taints: !hasVerifiedEffects(tool) });
    const written = await settleEffect(trx, happened ? { key } : versionOf(held), {
      state: happened ? 'DONE' : 'FAILED',
      result: JSON.stringify(result),
      resource: resource ? JSON.stringify(resource) : null,
      settled_by: by,
      detail: result.isError ? result.text.slice(0, DETAIL_CHARS) : null,
    });
    if (!happened && !written) throw overtaken();
  });
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
    result: effect.result ?? errorResult('It has happened, and its answer was not kept.'),
    taints: !hasVerifiedEffects(tool),
  });
