import { setTimeout as delay } from 'node:timers/promises';
import type { Journal } from '../journal.ts';
import type { EventEnvelope } from './events.ts';
import { postEvent } from './post-event.ts';
import type { SocketMode } from './socket-mode.ts';
import type { Delivery, SlackLogLine } from './types.ts';

interface DelivererOptions {
  readonly journal: Journal<SlackLogLine>;
  readonly socket: SocketMode;
  readonly signingSecret: string;
  /** Without a 2xx or an acknowledgement in this time Slack tries again. */
  readonly ackTimeoutMs: number;
  readonly retryDelaysMs: readonly number[];
  readonly eventsUrl: () => string | undefined;
}

export interface Sent {
  /** Every attempt so far; grows while Slack retries. */
  readonly deliveries: readonly Delivery[];
  /** Resolves when the events were taken or given up. */
  readonly settled: Promise<void>;
}

export interface Deliverer {
  /** Resolves after the first attempt of every event; retries go on in the background. */
  send(envelopes: readonly EventEnvelope[]): Promise<Sent>;
  /** Hands over the press of a button, once: Slack does not repeat it. */
  interact(payload: Readonly<Record<string, unknown>>): Promise<Delivery>;
  close(): void;
}

/** Hands events to the app: over a socket when a client is connected, else to the events URL. */
export function createDeliverer(options: DelivererOptions): Deliverer {
  const closing = new AbortController();

  async function attempt(
    envelope: EventEnvelope,
    number: number,
    reason = '',
  ): Promise<Delivery & { noRetry: boolean }> {
    const common = { eventId: envelope.event_id, type: envelope.event.type, attempt: number };
    if (options.socket.connected()) {
      const result = await options.socket.send(envelope, { attempt: number, reason }, options.ackTimeoutMs);
      return { ...common, via: 'socket', ...result, noRetry: false };
    }
    const eventsUrl = options.eventsUrl();
    if (!eventsUrl) return { ...common, via: 'http', status: 0, ms: 0, reason: 'connection_failed', noRetry: true };
    const retry = number > 0 ? { attempt: number, reason } : undefined;
    const post = { eventsUrl, signingSecret: options.signingSecret, timeoutMs: options.ackTimeoutMs, retry };
    const result = await postEvent({ ...post, rawBody: JSON.stringify(envelope) });
    return { ...common, via: 'http', ...result };
  }

  async function persist(envelope: EventEnvelope, record: (delivery: Delivery) => void): Promise<void> {
    let reason: string | undefined;
    for (const [number, wait] of [0, ...options.retryDelaysMs].entries()) {
      if (wait > 0) await delay(wait, undefined, { signal: closing.signal, ref: false }).catch(() => undefined);
      if (closing.signal.aborted) return;
      const { noRetry, ...delivery } = await attempt(envelope, number, reason);
      options.journal.append({ kind: 'delivery', at: new Date().toISOString(), ...delivery });
      record(delivery);
      if (delivery.reason === undefined || noRetry) return;
      reason = delivery.reason;
    }
  }

  return {
    async send(envelopes) {
      const deliveries: Delivery[] = [];
      const firsts = envelopes.map(() => Promise.withResolvers<void>());
      const all = envelopes.map((envelope, nth) => {
        const record = (delivery: Delivery) => {
          deliveries.push(delivery);
          firsts[nth]?.resolve();
        };
        return persist(envelope, record).finally(firsts[nth]?.resolve);
      });
      await Promise.all(firsts.map(({ promise }) => promise));
      return { deliveries, settled: Promise.all(all).then(() => undefined) };
    },
    interact: (payload) => interact(options, payload),
    close: () => closing.abort(),
  };
}

async function interact(options: DelivererOptions, payload: Readonly<Record<string, unknown>>): Promise<Delivery> {
  const { signingSecret, ackTimeoutMs: timeoutMs, journal, socket } = options;
  const common = { eventId: '', type: 'block_actions', attempt: 0 };
  const record = (delivery: Delivery): Delivery => {
    journal.append({ kind: 'delivery', at: new Date().toISOString(), ...delivery });
    return delivery;
  };
  if (socket.connected()) {
    const result = await socket.send(payload, { attempt: 0, reason: '' }, timeoutMs, 'interactive');
    return record({ ...common, via: 'socket', ...result });
  }
  const eventsUrl = options.eventsUrl();
  if (!eventsUrl) return record({ ...common, via: 'http', status: 0, ms: 0, reason: 'connection_failed' });
  const rawBody = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  const contentType = 'application/x-www-form-urlencoded';
  const { noRetry: _, ...result } = await postEvent({ eventsUrl, rawBody, signingSecret, timeoutMs, contentType });
  return record({ ...common, via: 'http', ...result });
}
