import { setTimeout as delay } from 'node:timers/promises';
import {
  isValidSlackRequest,
  type AnyMiddlewareArgs,
  type App,
  type Middleware,
  type Receiver,
  type ReceiverEvent,
} from '@slack/bolt';
import { SocketModeClient } from '@slack/socket-mode';
import type { WebClient } from '@slack/web-api';
import { Hono } from 'hono';
import type { ApiEnv } from '../deps.ts';
import { slackBodyLimit } from '../middleware/request.ts';
import { RequestError } from '../../contracts/request.ts';
import { isDeeperThan, isRecord, ownValue, storableJson } from '../../contracts/json.ts';

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
export function createHonoReceiver(signingSecret: string, onUnreadable: (error: unknown) => void): HonoReceiver {
  let app: App | undefined;
  const receiver: Receiver = {
    init: (given) => void (app = given),
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
  const routes = new Hono<ApiEnv>().post('/', slackBodyLimit, async (c) => {
    const rawBody = await c.req.text();
    verify(signingSecret, c.req.header('x-slack-signature'), c.req.header('x-slack-request-timestamp'), rawBody);
    const body = parse(rawBody);
    if (body['type'] === 'url_verification') return c.json({ challenge: body['challenge'] });
    const retryNum = Number(c.req.header('x-slack-retry-num')) || undefined;
    const retryReason = c.req.header('x-slack-retry-reason');
    if (app) await processDelivery(app, { body, retryNum, retryReason }, onUnreadable);
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

/** Blocks in attachments in messages are some ten levels. */
const MAX_LEVELS = 200;

function parse(rawBody: string): Record<string, unknown> {
  try {
    // Presses of buttons come as a form with the same JSON in one field.
    const text = rawBody.startsWith('payload=') ? (new URLSearchParams(rawBody).get('payload') ?? '') : rawBody;
    const body: unknown = isDeeperThan(text, MAX_LEVELS) ? undefined : JSON.parse(text);
    if (isRecord(body) && (!('event' in body) || isRecord(body['event']))) return body;
  } catch {
    // Told below: what is not JSON and what is no object are the same mistake.
  }
  throw new RequestError('malformed-json', 'A Slack event has to be a JSON object, and so has what happened in it.');
}

/** Slack's ids; `constructor` is none, and Bolt keeps its clients in an object by them. */
const SLACK_ID = /^[A-Z0-9_]{1,64}$/;
const isId = (value: unknown): boolean => typeof value === 'string' && SLACK_ID.test(value);
const isPlace = (value: unknown): boolean => isId(value) || (isRecord(value) && isId(value['id']));

/** Of which kind the fields are that Bolt looks into unseen. */
const FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  team_id: isId,
  enterprise_id: isId,
  channel: isPlace,
  channel_id: isId,
  user: isPlace,
  item: isRecord,
  subteam: isRecord,
};

/** Without the fields that are not of their kind. */
const whole = (given: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(given).filter(([name, value]) => ownValue(FIELDS, name)?.(value) !== false));

/** An event that Bolt can read, of text that can be kept. What is no event goes to Bolt as it is. */
function toReadable(given: Record<string, unknown>): Record<string, unknown> {
  const body = storableJson(given) as Record<string, unknown>;
  const { event, authorizations } = body;
  if (!isRecord(event)) return body;
  const installations = Array.isArray(authorizations) ? authorizations.filter(isRecord).map(whole) : [];
  return { ...whole(body), event: whole(event), authorizations: installations.length > 0 ? installations : undefined };
}

/** Where the listeners begin: what fails before is a body that Bolt cannot read, and comes no better a second time. */
async function processDelivery(
  app: App,
  event: Pick<ReceiverEvent, 'body' | 'retryNum' | 'retryReason'>,
  onUnreadable: (error: unknown) => void,
): Promise<void> {
  const delivery = { isRead: false };
  const given = { ...event, body: toReadable(event.body), ack: () => Promise.resolve() };
  try {
    await app.processEvent({ ...given, customProperties: { delivery } });
  } catch (error) {
    if (delivery.isRead || !(error instanceof TypeError)) throw error;
    onUnreadable(error);
  }
}

/** First of the app's own listeners. */
export const markRead: Middleware<AnyMiddlewareArgs> = async ({ context, next }) => {
  const delivery: unknown = context['delivery'];
  if (isRecord(delivery)) delivery['isRead'] = true;
  await next();
};

/** What Socket Mode's client tells itself; no event of Slack's may pass for one of them. */
const OWN_WORDS =
  /^(?:slack_event|ws_message|outgoing_message|error|close|(?:dis)?connect(?:ed|ing)|reconnecting|authenticated)$/;
const isWord = (type: unknown): boolean => typeof type === 'string' && !OWN_WORDS.test(type);

/** Whether the client, which looks into it unseen, can read an envelope; `hello` and `disconnect` have no payload. */
function isReadableEnvelope(text: string): boolean {
  try {
    const envelope: unknown = isDeeperThan(text, MAX_LEVELS) ? undefined : JSON.parse(text);
    const { type, payload, envelope_id: id } = isRecord(envelope) ? envelope : {};
    if (type === 'hello' || type === 'disconnect') return true;
    if (!isWord(type) || typeof id !== 'string' || !isRecord(payload)) return false;
    return type !== 'events_api' || (isRecord(payload['event']) && isWord(payload['event']['type']));
  } catch {
    return false;
  }
}

/** Slack's own libraries try again more and more seldom, without end; then somebody waits hours after a fault. */
const RETRIES = { retries: 100, factor: 1.3, maxTimeout: 30_000 };

/** Slack's client, which would end the process over an unreadable envelope, and over a refused renewal. */
class EnvelopeClient extends SocketModeClient {
  readonly #onError: (error: unknown) => void;
  #isOpen = false;
  constructor(options: ConstructorParameters<typeof SocketModeClient>[0], onError: (error: unknown) => void) {
    super(options);
    this.#onError = onError;
  }

  override async start(): ReturnType<SocketModeClient['start']> {
    try {
      const answer = await super.start();
      this.#isOpen = true;
      return answer;
    } catch (error) {
      if (!this.#isOpen) throw error;
      this.#onError(error);
      await delay(RETRIES.maxTimeout, undefined, { ref: false });
      return this.#isOpen ? this.start() : { ok: false };
    }
  }

  override disconnect(): Promise<void> {
    this.#isOpen = false;
    return super.disconnect();
  }

  protected override async onWebSocketMessage(data: string | ArrayBuffer, isBinary: boolean): Promise<void> {
    if (isBinary) return;
    const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
    // Not acknowledged, as it cannot be said what was accepted; Slack gives it up after three more times.
    if (!isReadableEnvelope(text)) return this.#onError(new Error('Not an envelope of Socket Mode.'));
    await super.onWebSocketMessage(text, isBinary);
  }
}

/** Bolt behind a Socket Mode connection: acknowledged only after the listeners have accepted. */
export function createSocketReceiver(appToken: string, client: WebClient, onError: (error: unknown) => void): Receiver {
  const clientOptions = { slackApiUrl: client.slackApiUrl, rejectRateLimitedCalls: true, retryConfig: RETRIES };
  const socket = new EnvelopeClient({ appToken, clientOptions }, onError);
  return {
    init: (app) => {
      socket.on('slack_event', ({ ack, body, retry_num: retryNum, retry_reason: retryReason }: SocketEvent) => {
        processDelivery(app, { body, retryNum, retryReason }, onError)
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
