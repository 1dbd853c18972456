import { setTimeout as delay } from 'node:timers/promises';
import { isPassing } from '../../db/database.ts';

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
