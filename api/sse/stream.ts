import type { Context } from 'hono';
import { streamSSE, type SSEStreamingApi } from 'hono/streaming';
import { z } from 'zod';
import { isFinal } from '../../contracts/orchestration.ts';
import { findVisible } from '../../domain/access/access.ts';
import type { DatabaseDeps } from '../../domain/deps.ts';
import {
  type EventHub,
  type EventPlace,
  type StoredEvent,
  findStart,
  replayEvents,
} from '../../domain/events/event-hub.ts';
import { findTokenOwner } from '../../domain/organizations/organizations.ts';
import type { ProfileDeps } from '../../domain/organizations/people.ts';
import type { ApiEnv } from '../deps.ts';
import { createQueue, frameOf } from './queue.ts';

import { RequestError } from '../../contracts/request.ts';

const HEARTBEAT_MS = 25_000;
/** What a client waits before it comes back, ms; spread so that a thousand do not come at once. */
const retryMs = () => 1_000 + Math.floor(Math.random() * 2_000);

export interface StreamDeps extends DatabaseDeps, Pick<ProfileDeps, 'refreshMemberships'> {
  readonly hub: EventHub;
  /** Twenty-five seconds unless told. */
  readonly heartbeatMs?: number;
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
 * is kept gets an explicit `gap` event. Ends when the orchestration is over, the token is revoked, or the API stops.
 * Answers 204, which ends the coming back of browsers, when the orchestration is over and the client has seen its end.
 * @throws RequestError 400 for an id that is none, or newer than any there is.
 */
export async function streamEvents(c: Context<ApiEnv>, deps: StreamDeps, options: StreamOptions): Promise<Response> {
  const after = lastEventId(c);
  const { organizationId } = c.get('principal');
  const of = { organizationId, orchestrationId: options.orchestrationId };
  const { from, more, gap } = await findStart(deps, of, after);
  if (options.over && !more) return c.body(null, 204);
  const keepVisible = createVisibility(c, deps, options);
  c.header('x-accel-buffering', 'no');
  return streamSSE(c, async (stream) => {
    const isWanted = ({ event, userId: owner }: StoredEvent) =>
      (!options.orchestrationId || event.jobId === options.orchestrationId) &&
      (!options.userId || owner === options.userId);
    const send = async (batch: readonly StoredEvent[]): Promise<void> => {
      const frames = (await keepVisible(batch.filter(isWanted))).map(frameOf).join('');
      if (frames !== '') await stream.write(frames);
    };
    const queue = createQueue(isWanted, (batch) => endsJob(options, batch));
    stream.onAbort(queue.close);
    await stream.writeSSE({ event: 'connected', data: JSON.stringify({ lastEventId: from.id }), retry: retryMs() });
    if (gap) await stream.writeSSE({ event: 'gap', data: JSON.stringify({ after, oldest: gap }) });
    const isOver = (batch: readonly StoredEvent[]) => stream.aborted || endsJob(options, batch);
    const caughtUp = await replay(replayEvents(deps, of, from), send, isOver);
    if (!caughtUp || options.over) return;
    const unsubscribe = deps.hub.subscribe({ organizationId, last: caughtUp, offer: queue.offer });
    const stopWaiting = deps.hub.onStop(queue.close);
    const heartbeat = startHeartbeat(c, deps, () => beat(c, deps, { stream, close: queue.close }, options));
    try {
      for await (const batch of queue.batches()) await send(batch);
    } finally {
      clearInterval(heartbeat);
      unsubscribe();
      stopWaiting();
    }
  });
}

/** Sends what is stored, each batch when the client has taken the one before; undefined when there is no more to tell. */
async function replay(
  batches: ReturnType<typeof replayEvents>,
  send: (batch: readonly StoredEvent[]) => Promise<void>,
  isOver: (batch: readonly StoredEvent[]) => boolean,
): Promise<EventPlace | undefined> {
  for (;;) {
    const { done, value } = await batches.next();
    if (done) return value;
    await send(value);
    if (isOver(value)) return undefined;
  }
}

/** Whether a stream of one job has told its end. */
const endsJob = ({ orchestrationId }: StreamOptions, batch: readonly StoredEvent[]): boolean =>
  orchestrationId !== undefined &&
  batch.some(({ event }) => event.jobId === orchestrationId && event.status && isFinal(event.status));

/**
 * Beats again and again. A client that has not even taken the last heartbeat by the next one does not read: its connection
 * is closed, so that nothing is held for it. It may come back with its last id and loses nothing.
 */
function startHeartbeat(
  c: Context<ApiEnv>,
  { heartbeatMs = HEARTBEAT_MS }: StreamDeps,
  beat: () => Promise<void>,
): NodeJS.Timeout {
  let isBeating = false;
  return setInterval(() => {
    if (isBeating) c.env?.outgoing?.destroy();
    else void beat().finally(() => (isBeating = false));
    isBeating = true;
  }, heartbeatMs);
}

/** Keeps proxies awake, and ends a stream whose token is no longer good or whose job is not for its reader any more. */
async function beat(
  c: Context<ApiEnv>,
  deps: StreamDeps,
  { stream, close }: { readonly stream: SSEStreamingApi; readonly close: () => void },
  { orchestrationId }: StreamOptions,
): Promise<void> {
  await stream.write(': heartbeat\n\n');
  const before = c.get('principal');
  const principal = await findTokenOwner(deps, c.get('tokenHash')).catch(() => before);
  if (!principal) return close();
  if ('slack' in principal) await deps.refreshMemberships?.(principal, principal.slack);
  c.set('principal', principal);
  if (!orchestrationId) return;
  const visible = await findVisible(deps, principal, [orchestrationId]).catch(() => undefined);
  if (visible && !visible.has(orchestrationId)) close();
}

/** What was found out about a job's readers is believed for so long. */
const VISIBILITY_MS = 5_000;
const MAX_KNOWN = 1_000;

/**
 * Leaves of a stream's events those that its reader may see: of a job's stream all, because it was looked at when it
 * began; of the organization's those of jobs that are for them. A job may begin to ask somebody, so that is always
 * looked at again.
 */
function createVisibility(c: Context<ApiEnv>, deps: StreamDeps, { orchestrationId }: StreamOptions) {
  const known = new Map<string, { readonly visible: boolean; readonly until: number }>();
  const isOwn = ({ userId }: StoredEvent) => userId === c.get('principal').userId;
  const isKnown = (id: string) => (known.get(id)?.until ?? 0) > Date.now();

  return async (batch: readonly StoredEvent[]): Promise<readonly StoredEvent[]> => {
    if (orchestrationId) return batch;
    // Before anything of this batch is looked up: what is forgotten here is asked again.
    if (known.size > MAX_KNOWN) known.clear();
    const asked = batch.flatMap((stored) => {
      const { jobId, type } = stored.event;
      return jobId && !isOwn(stored) && (type === 'approval_requested' || !isKnown(jobId)) ? [jobId] : [];
    });
    const unknown = [...new Set(asked)];
    const visible = unknown.length > 0 ? await findVisible(deps, c.get('principal'), unknown) : new Set();
    for (const id of unknown) known.set(id, { visible: visible.has(id), until: Date.now() + VISIBILITY_MS });
    return batch.filter((stored) => {
      const { jobId } = stored.event;
      if (isOwn(stored)) return true;
      return jobId ? known.get(jobId)?.visible === true : c.get('principal').role === 'admin';
    });
  };
}
