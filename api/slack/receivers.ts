import { isValidSlackRequest, type App, type Receiver } from '@slack/bolt';
import { SocketModeClient } from '@slack/socket-mode';
import type { WebClient } from '@slack/web-api';
import { Hono } from 'hono';
import type { ApiEnv } from '../deps.ts';
import { slackBodyLimit } from '../middleware/request.ts';
import { RequestError } from '../../contracts/request.ts';

/** Slack signs with its own clock: five minutes either way, as its documentation says for the past. */
const WINDOW_SECONDS = 5 * 60;

export interface HonoReceiver {
  readonly receiver: Receiver;
  readonly routes: Hono<ApiEnv>;
}

/**
 * Bolt behind a Hono route. The answer leaves after the listeners have finished, because they accept durably; when they
 * fail the answer is an error and Slack delivers again.
 */
export function createHonoReceiver(signingSecret: string): HonoReceiver {
  let app: App | undefined;
  const receiver: Receiver = {
    init: (given) => {
      app = given;
    },
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
  const routes = new Hono<ApiEnv>().post('/', slackBodyLimit, async (c) => {
    const rawBody = await c.req.text();
    verify(signingSecret, c.req.header('x-slack-signature'), c.req.header('x-slack-request-timestamp'), rawBody);
    const body = parse(rawBody);
    if (body['type'] === 'url_verification') return c.json({ challenge: body['challenge'] });
    await app?.processEvent({
      body,
      ack: () => Promise.resolve(),
      retryNum: Number(c.req.header('x-slack-retry-num')) || undefined,
      retryReason: c.req.header('x-slack-retry-reason'),
    });
    return c.body(null, 200);
  });
  return { receiver, routes };
}

/** @throws RequestError 401 for a wrong signature or a stamp outside of the window, in the past or the future. */
function verify(signingSecret: string, signature: string | undefined, stamp: string | undefined, body: string): void {
  const timestamp = /^\d{1,12}$/.test(stamp ?? '') ? Number(stamp) : Number.NaN;
  const fresh = Math.abs(Date.now() / 1_000 - timestamp) <= WINDOW_SECONDS;
  const valid =
    fresh &&
    signature !== undefined &&
    isValidSlackRequest({
      signingSecret,
      body,
      headers: { 'x-slack-signature': signature, 'x-slack-request-timestamp': timestamp },
    });
  if (!valid)
    throw new RequestError('unauthorized', 'The Slack signature is missing, wrong, or outside of its five minutes.');
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

function parse(rawBody: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(rawBody);
    if (isObject(body) && (!('event' in body) || isObject(body['event']))) return body;
  } catch {
    // Told below: what is not JSON and what is no object are the same mistake.
  }
  throw new RequestError('malformed-json', 'A Slack event has to be a JSON object, and so has what happened in it.');
}

/** Bolt behind a Socket Mode connection: acknowledged only after the listeners have accepted. */
export function createSocketReceiver(appToken: string, client: WebClient, onError: (error: unknown) => void): Receiver {
  const socket = new SocketModeClient({
    appToken,
    clientOptions: { slackApiUrl: client.slackApiUrl, rejectRateLimitedCalls: true },
  });
  return {
    init: (app) => {
      socket.on('slack_event', ({ ack, body, retry_num: retryNum, retry_reason: retryReason }: SocketEvent) => {
        app
          .processEvent({ body, ack: () => Promise.resolve(), retryNum, retryReason })
          .then(() => ack())
          .catch(onError);
      });
    },
    start: () => socket.start(),
    stop: () => socket.disconnect(),
  };
}

interface SocketEvent {
  readonly ack: () => Promise<void>;
  readonly body: Record<string, unknown>;
  readonly retry_num?: number;
  readonly retry_reason?: string;
}
