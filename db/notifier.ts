import type { Kysely } from 'kysely';
import { EVENTS_CHANNEL } from '../contracts/events.ts';
import { notifyEvents } from './queries/maintenance.ts';
import type { Database } from './tables/index.ts';

/**
 * Wakes the event readers of all processes, after the commit and outside of any transaction, because a NOTIFY inside
 * one serialises every commit of the database. Calls that come while one is under way are joined into the next.
 * A lost wake-up costs only time: readers also look by themselves.
 */
export function createNotifier(db: Kysely<Database>, onError: (error: unknown) => void) {
  const waiting = new Set<string>();
  let sending = false;

  async function send(): Promise<void> {
    sending = true;
    try {
      while (waiting.size > 0) {
        const ids = [...waiting];
        waiting.clear();
        await notifyEvents(db, EVENTS_CHANNEL, ids);
      }
    } catch (error) {
      onError(error);
    } finally {
      sending = false;
    }
  }

  return (organizationId: string): void => {
    waiting.add(organizationId);
    if (!sending) void send();
  };
}
