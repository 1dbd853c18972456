import type { Kysely } from 'kysely';
import { RequestError } from '../../contracts/request.ts';
import { withOrganization } from '../../db/organization.ts';
import { listEvents, type StoredEvent, eventRange } from '../../db/queries/events.ts';
import type { Database } from '../../db/tables/index.ts';
import type { LogDeps, DatabaseDeps } from '../deps.ts';

export type { StoredEvent };

/** One open stream: where it is, and what it wants to be told. */
interface Subscriber {
  readonly organizationId: string;
  /** The id of the newest event it has been offered. */
  lastId: number;
  offer(event: StoredEvent): void;
}

export interface EventHub {
  subscribe(subscriber: Subscriber): () => void;
  /** Calls back when the hub stops, so that open streams end before the server closes. */
  onStop(close: () => void): () => void;
  start(): void;
  stop(): Promise<void>;
}

/** Wake-ups may be lost; this often the hub looks by itself. */
const SAFETY_POLL_MS = 2_000;
const BATCH = 500;

interface HubDeps extends LogDeps {
  readonly db: Kysely<Database>;
  /** Calls back with the organization that has news; wake-ups may be lost. */
  readonly listen: (onWake: (organizationId: string) => void) => { open(): void; close(): Promise<void> };
}

/**
 * Follows the events of every organization that somebody listens to: one connection that listens per process, and one
 * indexed read per wake-up that serves all streams of an organization. Ids are read in commit order, so a stream that
 * was offered id n has been offered everything before it.
 */
export function createEventHub({ db, log, listen }: HubDeps): EventHub {
  const streams = new Map<string, Set<Subscriber>>();
  const closers = new Set<() => void>();
  const read = createReader(db, streams, (error) =>
    log.warn({ err: error }, 'events could not be read; the next look finds them'),
  );
  const listener = listen(read);
  let poll: NodeJS.Timeout | undefined;
  return {
    subscribe(subscriber) {
      const { organizationId } = subscriber;
      const set = streams.get(organizationId) ?? new Set();
      streams.set(organizationId, set.add(subscriber));
      read(organizationId);
      return () => {
        set.delete(subscriber);
        if (set.size === 0 && streams.get(organizationId) === set) streams.delete(organizationId);
      };
    },
    onStop(close) {
      closers.add(close);
      return () => closers.delete(close);
    },
    start() {
      listener.open();
      poll = setInterval(() => [...streams.keys()].forEach(read), SAFETY_POLL_MS);
    },
    async stop() {
      clearInterval(poll);
      closers.forEach((close) => close());
      await listener.close();
    },
  };
}

/** Reads for all streams of an organization at once; wake-ups during a read are joined into one more. */
function createReader(db: Kysely<Database>, streams: Map<string, Set<Subscriber>>, onError: (error: unknown) => void) {
  const reading = new Map<string, { again: boolean }>();

  async function readOnce(organizationId: string): Promise<boolean> {
    const subscribers = streams.get(organizationId);
    if (!subscribers?.size) return false;
    const afterId = Math.min(...[...subscribers].map(({ lastId }) => lastId));
    const events = await withOrganization(db, organizationId, (trx) => listEvents(trx, { afterId, limit: BATCH }));
    for (const stored of events)
      for (const subscriber of subscribers) {
        if (stored.event.id <= subscriber.lastId) continue;
        subscriber.lastId = stored.event.id;
        subscriber.offer(stored);
      }
    return events.length === BATCH;
  }

  async function readAll(organizationId: string, state: { again: boolean }): Promise<void> {
    try {
      do {
        state.again = false;
        if (await readOnce(organizationId)) state.again = true;
      } while (state.again);
    } catch (error) {
      onError(error);
    } finally {
      reading.delete(organizationId);
    }
  }

  return (organizationId: string): void => {
    const busy = reading.get(organizationId);
    if (busy) {
      busy.again = true;
      return;
    }
    const state = { again: false };
    reading.set(organizationId, state);
    void readAll(organizationId, state);
  };
}

const REPLAY_BATCH = 500;

interface ReplayOf {
  readonly organizationId: string;
  /** Only this orchestration's events. */
  readonly orchestrationId?: string | undefined;
}

/**
 * Where a stream begins: after what the client has seen, at the orchestration's first event, or now. `gap`: the oldest id
 * that is kept, when the client asks for more. `more`: something is stored that the client has not seen.
 * @throws RequestError 400 when the client has seen what has not happened.
 */
export const findStart = (
  { db }: DatabaseDeps,
  { organizationId, orchestrationId }: ReplayOf,
  after: number | undefined,
): Promise<{ id: number; more: boolean; gap?: number }> =>
  withOrganization(db, organizationId, async (trx) => {
    const { oldest, newest } = await eventRange(trx);
    // An id of another organization, or of a time before this database.
    if (after !== undefined && after > newest)
      throw new RequestError(
        'invalid-request',
        `Last-Event-ID is above the newest event, ${newest}. Connect without it.`,
      );
    const id = after ?? (orchestrationId ? 0 : newest);
    const of = { afterId: id, limit: 1, ...(orchestrationId !== undefined && { orchestrationId }) };
    const more = (await listEvents(trx, of)).length > 0;
    return { id, more, ...(after !== undefined && oldest !== null && after < oldest - 1 && { gap: oldest }) };
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
