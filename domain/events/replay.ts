import { withOrganization } from '../../db/organization.ts';
import { eventRange, listEvents, type StoredEvent } from '../../db/queries/events.ts';
import type { DatabaseDeps } from '../deps.ts';

const REPLAY_BATCH = 500;

interface ReplayOf {
  readonly organizationId: string;
  /** Only this orchestration's events. */
  readonly orchestrationId?: string | undefined;
}

/**
 * Where a stream begins: after what the client has seen, at the orchestration's first event, or now. `gap`: the oldest id
 * that is kept, when the client asks for more.
 */
export const findStart = (
  { db }: DatabaseDeps,
  { organizationId, orchestrationId }: ReplayOf,
  after: number | undefined,
): Promise<{ id: number; gap?: number }> =>
  withOrganization(db, organizationId, async (trx) => {
    const { oldest, newest } = await eventRange(trx);
    if (after === undefined) return { id: orchestrationId ? 0 : newest };
    // An id from a time before this database: everything that is kept is news to that client.
    if (after > newest) return { id: 0 };
    return oldest !== null && after < oldest - 1 ? { id: after, gap: oldest } : { id: after };
  });

/** Offers everything after `afterId` that is stored by now; answers the id that live events follow on. */
export async function replayEvents(
  { db }: DatabaseDeps,
  { organizationId, orchestrationId }: ReplayOf,
  afterId: number,
  offer: (event: StoredEvent) => void,
): Promise<number> {
  for (let cursor = afterId; ;) {
    // The newest id is read first: whatever is at most that old is committed, so the list that follows has it.
    const { newest, events } = await withOrganization(db, organizationId, async (trx) => ({
      newest: (await eventRange(trx)).newest,
      events: await listEvents(trx, {
        afterId: cursor,
        limit: REPLAY_BATCH,
        ...(orchestrationId !== undefined && { orchestrationId }),
      }),
    }));
    events.forEach(offer);
    cursor = events.at(-1)?.event.id ?? cursor;
    if (events.length < REPLAY_BATCH) return Math.max(cursor, newest);
  }
}
