import type { ApprovalPolicy } from '../../contracts/approval.ts';
import type { AskReason } from '../../contracts/tools.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { listEffectsOfStep } from '../../db/queries/effects.ts';
import { isPlanApproved } from '../../db/queries/plans.ts';
import { getApprovalPolicy } from '../../db/queries/organizations.ts';
import type { OfferedTool } from './tool-host.ts';
import type { CallContext } from './taint.ts';

/** Says why a human is asked before a call; it remembers what the turn has been granted. */
export type ApprovalEvaluator = (tool: OfferedTool, tainted: boolean) => AskReason[];

/**
 * Creates the evaluator of one turn. A plan that was approved covers the one call that its step was made for: a second
 * one, in this turn or a later one, was not part of it.
 */
export async function createApprovalEvaluator(
  trx: OrganizationTransaction,
  context: CallContext,
): Promise<ApprovalEvaluator> {
  const { orchestrationId, step, plannedTool } = context;
  const { policy } = await getApprovalPolicy(trx);
  const approved = plannedTool ? await isPlanApproved(trx, orchestrationId, plannedTool.revision) : false;
  const made = await listEffectsOfStep(trx, { orchestrationId, step });
  let isUsed = made.some(({ state, tool }) => state !== 'FAILED' && tool === plannedTool?.name);
  return (tool, tainted) => {
    const isPlanned = approved && plannedTool?.name === tool.name && !isUsed;
    if (isPlanned) isUsed = true;
    return reasonsToAsk({ ...tool, tainted, plannedAndApproved: isPlanned }, policy);
  };
}

interface CallOccasion extends Pick<OfferedTool, 'risk' | 'alwaysAsks'> {
  /** Its arguments may come from untrusted text. */
  readonly tainted: boolean;
  /** A human has approved a plan that named exactly this tool for exactly this step. */
  readonly plannedAndApproved: boolean;
}

/**
 * Why a human is asked before a call; none: nobody is. Reads never ask. What was approved with the plan does not ask
 * again for its risk, but untrusted text was not part of the plan. Pure.
 */
export function reasonsToAsk(
  { risk, alwaysAsks, tainted, plannedAndApproved }: CallOccasion,
  { risks, untrusted }: Pick<ApprovalPolicy, 'risks' | 'untrusted'>,
): AskReason[] {
  if (risk === 'read') return [];
  const reasons: (AskReason | false)[] = [
    (alwaysAsks || risks.includes(risk)) && !plannedAndApproved && 'risk',
    untrusted && tainted && 'untrusted_input',
  ];
  return reasons.filter((reason) => reason !== false);
}
