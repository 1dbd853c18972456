import { randomUUID } from 'node:crypto';
import { isLoopbackHost } from '../../../contracts/loopback.ts';
import type { Server } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';
import { parseObject } from '../http-server.ts';
import type { Journal } from '../journal.ts';
import type { EventEnvelope } from './events.ts';
import type { Delivery, SlackLogLine } from './types.ts';

interface Retry {
  readonly attempt: number;
  readonly reason: string;
}
type SocketResult = Pick<Delivery, 'status' | 'ms' | 'reason' | 'body'>;
type Waiting = Map<string, (payload: unknown) => void>;

/** The server side of Socket Mode. */
export interface SocketMode {
  connected(): boolean;
  /** Sends an event to the client that connected last and waits for its acknowledgement. */
  send(
    payload: EventEnvelope | Readonly<Record<string, unknown>>,
    retry: Retry,
    timeoutMs: number,
    type?: 'events_api' | 'interactive',
  ): Promise<SocketResult>;
  attach(server: Server): void;
  /** Sends whatever text as it is, whether it is an envelope or not. */
  sendRaw(text: string): void;
  /** Tells every client to connect anew, as Slack does when it refreshes a connection. */
  refresh(): void;
  close(): void;
}

const PING_MS = 10_000;

export function createSocketMode(journal: Journal<SlackLogLine>, appId: string): SocketMode {
  const sockets = new WebSocketServer({ noServer: true });
  const clients: WebSocket[] = [];
  const waiting: Waiting = new Map();
  const note = (what: 'open' | 'ack' | 'close', envelopeId?: string) =>
    journal.append({ kind: 'socket', at: new Date().toISOString(), what, ...(envelopeId ? { envelopeId } : {}) });

  function welcome(client: WebSocket): void {
    clients.push(client);
    note('open');
    const pings = setInterval(() => client.ping(), PING_MS);
    pings.unref();
    client.on('message', (data: Buffer) => {
      const { envelope_id: id, payload } = parseObject(data.toString()) ?? {};
      if (typeof id !== 'string') return;
      note('ack', id);
      waiting.get(id)?.(payload);
    });
    client.on('close', () => {
      clearInterval(pings);
      clients.splice(clients.indexOf(client), 1);
      note('close');
    });
    const hello = { type: 'hello', num_connections: clients.length, connection_info: { app_id: appId } };
    client.send(JSON.stringify({ ...hello, debug_info: { host: 'fake', approximate_connection_time: 18_060 } }));
  }

  return {
    connected: () => clients.length > 0,
    attach: (server) =>
      server.on('upgrade', (req, socket, head) => {
        if (req.url?.startsWith('/link/') && isLoopbackHost(req.headers.host))
          sockets.handleUpgrade(req, socket, head, welcome);
        else socket.destroy();
      }),
    send: (payload, retry, timeoutMs, type = 'events_api') =>
      sendEnvelope(clients.at(-1), waiting, { payload, retry, timeoutMs, type }),
    sendRaw: (text) => clients.at(-1)?.send(text),
    refresh: () =>
      clients.forEach((client) => client.send(JSON.stringify({ type: 'disconnect', reason: 'refresh_requested' }))),
    close() {
      clients.forEach((client) => client.terminate());
      sockets.close();
    },
  };
}

/** Resolves when the client has acknowledged the envelope, or when the time is over. */
function sendEnvelope(
  client: WebSocket | undefined,
  waiting: Waiting,
  {
    payload,
    retry,
    timeoutMs,
    type,
  }: { payload: Readonly<Record<string, unknown>>; retry: Retry; timeoutMs: number; type: string },
): Promise<SocketResult> {
  return new Promise((resolve) => {
    const envelope_id = randomUUID();
    const startedAt = Date.now();
    const settle = (result: Omit<SocketResult, 'ms'>) => {
      clearTimeout(timer);
      waiting.delete(envelope_id);
      resolve({ ...result, ms: Date.now() - startedAt });
    };
    const timer = setTimeout(() => settle({ status: 0, reason: 'http_timeout' }), timeoutMs);
    waiting.set(envelope_id, (answer) => settle({ status: 200, body: JSON.stringify(answer) }));
    const retried = { retry_attempt: retry.attempt, retry_reason: retry.reason };
    const envelope = {
      envelope_id,
      type,
      accepts_response_payload: false,
      payload,
      ...(type === 'events_api' && retried),
    };
    client?.send(JSON.stringify(envelope));
  });
}
