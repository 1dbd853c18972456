import { setTimeout as pause } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { RequestError } from '../../contracts/request.ts';
import { inOneTrip, withOrganization } from '../../db/organization.ts';
import { listEvents, newestEvent, oldestEventId, type EventPlace, type StoredEvent } from '../../db/queries/events.ts';
import type { Database } from '../../db/tables/index.ts';
import type { LogDeps, DatabaseDeps } from '../deps.ts';

export type { EventPlace, StoredEvent };

/** One open stream: where it is, and what it wants to be told. */
interface Subscriber {
  readonly organizationId: string;
  /** The newest event it has been offered. */
  last: EventPlace;
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

/** Between two reads for an organization; in a burst of news one read serves several. */
const BETWEEN_READS_MS = 10;

/** Reads for all streams of an organization at once; wake-ups until the next read are joined into it. */
function createReader(db: Kysely<Database>, streams: Map<string, Set<Subscriber>>, onError: (error: unknown) => void) {
  const reading = new Map<string, { again: boolean }>();

  async function readOnce(organizationId: string): Promise<boolean> {
    const subscribers = streams.get(organizationId);
    if (!subscribers?.size) return false;
    const { id: afterId, at: since } = [...subscribers].map(({ last }) => last).reduce((a, b) => (b.id < a.id ? b : a));
    const filter = { afterId, since, limit: BATCH };
    const events = await inOneTrip(db, organizationId, (trx) => listEvents(trx, filter));
    for (const stored of events)
      for (const subscriber of subscribers) {
        if (stored.event.id <= subscriber.last.id) continue;
        subscriber.last = placeOf(stored);
        subscriber.offer(stored);
      }
    return events.length === BATCH;
  }

  async function readAll(organizationId: string, state: { again: boolean }): Promise<void> {
    try {
      do {
        state.again = false;
        const isFull = await readOnce(organizationId);
        if (!isFull) await pause(BETWEEN_READS_MS, undefined, { ref: false });
        else state.again = true;
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

const placeOf = ({ event: { id, at } }: StoredEvent): EventPlace => ({ id, at });

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
): Promise<{ from: EventPlace; more: boolean; gap?: number }> =>
  withOrganization(db, organizationId, async (trx) => {
    const newest = await newestEvent(trx);
    // An id of another organization, or of a time before this database.
    if (after !== undefined && after > newest.id)
      throw new RequestError(
        'invalid-request',
        `Last-Event-ID is above the newest event, ${newest.id}. Connect without it.`,
      );
    const id = after ?? (orchestrationId ? 0 : newest.id);
    const from = id === newest.id ? newest : { id };
    const of = { afterId: id, since: from.at, limit: 1, ...(orchestrationId !== undefined && { orchestrationId }) };
    const more = (await listEvents(trx, of)).length > 0;
    const oldest = after === undefined ? null : await oldestEventId(trx);
    return { from, more, ...(after !== undefined && oldest !== null && after < oldest - 1 && { gap: oldest }) };
  });

/**
 * Everything after `from` that is stored by now, in batches: the next is read when the one before was taken. Returns the
 * event that live ones follow on.
 */
export async function* replayEvents(
  { db }: DatabaseDeps,
  { organizationId, orchestrationId }: ReplayOf,
  from: EventPlace,
): AsyncGenerator<readonly StoredEvent[], EventPlace> {
  for (let cursor = from; ;) {
    const filter = { afterId: cursor.id, since: cursor.at, limit: REPLAY_BATCH };
    // The newest id is read first: whatever is at most that old is committed, so the list that follows has it.
    const [newest, events] = await withOrganization(db, organizationId, (trx) =>
      Promise.all([newestEvent(trx), listEvents(trx, { ...filter, ...(orchestrationId && { orchestrationId }) })]),
    );
    if (events.length > 0) yield events;
    const last = events.at(-1);
    if (last) cursor = placeOf(last);
    if (events.length < REPLAY_BATCH) return cursor.id > newest.id ? cursor : newest;
  }
}
