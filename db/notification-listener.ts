import { Client } from 'pg';

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
    const client = new Client({ connectionString: url, application_name: 'nubabel events' });
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
