/** A thing that a request asks to be done. */
export interface Action {
  /** The verb's stem, so that the same work said twice counts once. */
  readonly verb: string;
  /** It cannot be taken back, or many people see it. */
  readonly irreversible: boolean;
}

/** How a language says what is to be done. */
export interface Reading {
  /** Asks something instead of asking for something. */
  readonly question: boolean;
  /** Asks for a plan that is then carried out. */
  readonly asked: boolean;
  /** Says in which order. */
  readonly ordered: boolean;
  readonly actions: readonly Action[];
}

/** Every verb once, irreversible when it is so once. */
export function distinct(actions: readonly Action[]): Action[] {
  const found = new Map<string, Action>();
  for (const action of actions) if (!found.has(action.verb) || action.irreversible) found.set(action.verb, action);
  return [...found.values()];
}
