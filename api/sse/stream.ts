import type { Context } from 'hono';
import { streamSSE, type SSEStreamingApi } from 'hono/streaming';
import { isFinal } from '../../contracts/orchestration.ts';
import type { OrganizationEvent } from '../../contracts/events.ts';
import { withOrganization } from '../../db/organization.ts';
import { eventRange, listEvents, type StoredEvent } from '../../db/queries/events.ts';
import { findPrincipal } from '../../db/queries/people.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { ProblemError } from '../problems.ts';

const HEARTBEAT_MS = 25_000;
/** A reader this far behind is let go; it comes back with its last id and loses nothing. */
const MAX_QUEUED = 2_000;
const REPLAY_BATCH = 500;
/** What a client waits before it comes back, ms; spread so that a thousand do not come at once. */
const retryMs = () => 1_000 + Math.floor(Math.random() * 2_000);

export interface StreamOptions {
  /** Only this orchestration's events, from the beginning, ending with its end. */
  readonly orchestrationId?: string;
  /** It was over before the stream began: what is stored is all there will ever be. */
  readonly over?: boolean;
  /** Only what concerns this person. */
  readonly userId?: string;
}

const LAST_ID = /^\d{1,15}$/;

/** The `Last-Event-ID` of a reconnecting client. @throws ProblemError when it is not one of our ids. */
export function lastEventId(c: Context): number | undefined {
  const given = c.req.header('last-event-id') ?? c.req.query('lastEventId');
  if (given === undefined || given === '') return undefined;
  if (!LAST_ID.test(given))
    throw new ProblemError('invalid-request', 'Last-Event-ID has to be the id of an event of this stream.');
  return Number(given);
}

/**
 * Streams events as SSE with their ids: first what the client has missed, then live. A client that asks for more than
 * is kept gets an explicit `gap` event. Ends when the orchestration is over, the token is taken back, or the API stops.
 */
export function streamEvents(c: Context<ApiEnv>, deps: ApiDeps, options: StreamOptions): Response {
  const after = lastEventId(c);
  const { organizationId } = c.get('principal');
  c.header('x-accel-buffering', 'no');
  return streamSSE(c, async (stream) => {
    const queue = createQueue(options);
    stream.onAbort(queue.close);
    const from = await startingPoint(deps, organizationId, options, after);
    await stream.writeSSE({ event: 'connected', data: JSON.stringify({ lastEventId: from.id }), retry: retryMs() });
    if (from.gap) await stream.writeSSE({ event: 'gap', data: JSON.stringify({ after, oldest: from.gap }) });
    const caughtUp = await replay(deps, organizationId, options, from.id, queue.offer);
    if (options.over) queue.close();
    const unsubscribe = deps.hub.subscribe({ organizationId, lastId: caughtUp, offer: queue.offer });
    const stopWaiting = deps.hub.onStop(queue.close);
    const heartbeat = setInterval(() => void beat(c, deps, stream, queue.close), HEARTBEAT_MS);
    try {
      for await (const event of queue.events())
        await stream.writeSSE({ id: String(event.id), event: event.type, data: JSON.stringify(event) });
    } finally {
      clearInterval(heartbeat);
      unsubscribe();
      stopWaiting();
    }
  });
}

/** Keeps proxies awake, and ends a stream whose token is no longer good. */
async function beat(c: Context<ApiEnv>, deps: ApiDeps, stream: SSEStreamingApi, close: () => void): Promise<void> {
  await stream.write(': heartbeat\n\n');
  const principal = await findPrincipal(deps.db, c.get('tokenHash')).catch(() => c.get('principal'));
  if (!principal) close();
}

/** Where a stream begins: after what the client has seen, at the orchestration's first event, or now. */
function startingPoint(
  deps: ApiDeps,
  organizationId: string,
  { orchestrationId }: StreamOptions,
  after: number | undefined,
) {
  return withOrganization(deps.db, organizationId, async (trx): Promise<{ id: number; gap?: number }> => {
    const { oldest, newest } = await eventRange(trx);
    if (after === undefined) return { id: orchestrationId ? 0 : newest };
    // An id from a time before this database: everything that is kept is news to that client.
    if (after > newest) return { id: 0 };
    return oldest !== null && after < oldest - 1 ? { id: after, gap: oldest } : { id: after };
  });
}

/** Offers everything after `afterId` that is stored by now; answers the id that live events follow on. */
async function replay(
  deps: ApiDeps,
  organizationId: string,
  { orchestrationId }: StreamOptions,
  afterId: number,
  offer: (event: StoredEvent) => void,
): Promise<number> {
  for (let cursor = afterId; ;) {
    // The newest id is read first: whatever is at most that old is committed, so the list that follows has it.
    const { newest, events } = await withOrganization(deps.db, organizationId, async (trx) => ({
      newest: (await eventRange(trx)).newest,
      events: await listEvents(trx, { afterId: cursor, orchestrationId, limit: REPLAY_BATCH }),
    }));
    events.forEach(offer);
    cursor = events.at(-1)?.event.id ?? cursor;
    if (events.length < REPLAY_BATCH) return Math.max(cursor, newest);
  }
}

interface Queue {
  offer(event: StoredEvent): void;
  close(): void;
  events(): AsyncGenerator<OrganizationEvent>;
}

/** Events between the hub, which never waits, and a client, who may be slow. */
function createQueue({ orchestrationId, userId }: StreamOptions): Queue {
  const waiting: OrganizationEvent[] = [];
  let closed = false;
  let wake: () => void = () => {};
  const close = () => {
    closed = true;
    wake();
  };
  return {
    offer({ event, userId: owner }) {
      const wanted = (!orchestrationId || event.jobId === orchestrationId) && (!userId || owner === userId);
      if (!wanted || closed) return;
      if (waiting.push(event) > MAX_QUEUED) return close();
      wake();
    },
    close,
    async *events() {
      while (!closed || waiting.length > 0) {
        const event = waiting.shift();
        if (!event) {
          await new Promise<void>((resolve) => (wake = resolve));
          continue;
        }
        yield event;
        if (orchestrationId && event.status && isFinal(event.status)) return;
      }
    },
  };
}
