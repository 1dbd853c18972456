import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isLoopbackHost, NOT_THIS_HOST } from '../../contracts/loopback.ts';

export type Handler = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

export interface ListeningServer {
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  /** Ends every connection, also those of requests that are never answered. */
  close(): Promise<void>;
}

/** Starts an HTTP server that answers this machine's own names only; a handler that throws answers 500 with the message, so a bug of a fake is seen. */
export async function listen(handler: Handler, port = 0, host = '127.0.0.1'): Promise<ListeningServer> {
  const isOpen = !isLoopbackHost(host);
  const server = createServer((req, res) => {
    if (!isOpen && !isLoopbackHost(req.headers.host)) return refuseHost(res);
    handler(req, res).catch((error: unknown) => {
      if (!res.headersSent) sendJson(res, 500, { error: 'fake_failed', detail: String(error) });
      else res.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://${host}:${bound}`,
    port: bound,
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function refuseHost(res: ServerResponse): void {
  res.writeHead(421, { 'content-type': 'text/plain', connection: 'close' }).end(NOT_THIS_HOST);
}

/** The raw body, or undefined when it is longer than `maxBytes`; the rest is read and thrown away. */
export async function readBody(req: IncomingMessage, maxBytes = 64 * 1024 * 1024): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= maxBytes) chunks.push(chunk);
  }
  return size > maxBytes ? undefined : Buffer.concat(chunks).toString('utf8');
}

export function sendJson(
  res: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  res.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  res.end(JSON.stringify(body));
}

/** A JSON object, or undefined for anything else. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
