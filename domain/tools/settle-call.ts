import { CancelledError, FAILURE, FailureError } from '../../contracts/failures.ts';
import { DELEGATE, type ToolResult } from '../../contracts/tools.ts';
import type { CallOutcome } from '../../contracts/workflow.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { lockOrchestration, tellChange, updateOrchestration } from '../../db/queries/orchestrations.ts';
import { setStep } from '../../db/queries/steps.ts';
import { setToolCall, type ToolCall } from '../../db/queries/tool-calls.ts';
import { ToolCallError, type CallOptions } from './tool-ports.ts';
import { errorResult, storableResult } from './results.ts';
import { hasVerifiedEffects } from './taint.ts';
import type { CallTarget, LoadedTool, ToolDeps, ToolInvocation } from './tool-host.ts';

interface CallAnswer {
  readonly status: 'done' | 'failed';
  readonly result: ToolResult;
  /** What it says comes from outside and is untrusted. */
  readonly taints: boolean;
}

/**
 * Writes a call's answer, and tells people that something has moved. Locks the orchestration first, as everybody does;
 * the event comes last, after what `also` writes.
 */
export async function writeAnswer(
  trx: OrganizationTransaction,
  { orchestrationId, call }: CallTarget,
  row: Pick<ToolCall, 'step_id'>,
  { status, result, taints }: CallAnswer,
  also?: () => Promise<void>,
): Promise<void> {
  await lockOrchestration(trx, orchestrationId);
  const images = result.images?.length ? JSON.stringify(result.images) : null;
  const set = { status, result: JSON.stringify(storableResult(result)), images, progress: null };
  const finished = { ...set, finished_at: new Date().toISOString() };
  const changed = await setToolCall(trx, { orchestrationId, id: call }, finished);
  if (taints && row.step_id) await setStep(trx, { orchestrationId, id: row.step_id }, { tainted: true });
  await also?.();
  if (!changed) return;
  const orchestration = await updateOrchestration(trx, { id: orchestrationId, set: {} });
  if (orchestration) await tellChange(trx, orchestration, 'orchestration_progress');
}

/** As `writeAnswer`, in a transaction of its own. */
export async function settleCall(
  deps: Pick<ToolDeps, 'db' | 'wakeReaders'>,
  target: CallTarget,
  row: Pick<ToolCall, 'step_id'>,
  answer: CallAnswer,
): Promise<CallOutcome> {
  await withOrganization(deps.db, target.organizationId, (trx) => writeAnswer(trx, target, row, answer));
  deps.wakeReaders(target.organizationId);
  return { status: answer.status };
}

/** What follows when a call was certainly not made, or had nothing to change. @throws FailureError to be tried again */
export async function settleFailure(
  deps: Pick<ToolDeps, 'db' | 'wakeReaders'>,
  { target, row, tool, attempt }: ToolInvocation,
  error: unknown,
): Promise<CallOutcome> {
  if (!(error instanceof ToolCallError)) throw error;
  const next = afterFailure(error, attempt.number);
  if (next.kind === 'throw') throw next.failure;
  // It may quote what the server has said.
  const answer = { status: 'failed', taints: !hasVerifiedEffects(tool) } as const;
  if (next.kind === 'answer') return settleCall(deps, target, row, { ...answer, result: errorResult(next.text) });
  const { organizationId, orchestrationId, call } = target;
  await withOrganization(deps.db, organizationId, (trx) =>
    setToolCall(trx, { orchestrationId, id: call }, { status: 'waiting' }),
  );
  return { status: 'reconnect' };
}

/** Tries of a provider that is away; then the agent is told, and may go another way. */
const TRIES = 4;
const MAX_WAIT_MS = 60_000;
const SHORT_WAIT_MS = 1_500;

/** What a failed call comes to: an answer that says so, a question to a human, or another try by Temporal. */
type AfterFailure =
  | { readonly kind: 'answer'; readonly text: string }
  | { readonly kind: 'reconnect' }
  | { readonly kind: 'throw'; readonly failure: Error };

/** The one place that decides what follows from a call that was certainly not made. Pure. */
export function afterFailure({ kind, message, retryAfterMs }: ToolCallError, attempt: number): AfterFailure {
  if (kind === 'cancelled') return { kind: 'throw', failure: new CancelledError(message) };
  if (kind === 'reconnect') return { kind: 'reconnect' };
  if (kind === 'refused' || attempt >= TRIES) return { kind: 'answer', text: message };
  return { kind: 'throw', failure: later(message, retryAfterMs ?? SHORT_WAIT_MS * 2 ** (attempt - 1)) };
}

/** Temporal tries again after this time. */
export const later = (message: string, waitMs: number): FailureError =>
  FailureError.create({
    type: FAILURE.toolUnavailable,
    message,
    nextRetryDelay: Math.min(MAX_WAIT_MS, Math.max(1, Math.ceil(waitMs))),
  });

/**
 * How long a call may take, ms, where its connection says nothing else: without a sign of life, which is an answer or
 * progress, and in all. Clients of MCP commonly give 60 s, and long work reports progress. Providers of ours are plain
 * APIs, and of a call whose answer was lost nothing is sent again before its time is over: they get less.
 */
const SILENCE_MS = 60_000;
const TOTAL_MS = 600_000;
const OURS_MS = 30_000;

/** The tool's own limits, else its connection's, else the usual ones. Pure. */
export function limitsOf(
  { tool, connection }: LoadedTool,
  { delegationTimeoutMs }: { readonly delegationTimeoutMs: number },
): Required<Pick<CallOptions, 'timeoutMs' | 'silenceMs'>> {
  if (tool.provider === DELEGATE) return { timeoutMs: delegationTimeoutMs, silenceMs: delegationTimeoutMs };
  const { tools = {}, ...all } = connection?.call_limits ?? {};
  const own = Object.hasOwn(tools, tool.remoteName) ? tools[tool.remoteName] : {};
  const { silenceSeconds, totalSeconds } = { ...all, ...own };
  const [silence, total] = connection?.kind === 'remote' ? [SILENCE_MS, TOTAL_MS] : [OURS_MS, OURS_MS];
  const silenceMs = silenceSeconds === undefined ? silence : silenceSeconds * 1_000;
  // Who allows a longer silence allows that much in all.
  const timeoutMs = totalSeconds === undefined ? Math.max(total, silenceMs) : totalSeconds * 1_000;
  return { timeoutMs, silenceMs: Math.min(silenceMs, timeoutMs) };
}
