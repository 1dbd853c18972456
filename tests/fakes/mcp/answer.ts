import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { sendJson } from '../../../dev/fakes/http-server.ts';
import type { FakeReply } from './types.ts';

const event = (message: unknown): string => `event: message\ndata: ${JSON.stringify(message)}\n\n`;
const STREAM = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' };

const working = (eventId: string | undefined): string =>
  eventId === undefined ? ': working\n\n' : `id: ${eventId}\nretry: 10\ndata: \n\n`;

/** Sends one reply to one request, as a stream unless JSON is asked for. */
export function sendReply(
  res: ServerResponse,
  request: { readonly id: unknown; readonly progressToken: unknown; readonly session: string | undefined },
  reply: FakeReply,
): void {
  const headers: Record<string, string> = request.session === undefined ? {} : { 'mcp-session-id': request.session };
  const envelope = { jsonrpc: '2.0', id: request.id };
  if ('hang' in reply) return;
  if ('status' in reply) {
    res.writeHead(reply.status, { ...headers, ...reply.headers }).end(reply.body ?? '');
    return;
  }
  if ('disconnect' in reply) {
    if (reply.disconnect === 'before') res.destroy();
    else res.writeHead(200, { ...headers, ...STREAM }).write(working(reply.eventId), () => res.destroy());
    return;
  }
  if ('error' in reply) return sendJson(res, 200, { ...envelope, error: reply.error }, headers);
  if (reply.asJson) return sendJson(res, 200, { ...envelope, result: reply.result }, headers);
  res.writeHead(200, { ...headers, ...STREAM });
  void stream(res, reply, request.progressToken).then(() => res.end(event({ ...envelope, result: reply.result })));
}

async function stream(
  res: ServerResponse,
  { progress = [] }: Extract<FakeReply, { result: unknown }>,
  progressToken: unknown,
): Promise<void> {
  for (const { thenMs, ...one } of progress) {
    const params = { ...one, progressToken };
    res.write(event({ jsonrpc: '2.0', method: 'notifications/progress', params }));
    if (thenMs !== undefined) await delay(thenMs);
  }
}

/** Tells whoever listens on a stream that the tools are others now. */
export const sendListChanged = (stream: ServerResponse): void => {
  stream.write(event({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' }));
};

export const openStream = (res: ServerResponse): void => {
  res.writeHead(200, STREAM).write(': listening\n\n');
};
