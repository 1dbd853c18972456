import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { createConnectionLog, type ConnectionLog, type LoggedTransaction } from './connection-log.ts';
import { createMessageReader } from './postgres-wire.ts';

/** Stands between a process and Postgres and counts what it asks. */
export interface PostgresProxy {
  /** The address for the process instead of the one it would have. */
  readonly url: string;
  /** Whether anything that was asked is still open. */
  isBusy(): boolean;
  close(): Promise<void>;
}

/** Opens a proxy for one process; `onTransaction` is told of each of its transactions as it ends. */
export async function openPostgresProxy(
  target: string,
  onTransaction: (transaction: LoggedTransaction) => void,
): Promise<PostgresProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const logs = new Set<ConnectionLog>();
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ host: hostname, port: Number(port || 5432), noDelay: true });
    const log = createConnectionLog(onTransaction);
    logs.add(log);
    const [readClient, readServer] = [createMessageReader('client'), createMessageReader('server')];
    client.on('data', (bytes) => {
      readClient(bytes).forEach(log.fromClient);
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      readServer(bytes).forEach(log.fromServer);
      client.write(bytes);
    });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('end', () => other.end());
      socket.once('close', () => {
        sockets.delete(socket);
        logs.delete(log);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.toString(),
    isBusy: () => [...logs].some((log) => log.isBusy()),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
