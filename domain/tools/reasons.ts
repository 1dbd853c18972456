import type { ApprovalPolicy } from '../../contracts/approval.ts';
import type { StepRisk } from '../../contracts/plan.ts';
import type { AskReason } from '../../contracts/tools.ts';

export interface CallOccasion {
  readonly risk: StepRisk;
  /** Its arguments may come from text that nobody vouches for. */
  readonly tainted: boolean;
  /** A human has approved a plan that named exactly this tool for exactly this step. */
  readonly plannedAndApproved: boolean;
}

/**
 * Why a human is asked before a call; none: nobody is. Reads never ask. What was approved with the plan does not ask
 * again for its risk, but text that nobody vouches for was not part of the plan. Pure.
 */
export function reasonsToAsk(
  { risk, tainted, plannedAndApproved }: CallOccasion,
  { risks, untrusted }: Pick<ApprovalPolicy, 'risks' | 'untrusted'>,
): AskReason[] {
  if (risk === 'read') return [];
  const reasons: (AskReason | false)[] = [
    risks.includes(risk) && !plannedAndApproved && 'risk',
    untrusted && tainted && 'untrusted_input',
  ];
  return reasons.filter((reason) => reason !== false);
}
