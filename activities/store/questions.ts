import type { Approval, ApprovalKind, Choice } from '../../contracts/approval.ts';
import { centsToNanos, nanosToCents } from '../../contracts/money.ts';
import { textsFor } from '../../contracts/texts.ts';
import type { Question } from '../../contracts/workflow.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { costOf } from '../../db/queries/budget.ts';
import { changeOrchestration, lockOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { insertApproval, setApproval } from '../../db/queries/plans.ts';
import { listSteps, setStep } from '../../db/queries/steps.ts';
import { progressOf } from '../model/progress.ts';
import { expiryOf, toApproval, toQuestion } from './approval.ts';
import { evidenceFor } from './evidence.ts';
import type { StoreDeps, Target } from './index.ts';
import { policyNow } from './policy.ts';

/** A question in the midst of the work. */
export interface AskInput extends Target {
  readonly kind: ApprovalKind;
  readonly step?: string;
  /** Codes of what happened. */
  readonly evidence?: readonly string[];
  /** Of a refused budget: whose it is, and by how much it is too small. */
  readonly refused?: unknown;
  /** Counts the questions of the job. */
  readonly nth: number;
}

/** What can be answered; the first is what APPROVE says. */
const CHOICES: Partial<Record<ApprovalKind, Choice[]>> = {
  budget: ['raise', 'skip', 'stop'],
  healing: ['retry', 'skip', 'stop'],
  loop: ['retry', 'skip', 'stop'],
  replan: ['retry', 'stop'],
  effect: ['skip', 'done', 'retry', 'stop'],
  reconnect: ['retry', 'skip', 'stop'],
};

/** Asks a human and shows it; safe to repeat: the question of a number is asked once. */
export function askHuman(deps: StoreDeps, input: AskInput): Promise<Question> {
  return withOrganization(deps.db, input.organizationId, async (trx) => {
    const orchestration = await lockOrchestration(trx, input.orchestrationId);
    const now = Date.now();
    const approval = await toMidwayApproval(deps, trx, orchestration, input, now);
    if (orchestration.approval?.id === approval.id) return toQuestion(orchestration.approval, now);
    if (input.step) await setStep(trx, { orchestrationId: orchestration.id, id: input.step }, { status: 'waiting' });
    await ask(trx, orchestration, approval);
    return toQuestion(approval, now);
  });
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

async function toMidwayApproval(
  deps: StoreDeps,
  trx: OrganizationTransaction,
  orchestration: Orchestration,
  input: AskInput,
  now: number,
): Promise<Approval> {
  const { policy, answers } = await policyNow(trx, deps.approvalRules, { askerId: orchestration.user_id, now });
  const { kind, nth } = input;
  const choices = CHOICES[kind];
  const texts = textsFor(orchestration.language);
  const steps = await listSteps(trx, orchestration.id);
  const raise = kind === 'budget' ? raiseOf(input.refused) : undefined;
  const spentCents = nanosToCents(await costOf(trx, orchestration.id));
  return toApproval({
    orchestrationId: orchestration.id,
    message: orchestration.message,
    name: `${kind}:${nth}`,
    shown: {
      kind,
      expiresAt: expiryOf(policy, deps.approvalRules, now),
      // Who has the say over one step has it over the way out of trouble; more money is an admin's to give.
      policy: { ...answers, quorum: kind === 'step' ? answers.quorum : 1, ...(raise && { adminChoices: ['raise'] }) },
      plan: {
        agents: orchestration.route?.agents ?? [],
        mode: orchestration.route?.mode ?? 'parallel',
        estimatedCents: raise ? raise.byCents : spentCents,
        worstCaseCents: raise ? raise.byCents : spentCents,
        question: choices ? texts.choose(choices.map((choice) => texts.choices[choice])) : texts.question,
        evidence: evidenceFor(input, steps, texts, orchestration.language),
        ...(input.step && { stepId: input.step }),
        ...(raise && { raise }),
      },
      ...(choices && { choices }),
    },
  });
}

/** What a refused budget would have to be raised by, rounded up to a whole cent. */
function raiseOf(refused: unknown): NonNullable<Approval['plan']['raise']> | undefined {
  if (!Array.isArray(refused)) return undefined;
  const [scope, said] = refused as [unknown, { period?: unknown; missingNanos?: unknown; limitNanos?: unknown }?];
  if ((scope !== 'organization' && scope !== 'user') || typeof said?.missingNanos !== 'number') return undefined;
  const limit = typeof said.limitNanos === 'number' ? nanosToCents(said.limitNanos) : 0;
  const byCents = Math.ceil(said.missingNanos / centsToNanos(1));
  return { scope, period: String(said.period), byCents, limitCents: limit };
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
