import { FAILURE, FailureError } from '../../contracts/failures.ts';
import { isFinal } from '../../contracts/orchestration.ts';
import type { Orchestration } from '../../db/queries/orchestrations.ts';
import type { Pressure } from '../../db/queries/pressure.ts';
import type { TurnContextRow } from '../../db/queries/turn-context.ts';
import type { Tier } from '../../contracts/agents.ts';
import type { BudgetPolicy } from '../../contracts/money.ts';
import type { OfferedTo } from '../tools/tool-host.ts';

/** The turn that understands a request. */
export const ANALYSIS_TURN_KEY = 'analysis';

/**
 * The turn of a step's try: the same for every retry of the same try, another one when healing or a new plan has
 * changed what is asked. Without both it is `agent:<step>`.
 */
export const agentTurnKey = (step: string, revision = 0, attempt = 0): string =>
  `agent:${step}${revision > 1 ? `@${revision}` : ''}${attempt > 0 ? `#${attempt}` : ''}`;

/** The turn of a planner's draft. */
export const planTurnKey = (revision: number): string => `plan:${revision}`;

/** The turn that finds out why a step's try failed. */
export const diagnosisTurnKey = (step: string, attempt: number): string => `diagnosis:${step}#${attempt}`;

/** The turn of a round of a try: the first is the try's own, later ones follow answers of tools. */
export const roundKey = (turnKey: string, round: number): string => (round > 1 ? `${turnKey}~${round}` : turnKey);

/** The try that a round's turn belongs to: its key without the round. */
export const tryOfTurn = (turnKey: string): string => turnKey.replace(/~\d+$/, '');

/** The turns of the rounds before this one. */
export const earlierRoundKeys = (turnKey: string, round: number): string[] =>
  Array.from({ length: round - 1 }, (_, index) => roundKey(turnKey, index + 1));

/** What every turn is prepared from. */
export interface TurnContext {
  readonly timeZone: string;
  readonly today: string;
  readonly money: Pressure;
}

/** What was read of an orchestration, for a turn. @throws FailureError `alreadyOver` once the job is. */
export function toContext({
  status,
  created_at: createdAt,
  money,
}: Pick<TurnContextRow, 'status' | 'created_at' | 'money'>): TurnContext {
  refuseOver(status);
  const timeZone = money.timeZone ?? 'UTC';
  return { timeZone, money, today: dayIn(timeZone, createdAt) };
}

/** Whom the tools of a turn are offered to. */
export const toOfferedTo = ({
  organization_id: organizationId,
  user_id: userId,
  category,
}: Pick<TurnContextRow, 'organization_id' | 'user_id' | 'category'>): OfferedTo => ({
  organizationId,
  userId,
  category: category ?? undefined,
});

/** @throws FailureError `alreadyOver` */
export function refuseOver(status: Orchestration['status']): void {
  if (isFinal(status)) throw FailureError.nonRetryable('The job is over.', FAILURE.alreadyOver);
}

/** Making a formatter costs hundreds of times what using it does; there are as many as time zones that people live in. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/** The calendar day of an instant in a time zone, `YYYY-MM-DD`; an unknown zone counts as UTC. */
export function dayIn(timeZone: string, at: Date): string {
  try {
    const formatter = formatters.get(timeZone) ?? new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' });
    formatters.set(timeZone, formatter);
    return formatter.format(at);
  } catch {
    return at.toISOString().slice(0, 10);
  }
}

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
