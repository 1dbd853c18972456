import type { ApprovalPolicy } from '../../contracts/approval.ts';
import type { AskReason } from '../../contracts/tools.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { listEffectsOfStep } from '../../db/queries/effects.ts';
import { findApprovedPlan } from '../../db/queries/plans.ts';
import { getApprovalPolicy } from '../../db/queries/organizations.ts';
import type { OfferedTool } from './tool-host.ts';
import { isShown, shownOfStep } from './plan-coverage.ts';
import type { CallContext } from './taint.ts';

/** A call that a turn wants, with what was found out about it. */
interface WantedChange {
  readonly tool: OfferedTool;
  readonly args: Readonly<Record<string, unknown>>;
  readonly tainted: boolean;
  readonly carriesOut: boolean;
}

/** Says why a human is asked before a call; it remembers what the turn has been granted. */
export type ApprovalEvaluator = (call: WantedChange) => AskReason[];

/**
 * Creates the evaluator of one turn. A plan that was approved covers the one call that its step was made for, where the
 * plan has shown what it is called with: a second one, in this turn or a later one, or one with arguments found later,
 * was not part of it.
 */
export async function createApprovalEvaluator(
  trx: OrganizationTransaction,
  context: CallContext,
): Promise<ApprovalEvaluator> {
  const { orchestrationId, step, plannedTool } = context;
  const { policy } = await getApprovalPolicy(trx);
  const plan = plannedTool && (await findApprovedPlan(trx, orchestrationId, plannedTool.revision));
  const made = await listEffectsOfStep(trx, { orchestrationId, step });
  let isUsed = made.some(({ state, tool }) => state !== 'FAILED' && tool === plannedTool?.name);
  return ({ tool, args, tainted, carriesOut }) => {
    const isNamed = plannedTool?.name === tool.name && plan !== undefined && !isUsed;
    const isPlanned = isNamed && isShown(args, shownOfStep(plan, step));
    if (isPlanned) isUsed = true;
    return reasonsToAsk({ ...tool, tainted, plannedAndApproved: isPlanned, carriesOut }, policy);
  };
}

interface CallOccasion extends Pick<OfferedTool, 'risk' | 'alwaysAsks' | 'alwaysAllowed'> {
  /** Its arguments may come from untrusted text. */
  readonly tainted: boolean;
  /** A human has approved a plan that showed exactly this call for exactly this step. */
  readonly plannedAndApproved: boolean;
  /** It would tell its server what others have told us. */
  readonly carriesOut?: boolean;
}

/**
 * Why a human is asked before a call; none: nobody is. Reads ask only when they carry something out. What was approved
 * with the plan does not ask again for its risk, but untrusted text was not part of the plan. Pure.
 */
export function reasonsToAsk(
  { risk, alwaysAsks, alwaysAllowed, tainted, plannedAndApproved, carriesOut = false }: CallOccasion,
  { risks, untrusted }: Pick<ApprovalPolicy, 'risks' | 'untrusted'>,
): AskReason[] {
  if (alwaysAllowed && !alwaysAsks) return [];
  const reads = risk === 'read';
  const reasons: (AskReason | false)[] = [
    !reads && (alwaysAsks || risks.includes(risk)) && !plannedAndApproved && 'risk',
    !reads && untrusted && tainted && 'untrusted_input',
    reads && untrusted && carriesOut && 'carries_out',
  ];
  return reasons.filter((reason) => reason !== false);
}
