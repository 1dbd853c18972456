import type { Tier } from '../../contracts/agents.ts';
import type { BudgetPolicy } from '../../contracts/money.ts';
import type { Pressure } from '../../db/queries/pressure.ts';

/** The tier that the policy leaves to work of this tier while so much of a budget is used. Pure. */
export function tierUnder(pressure: number, tier: Tier, policy: BudgetPolicy): Tier {
  if (!policy.stepDown || tier === 'fast') return tier;
  if (pressure >= policy.fastFrom) return 'fast';
  return pressure >= policy.balancedFrom ? 'balanced' : tier;
}

interface ModelChoice {
  readonly tier: Tier;
  readonly model: string;
  /** The tier that was asked for, when the pressure on a budget gave it a cheaper one. */
  readonly steppedDownFrom?: Tier;
}

/** The models of this installation, and when an organization gets a cheaper one. */
export interface ModelChoices {
  readonly models: Readonly<Record<Tier, string>>;
  /** Where the organization has decided nothing. */
  readonly defaultPolicy: BudgetPolicy;
}

/** The model that work of this tier is given now. Pure. */
export function chooseModel(
  { models, defaultPolicy }: ModelChoices,
  asked: Tier,
  { pressure, policy }: Pick<Pressure, 'pressure' | 'policy'>,
): ModelChoice {
  const tier = tierUnder(pressure, asked, policy ?? defaultPolicy);
  return { tier, model: models[tier], ...(tier !== asked && { steppedDownFrom: asked }) };
}
