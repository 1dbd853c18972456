import { toJsonb } from '../../contracts/json.ts';
import { randomUUID } from 'node:crypto';
import { isFinal, type AggregatedResult, type FinalStatus, type JobError } from '../../contracts/orchestration.ts';
import { nanosToCents, windowEnd } from '../../contracts/money.ts';
import type { StopReceipt } from '../../contracts/steering.ts';
import { agentName } from '../../contracts/phases.ts';
import { errorSentence, textsFor, type ErrorCode } from '../../contracts/texts.ts';
import type { Ending, OrchestrationTarget, OrchestrationOutcome } from '../../contracts/workflow.ts';
import type { Language } from '../../contracts/agents.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { closeEnvelope } from '../../db/queries/envelopes.ts';
import { tightestPeriod } from '../../db/queries/budget.ts';
import { openHealingFailure } from '../../db/queries/healing.ts';
import { messageInsert } from '../../db/queries/sessions.ts';
import {
  changeOrchestration,
  lockOrchestration,
  type Change,
  type Orchestration,
} from '../../db/queries/orchestrations.ts';
import { setApproval } from '../../db/queries/plans.ts';
import { pendingDrop, setStopsDelivered } from '../../db/queries/steering.ts';
import { listSteps, type Step } from '../../db/queries/steps.ts';
import { cancelOpenCalls } from '../../db/queries/tool-calls.ts';
import { listTurns } from '../../db/queries/turns.ts';
import { spentSince } from '../../db/queries/costs.ts';
import type { EstimateDeps } from '../budgets/estimate.ts';
import type { LimitDeps } from '../budgets/limits.ts';
import { dryRunResult } from '../planning/dry-run.ts';
import { mergeAnswers, missingOf, settleSteps, toAnswers } from './answers.ts';
import { toolJobResult } from '../tools/tool-job.ts';

/**
 * Writes the end of an orchestration: merged answers, final status, the assistant's message and the terminal event, in
 * one transaction; what was set aside for its plan is given back. Safe to repeat: a final status is final and is
 * answered again.
 */
export function finishOrchestration(
  deps: EstimateDeps & LimitDeps,
  input: OrchestrationTarget & { ending: Ending },
): Promise<OrchestrationOutcome> {
  return withOrganization(deps.db, input.organizationId, async (trx) => {
    const [orchestration, before, turns] = await Promise.all([
      lockOrchestration(trx, input.orchestrationId),
      listSteps(trx, input.orchestrationId),
      listTurns(trx, input.orchestrationId),
    ]);
    if (isFinal(orchestration.status)) return { status: orchestration.status };
    const { ending } = input;
    const steps = await settleSteps(trx, before, ending);
    // Also true for a request that began without a plan and was planned while it ran.
    const planned = steps.some(({ revision }) => revision > 0);
    const answers = toAnswers(steps, turns);
    const missing = missingOf(steps, answers, ending, orchestration.language);
    const isCut = answers.some((answer) => answer.isCut);
    const tookMs = Date.now() - orchestration.created_at.getTime();
    const toolJob = orchestration.options.tool ? await toolJobResult(trx, orchestration, tookMs) : undefined;
    const result =
      ending.kind === 'planned'
        ? await dryRunResult(deps, trx, orchestration, steps, tookMs)
        : orchestration.options.tool
          ? toolJob?.result
          : mergeAnswers(answers, missing, tookMs);
    const isStandIn = orchestration.route?.mode === 'fallback' && !planned;
    const status = statusOf(ending, result, isStandIn && !isCut);
    const receipt = await receiptOf(trx, orchestration.id, ending, steps);
    const told = errorOf(ending, status, orchestration.language, toolJob?.code ?? (isCut ? 'answer_cut' : undefined));
    const error = told && { ...told, ...(await resetOf(deps, trx, orchestration, told)) };
    // Rows are locked in one order everywhere: orchestration, budget, event counter.
    if (ending.stop?.mode === 'stop') await setStopsDelivered(trx, orchestration.id);
    if (ending.kind !== 'worked') await cancelOpenCalls(trx, orchestration.id);
    if (planned) await closeEnvelope(trx, orchestration.id);
    await recordEnd(trx, orchestration, { status, result, error, receipt });
    return { status };
  });
}

/** A stand-in's answer is a whole answer: with fallbacks the agents that failed are named, but nothing is missing. */
function statusOf(ending: Ending, result: AggregatedResult | undefined, withFallback: boolean): FinalStatus {
  if (ending.kind === 'cancelled') return 'cancelled';
  if (ending.kind === 'expired') return 'expired';
  if (ending.kind === 'stopped') return result ? 'partial' : 'cancelled';
  if (!result) return 'failed';
  if (ending.kind === 'failed') return 'partial';
  return (result.coverage?.missing.length ?? 0) > 0 && !withFallback ? 'partial' : 'completed';
}

