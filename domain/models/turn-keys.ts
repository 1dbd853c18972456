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

/** The turns of the rounds before this one. */
export const earlierRoundKeys = (turnKey: string, round: number): string[] =>
  Array.from({ length: round - 1 }, (_, index) => roundKey(turnKey, index + 1));
