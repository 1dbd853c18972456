/** Which try of a piece of work this is. Whoever retries it (Temporal) says so. */
export interface Attempt {
  /** From 1. */
  readonly number: number;
  /** The work with all its tries; a reset or another run of the same work is another execution. */
  readonly execution: string;
  /** Aborts when the work is cancelled. */
  readonly signal: AbortSignal;
}