function errorOf(
  ending: Ending,
  status: FinalStatus,
  language: Language,
  otherwise: ErrorCode = 'no_answer',
): JobError | undefined {
  if (status === 'completed' || status === 'cancelled' || status === 'expired') return undefined;
  const failed = ending.failures?.find(({ skipped }) => !skipped) ?? ending.failures?.[0];
  const code = ending.kind === 'failed' ? ending.code : (failed?.reason ?? otherwise);
  return { code, message: errorSentence(code, language) };
}

/** When the budget that had no room is whole again by itself: the end of its tightest window. */
async function resetOf(
  { defaultLimits }: LimitDeps,
  trx: OrganizationTransaction,
  { user_id: userId }: Orchestration,
  { code }: JobError,
): Promise<Pick<JobError, 'resetsAt'>> {
  if (code !== 'budget_exhausted_user' && code !== 'budget_exhausted_organization') return {};
  const scope = code === 'budget_exhausted_user' ? 'user' : 'organization';
  const period = await tightestPeriod(trx, { scope, userId }, defaultLimits);
  return period ? { resetsAt: windowEnd(period, new Date()) } : {};
}

/** What a stop or a cancel cost and left; undefined without one. */
async function receiptOf(
  trx: OrganizationTransaction,
  orchestrationId: string,
  { stop }: Ending,
  steps: readonly Step[],
): Promise<StopReceipt | undefined> {
  if (!stop) return undefined;
  return {
    mode: stop.mode,
    at: stop.at,
    callsInFlight: stop.callsInFlight,
    spentAfterStopCents: nanosToCents(await spentSince(trx, orchestrationId, stop.at)),
    stepsDone: steps.filter(({ status }) => status === 'done').length,
    stepsTotal: steps.length,
  };
}

interface End {
  readonly status: FinalStatus;
  readonly result: AggregatedResult | undefined;
  readonly error: JobError | undefined;
  readonly receipt: StopReceipt | undefined;
}

async function recordEnd(trx: OrganizationTransaction, orchestration: Orchestration, end: End): Promise<void> {
  const texts = textsFor(orchestration.language);
  const content = answerText(end.result) ?? end.error?.message ?? texts[end.status];
  const worked = end.status === 'completed' || end.status === 'partial';
  const approval = withdrawApproval(orchestration, end.status);
  const message = messageInsert(trx, {
    organization_id: orchestration.organization_id,
    id: randomUUID(),
    session_id: orchestration.session_id,
    orchestration_id: orchestration.id,
    role: 'assistant',
    content,
  });
  const left = [pendingDrop(trx, orchestration.id), openHealingFailure(trx, orchestration.id)];
  if (approval) await setApproval(trx, orchestration.id, approval);
  const change: Change = {
    organizationId: orchestration.organization_id,
    id: orchestration.id,
    set: {
      status: end.status,
      progress: worked ? 100 : orchestration.progress,
      step: texts[end.status],
      result: end.result ? toJsonb(end.result) : null,
      error: end.error ? toJsonb(end.error) : null,
      receipt: end.receipt ? toJsonb(end.receipt) : null,
      ...(approval && { approval: toJsonb(approval) }),
      // The person has taken them back while it ran.
      ...(orchestration.message_deleted_at && { message: texts.words.deletedRequest }),
      finished_at: new Date().toISOString(),
    },
    event: worked ? 'orchestration_completed' : 'orchestration_failed',
  };
  await changeOrchestration(trx, change, [message, ...left]);
}

/** The open question, closed by the end of the work. */
const withdrawApproval = ({ approval }: Orchestration, status: FinalStatus) =>
  approval && !approval.decision
    ? {
        ...approval,
        decision: {
          verdict: status === 'expired' ? ('expired' as const) : ('withdrawn' as const),
          by: null,
          via: status === 'expired' ? 'deadline' : 'end',
          at: new Date().toISOString(),
        },
      }
    : undefined;

/** The answers as one text, for the session's memory. */
function answerText(result: AggregatedResult | undefined): string | undefined {
  if (!result) return undefined;
  const others = result.supporting_insights.map(
    ({ agent, content, step }) => `## ${step ?? agentName(agent)}\n\n${content}`,
  );
  return [result.primary_result, ...others].join('\n\n');
}
