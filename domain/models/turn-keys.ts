/** The turn that understands a request. */
export const ANALYSIS_TURN_KEY = 'analysis';

/**
 * The turn of a step's try: the same for every retry of the same try, another one when healing or a new plan has
 * changed what is asked. Without both it is `agent:<step>`, as it stands in kept histories' rows.
 */
export const agentTurnKey = (step: string, revision = 0, attempt = 0): string =>
  `agent:${step}${revision > 1 ? `@${revision}` : ''}${attempt > 0 ? `#${attempt}` : ''}`;

/** The turn of a planner's draft. */
export const planTurnKey = (revision: number): string => `plan:${revision}`;

/** The turn that finds out why a step's try failed. */
export const diagnosisTurnKey = (step: string, attempt: number): string => `diagnosis:${step}#${attempt}`;
