import { toJsonb } from '../../contracts/json.ts';
import type { Approval } from '../../contracts/approval.ts';
import { textsFor } from '../../contracts/texts.ts';
import type { OrchestrationTarget, Question, QuestionInput } from '../../contracts/workflow.ts';
import { withOrganization, type DatabaseDeps, type OrganizationTransaction } from '../../db/organization.ts';
import { lockConnection } from '../../db/queries/connections.ts';
import { changeOrchestration, lockOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { insertApproval, setApproval } from '../../db/queries/plans.ts';
import { listSteps, setStep } from '../../db/queries/steps.ts';
import { listCallsById, setToolCall } from '../../db/queries/tool-calls.ts';
import { progressOf } from '../steps/end-step.ts';
import { toQuestion } from './approval.ts';
import { createRunApproval, type RunQuestionDeps } from './run-question.ts';

/** Asks a human and shows it; safe to repeat: the question of a number is asked once. */
export function askHuman(deps: DatabaseDeps & RunQuestionDeps, input: QuestionInput): Promise<Question> {
  return withOrganization(deps.db, input.organizationId, async (trx) => {
    const orchestration = await lockOrchestration(trx, input.orchestrationId);
    const now = Date.now();
    const approval = await createRunApproval(deps, trx, orchestration, input, now);
    if (orchestration.approval?.id === approval.id) return toQuestion(orchestration.approval, now);
    if (input.unlessReconnected && (await isReconnected(trx, input)))
      return { ...toQuestion(approval, now), moot: true };
    if (input.step) await setStep(trx, { orchestrationId: orchestration.id, id: input.step }, { status: 'waiting' });
    for (const id of input.kind === 'tool' ? (input.calls ?? []) : [])
      await setToolCall(
        trx,
        { orchestrationId: orchestration.id, id },
        { status: 'waiting', approval_id: approval.id, approved: false },
      );
    await openQuestion(trx, orchestration, approval);
    return toQuestion(approval, now);
  });
}

/**
 * Whether the connection of a call has its access back. Its row stays locked until the question is stored, so that a
 * renewal is either visible here or finds the question.
 */
async function isReconnected(
  trx: OrganizationTransaction,
  { orchestrationId, calls = [] }: QuestionInput,
): Promise<boolean> {
  const [call] = await listCallsById(trx, orchestrationId, calls);
  const connection = call?.connection_id ? await lockConnection(trx, call.connection_id) : undefined;
  return connection?.health === 'healthy';
}

/** Stores a question and makes the orchestration wait for its answer. */
export async function openQuestion(
  trx: OrganizationTransaction,
  { organization_id: organizationId, id, language }: Orchestration,
  approval: Approval,
): Promise<void> {
  await insertApproval(trx, { organizationId, orchestrationId: id }, approval);
  await changeOrchestration(trx, {
    organizationId,
    id,
    set: {
      status: 'awaiting_approval',
      step: textsFor(language).awaitingApproval,
      approval: toJsonb(approval),
    },
    event: 'approval_requested',
  });
}

/** Records that a question is over without an answer, and that the work continues. */
export function closeQuestion(
  deps: DatabaseDeps,
  input: OrchestrationTarget & { approvalId: string; verdict: 'expired' | 'withdrawn' },
): Promise<void> {
  const { organizationId, orchestrationId } = input;
  return withOrganization(deps.db, organizationId, async (trx) => {
    const { approval, language } = await lockOrchestration(trx, orchestrationId);
    if (!approval || approval.id !== input.approvalId || approval.decision) return;
    const closed: Approval = {
      ...approval,
      decision: {
        verdict: input.verdict,
        by: null,
        via: input.verdict === 'expired' ? 'deadline' : 'work',
        at: new Date().toISOString(),
      },
    };
    await setApproval(trx, orchestrationId, closed);
    const { step } = progressOf(await listSteps(trx, orchestrationId), textsFor(language));
    await changeOrchestration(trx, {
      organizationId,
      id: orchestrationId,
      set: { status: 'running', step, approval: toJsonb(closed) },
      event: 'approval_decided',
    });
  });
}
