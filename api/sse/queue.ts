import type { StoredEvent } from '../../domain/events/event-hub.ts';

/** A reader this far behind is let go; it comes back with its last id and loses nothing. */
const MAX_QUEUED = 2_000;

interface Queue {
  offer(event: StoredEvent): void;
  close(): void;
  batches(): AsyncGenerator<readonly StoredEvent[]>;
}

/** Events between the hub, which never waits, and a client, who may be slow. */
export function createQueue(
  isWanted: (stored: StoredEvent) => boolean,
  isLast: (batch: readonly StoredEvent[]) => boolean,
): Queue {
  let waiting: StoredEvent[] = [];
  let closed = false;
  let wake: () => void = () => {};
  const close = () => {
    closed = true;
    wake();
  };
  return {
    offer(stored) {
      if (closed || !isWanted(stored)) return;
      if (waiting.push(stored) > MAX_QUEUED) return close();
      wake();
    },
    close,
    async *batches() {
      while (!closed || waiting.length > 0) {
        if (waiting.length === 0) {
          await new Promise<void>((resolve) => (wake = resolve));
          continue;
        }
        const batch = waiting;
        waiting = [];
        yield batch;
        if (isLast(batch)) return;
      }
    },
  };
}

/** Events as they are sent, by the event: all clients of an organization are offered the same one. */
const frames = new WeakMap<StoredEvent, string>();

export function frameOf(stored: StoredEvent): string {
  const known = frames.get(stored);
  if (known !== undefined) return known;
  const { event } = stored;
  const frame = `event: ${event.type}\ndata: ${JSON.stringify(event)}\nid: ${event.id}\n\n`;
  frames.set(stored, frame);
  return frame;
}
