import type { Context } from 'hono';
import { streamSSE, type SSEStreamingApi } from 'hono/streaming';
import { z } from 'zod';
import { isFinal } from '../../contracts/orchestration.ts';
import type { OrganizationEvent } from '../../contracts/events.ts';
import type { DatabaseDeps } from '../../domain/deps.ts';
import { type EventHub, type StoredEvent, findStart, replayEvents } from '../../domain/events/event-hub.ts';
import { findTokenOwner } from '../../domain/organizations/organizations.ts';
import type { ApiEnv } from '../deps.ts';

import { RequestError } from '../../contracts/request.ts';

const HEARTBEAT_MS = 25_000;
/** A reader this far behind is let go; it comes back with its last id and loses nothing. */
const MAX_QUEUED = 2_000;
/** What a client waits before it comes back, ms; spread so that a thousand do not come at once. */
const retryMs = () => 1_000 + Math.floor(Math.random() * 2_000);

export interface StreamDeps extends DatabaseDeps {
  readonly hub: EventHub;
}

interface StreamOptions {
  /** Only this orchestration's events, from the beginning, ending with its end. */
  readonly orchestrationId?: string;
  /** It was over before the stream began: what is stored is all there will ever be. */
  readonly over?: boolean;
  /** Only what concerns this person. */
  readonly userId?: string;
}

/** Where a client goes on that comes back: browsers send the header, those that cannot the parameter. */
export const LastEventHeader = z.object({ 'last-event-id': z.string().optional() });
export const LastEventQuery = z.object({ lastEventId: z.string().optional() });

const LAST_ID = /^\d{1,15}$/;

/** The `Last-Event-ID` of a reconnecting client. @throws RequestError when it is not one of our ids. */
export function lastEventId(c: Context): number | undefined {
  const given = c.req.header('last-event-id') ?? c.req.query('lastEventId');
  if (given === undefined || given === '') return undefined;
  if (!LAST_ID.test(given))
    throw new RequestError('invalid-request', 'Last-Event-ID has to be the id of an event of this stream.');
  return Number(given);
}

/**
 * Streams events as SSE with their ids: first what the client has missed, then live. A client that asks for more than
 * is kept gets an explicit `gap` event. Ends when the orchestration is over, the token is taken back, or the API stops.
 * Answers 204, which ends the coming back of browsers, when the orchestration is over and the client has seen its end.
 * @throws RequestError 400 for an id that is none, or newer than any there is.
 */
export async function streamEvents(c: Context<ApiEnv>, deps: StreamDeps, options: StreamOptions): Promise<Response> {
  const after = lastEventId(c);
  const { organizationId } = c.get('principal');
  const of = { organizationId, orchestrationId: options.orchestrationId };
  const from = await findStart(deps, of, after);
  if (options.over && !from.more) return c.body(null, 204);
  c.header('x-accel-buffering', 'no');
  return streamSSE(c, async (stream) => {
    const queue = createQueue(options);
    stream.onAbort(queue.close);
    await stream.writeSSE({ event: 'connected', data: JSON.stringify({ lastEventId: from.id }), retry: retryMs() });
    if (from.gap) await stream.writeSSE({ event: 'gap', data: JSON.stringify({ after, oldest: from.gap }) });
    const caughtUp = await replayEvents(deps, of, from.id, queue.offer);
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
async function beat(c: Context<ApiEnv>, deps: StreamDeps, stream: SSEStreamingApi, close: () => void): Promise<void> {
  await stream.write(': heartbeat\n\n');
  const principal = await findTokenOwner(deps, c.get('tokenHash')).catch(() => c.get('principal'));
  if (!principal) close();
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
