import { setTimeout as delay } from 'node:timers/promises';
import { isPassing } from '../db/database.ts';

/** Which try of a piece of work this is. Whoever retries it (Temporal) says so. */
export interface Attempt {
  /** From 1. */
  readonly number: number;
  /** The work with all its tries; a reset or another run of the same work is another execution. */
  readonly execution: string;
  /** Aborts when the work is cancelled. */
  readonly signal: AbortSignal;
}

const RETRY_MS = 500;

/** Asks a database that is away, or that says no to both of two, until it answers or the work is stopped. */
export async function retryWhileDatabaseUnavailable<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isPassing(error) || signal.aborted) throw error;
      await delay(RETRY_MS);
    }
  }
}
