import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Orders } from '../../fakes/coding-agents/hostile.ts';

/** What listens on a worker's machine, as Temporal and Postgres do there, and a model API. */
export interface LocalServices {
  readonly modelApi: string;
  /** All that must not be reached. */
  network(modelApi: string | undefined): NonNullable<Orders['network']>;
  /** Which of it was. */
  reached(): readonly string[];
  close(): void;
}

export async function openLocalServices(): Promise<LocalServices> {
  const reached: string[] = [];
  const service = (name: string) =>
    createServer((socket) => {
      reached.push(name);
      socket.on('error', () => {}).end('HTTP/1.1 200 OK\r\n\r\nours');
    });
  const tcp = service('tcp').listen(0, '0.0.0.0');
  const abstract = `nubabel-test-${process.pid}-${performance.now()}`;
  const unix = service('abstract').listen(`\0${abstract}`);
  const model = createHttpServer((_req, res) => res.end('the model')).listen(0, '127.0.0.1');
  const udp = createSocket('udp4', () => reached.push('udp')).bind(0, '127.0.0.1');
  await Promise.all([tcp, unix, model, udp].map((each) => once(each, 'listening')));
  const { port } = tcp.address() as AddressInfo;
  const others = Object.values(networkInterfaces())
    .flat()
    .filter((each) => each?.family === 'IPv4' && !each.internal)
    .map((each) => `${each?.address}:${port}`);
  const own = [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, `[::ffff:7f00:1]:${port}`, `0.0.0.0:${port}`];
  return {
    modelApi: `http://127.0.0.1:${(model.address() as AddressInfo).port}`,
    network: (modelApi) => ({
      tcp: [...own, `2130706433:${port}`, ...others, '169.254.169.254:80', '168.63.129.16:80', '1.1.1.1:443'],
      abstract,
      udp: udp.address().port,
      modelApi,
    }),
    reached: () => reached,
    close() {
      for (const each of [tcp, unix, model, udp]) each.close();
      model.closeAllConnections();
    },
  };
}
