import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { OrganizationEvent } from '../../contracts/events.ts';
import { ApiProblemError, isLasting } from './problem.ts';
import { wait as realWait, type Wait } from './wait.ts';

const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 15_000;
/** The server sends a heartbeat every 25 s; a stream silent for longer than two of them is dead. */
const SILENCE_MS = 60_000;

interface EventStreamOptions {
  readonly open: (lastEventId: string | undefined, signal: AbortSignal) => Promise<Response>;
  readonly onEvent: (event: OrganizationEvent) => void;
  readonly onConnection: (state: 'live' | 'lost') => void;
  readonly signal: AbortSignal;
  readonly wait?: Wait;
}

/**
 * Follows an event stream until `signal` aborts, reconnecting after every drop from the last event seen.
 * Rejects only with a refusal that trying again would not change.
 */
export async function followEvents(options: EventStreamOptions): Promise<void> {
  const { open, onEvent, onConnection, signal, wait = realWait } = options;
  let lastEventId: string | undefined;
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      const response = await open(lastEventId, signal);
      // Everything has been seen, and nothing will come.
      if (response.status === 204) return;
      onConnection('live');
      for await (const message of readMessages(response)) {
        failures = 0;
        lastEventId = message.id ?? lastEventId;
        const event = toEvent(message.data);
        if (event) onEvent(event);
        if (signal.aborted) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      // The server has other ids than the last time: begin again.
      const isRefusedId = lastEventId !== undefined && error instanceof ApiProblemError && error.status === 400;
      if (isRefusedId) lastEventId = undefined;
      else if (isLasting(error)) throw error;
    }
    onConnection('lost');
    await wait(reconnectDelay(failures), signal);
  }
}

/** Doubles from half a second to a quarter of a minute; half of it is chance, so a restart is not met by a crowd. */
export function reconnectDelay(failures: number, random: () => number = Math.random): number {
  const longest = Math.min(FIRST_DELAY_MS * 2 ** failures, MAX_DELAY_MS);
  return longest / 2 + (longest / 2) * random();
}

/** The messages of one response; it ends when the server closes or falls silent. */
export async function* readMessages(response: Response, silenceMs = SILENCE_MS): AsyncGenerator<EventSourceMessage> {
  if (!response.body) return;
  const reader = response.body.getReader();
  const arrived: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => arrived.push(message) });
  const decoder = new TextDecoder();
  try {
    while (true) {
      const silence = setTimeout(() => void reader.cancel().catch(() => undefined), silenceMs);
      const { done, value } = await reader.read().finally(() => clearTimeout(silence));
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      yield* arrived.splice(0);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function toEvent(data: string): OrganizationEvent | undefined {
  try {
    const event: unknown = JSON.parse(data);
    return typeof event === 'object' && event !== null && 'type' in event ? (event as OrganizationEvent) : undefined;
  } catch {
    return undefined;
  }
}
