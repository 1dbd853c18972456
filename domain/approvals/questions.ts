import type { Approval, ApprovalKind } from '../../contracts/approval.ts';
import { textsFor } from '../../contracts/texts.ts';
import type { Question } from '../../contracts/workflow.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { lockConnection } from '../../db/queries/connections.ts';
import { changeOrchestration, lockOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { insertApproval, setApproval } from '../../db/queries/plans.ts';
import { listSteps, setStep } from '../../db/queries/steps.ts';
import { listCallsById, setToolCall } from '../../db/queries/tool-calls.ts';
import { progressOf } from '../steps/progress.ts';
import { toQuestion } from './approval.ts';
import type { StoreDeps, Target } from '../../activities/store.ts';
import { toMidwayApproval } from './midway-question.ts';

/** A question in the midst of the work. */
export interface AskInput extends Target {
  readonly kind: ApprovalKind;
  readonly step?: string;
  /** Codes of what happened. */
  readonly evidence?: readonly string[];
  /** Of a refused budget: whose it is, and by how much it is too small. */
  readonly refused?: unknown;
  /** Of calls: those that the question is about. */
  readonly calls?: readonly string[];
  /** Of a reconnect: it may have been renewed since, which nobody need be asked about. */
  readonly unlessBack?: boolean;
  /** Counts the questions of the job. */
  readonly nth: number;
}

/** Asks a human and shows it; safe to repeat: the question of a number is asked once. */
export function askHuman(deps: StoreDeps, input: AskInput): Promise<Question> {
  return withOrganization(deps.db, input.organizationId, async (trx) => {
    const orchestration = await lockOrchestration(trx, input.orchestrationId);
    const now = Date.now();
    const approval = await toMidwayApproval(deps, trx, orchestration, input, now);
    if (orchestration.approval?.id === approval.id) return toQuestion(orchestration.approval, now);
    if (input.unlessBack && (await isBack(trx, input))) return { ...toQuestion(approval, now), moot: true };
    if (input.step) await setStep(trx, { orchestrationId: orchestration.id, id: input.step }, { status: 'waiting' });
    for (const id of input.kind === 'tool' ? (input.calls ?? []) : [])
      await setToolCall(
        trx,
        { orchestrationId: orchestration.id, id },
        { status: 'waiting', approval_id: approval.id, approved: false },
      );
    await ask(trx, orchestration, approval);
    return toQuestion(approval, now);
  });
}

/**
 * Whether the connection of a call has its access back. The row is held until the question is written, so that whoever
 * renews it either is seen here or finds the question.
 */
async function isBack(trx: OrganizationTransaction, { orchestrationId, calls = [] }: AskInput): Promise<boolean> {
  const [call] = await listCallsById(trx, orchestrationId, calls);
  const connection = call?.connection_id ? await lockConnection(trx, call.connection_id) : undefined;
  return connection?.health === 'healthy';
}

/** Shows a question as the one that waits. */
export async function ask(
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
      approval: JSON.stringify(approval),
    },
    event: 'approval_requested',
  });
}

/** Writes that a question is over without an answer, and that the work goes on. */
export function closeQuestion(
  deps: StoreDeps,
  input: Target & { approvalId: string; verdict: 'expired' | 'withdrawn' },
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
      set: { status: 'running', step, approval: JSON.stringify(closed) },
      event: 'approval_decided',
    });
  });
}
