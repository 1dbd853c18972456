import { sql, type Kysely } from 'kysely';
import { Client } from 'pg';
import { EVENTS_CHANNEL } from '../contracts/events.ts';
import type { Database } from './tables/index.ts';

/** In a burst of news one notification tells several. */
const BETWEEN_TELLING_MS = 10;

/**
 * Tells those who listen to a channel in all processes (event readers unless told), after the commit and outside of any
 * transaction, because a NOTIFY inside one serialises every commit of the database. Calls that come while one is under way are joined into the next.
 * A lost wake-up costs only time: readers also look by themselves.
 */
export function createNotifier(db: Kysely<Database>, onError: (error: unknown) => void, channel = EVENTS_CHANNEL) {
  const waiting = new Set<string>();
  let sending = false;

  async function send(): Promise<void> {
    sending = true;
    try {
      while (waiting.size > 0) {
        const ids = [...waiting];
        waiting.clear();
        await notify(db, channel, ids);
        await new Promise((resolve) => setTimeout(resolve, BETWEEN_TELLING_MS).unref());
      }
    } catch (error) {
      onError(error);
    } finally {
      sending = false;
    }
  }

  return (payload: string): void => {
    waiting.add(payload);
    if (!sending) void send();
  };
}

const RECONNECT_MS = 1_000;

interface NotificationListener {
  open(): void;
  close(): Promise<void>;
}

/** One connection that listens to a channel; one that is lost is opened again. What is said meanwhile is not heard. */
export function createNotificationListener({
  url,
  channel,
  onPayload,
  onError,
}: {
  readonly url: string;
  readonly channel: string;
  readonly onPayload: (payload: string) => void;
  readonly onError: (error: unknown) => void;
}): NotificationListener {
  let closed = false;
  let current: Client | undefined;

  async function open(): Promise<void> {
    if (closed) return;
    const client = new Client({ connectionString: url, application_name: `listens to ${channel}` });
    current = client;
    client.on('notification', ({ payload }) => payload && onPayload(payload));
    client.on('error', () => undefined);
    client.once('end', () => setTimeout(() => void open(), RECONNECT_MS).unref());
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
    } catch (error) {
      onError(error);
      await client.end().catch(() => undefined);
    }
  }

  return {
    open: () => void open(),
    close: async () => {
      closed = true;
      await current?.end().catch(() => undefined);
    },
  };
}

/** Tells every process that listens each of these; outside any transaction. */
const notify = (db: Kysely<Database>, channel: string, payloads: readonly string[]) =>
  sql`select pg_notify(${channel}, told) from unnest(${sql.val([...payloads])}::text[]) as told`.execute(db);
