import { afterEach, describe, expect, it } from '@jest/globals';
import { verifySlackRequest } from '@slack/bolt';
import { LogLevel, SocketModeClient } from '@slack/socket-mode';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFakeSlack, signSlackRequest, type FakeSlackOptions } from '../../dev/fakes/slack/index.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly raw: string;
  readonly body: {
    readonly event_id: string;
    readonly event: Record<string, unknown>;
    readonly [key: string]: unknown;
  };
}

/** An app that answers with the given statuses in turn, then 200; 0 is silence. */
async function startApp(statuses: number[] = [], headers: Record<string, string> = {}) {
  const received: Received[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const raw = Buffer.concat(chunks).toString();
      received.push({ headers: req.headers, raw, body: JSON.parse(raw || '{}') as Received['body'] });
      const status = statuses.shift() ?? 200;
      if (status !== 0) res.writeHead(status, headers).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())));
  return { received, eventsUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/slack/events` };
}

async function startSlack(options: FakeSlackOptions) {
  const slack = await createFakeSlack({ retryDelaysMs: [0, 1, 1], ...options });
  closers.unshift(slack.close);
  return slack;
}

const typesOf = (received: readonly Received[]) =>
  received.map(({ body }) => String(body.event['type'])).toSorted((a, b) => a.localeCompare(b));

const verify = ({ headers, raw }: Received, signingSecret = 'demo-signing-secret') =>
  verifySlackRequest({
    signingSecret,
    body: raw,
    headers: {
      'x-slack-signature': String(headers['x-slack-signature']),
      'x-slack-request-timestamp': Number(headers['x-slack-request-timestamp']),
    },
  });

const channel = 'C_LAUNCH';

describe('events over HTTP', () => {
  it('sends a mention as two events with one ts, signed so that Bolt accepts them', async () => {
    const { received, eventsUrl } = await startApp();
    const slack = await startSlack({ eventsUrl });
    const { ts, deliveries } = await slack.mention({ user: 'U_ADA', channel, text: 'plan the launch' });
    expect(deliveries.map(({ status }) => status)).toEqual([200, 200]);
    expect(typesOf(received)).toEqual(['app_mention', 'message']);
    expect(received.every(({ body }) => body.event['ts'] === ts)).toBe(true);
    expect(new Set(received.map(({ body }) => body.event_id)).size).toBe(2);
    expect(received[0]?.body).toMatchObject({
      type: 'event_callback',
      team_id: 'TDEMO',
      api_app_id: 'ANUBABEL',
      authorizations: [{ team_id: 'TDEMO', user_id: 'UNUBABEL', is_bot: true }],
      event: { user: 'U_ADA', channel, text: '<@UNUBABEL> plan the launch' },
    });
    for (const one of received) expect(() => verify(one)).not.toThrow();
    expect(() => verify(received[0] as Received, 'another')).toThrow(/signature mismatch/);
  });

  it('can leave the message event of a mention out', async () => {
    const { received, eventsUrl } = await startApp();
    const slack = await startSlack({ eventsUrl, alsoMessageEvent: false });
    await slack.mention({ user: 'U_ADA', channel, text: 'x' });
    expect(received).toHaveLength(1);
  });

  it('sends replies in threads and direct messages as message events', async () => {
    const { received, eventsUrl } = await startApp();
    const slack = await startSlack({ eventsUrl });
    const root = await slack.directMessage({ user: 'U_MINSU', text: '안녕' });
    await slack.say({ user: 'U_MINSU', channel: 'D_MINSU', text: 'APPROVE', thread_ts: root.ts });
    expect(received.map(({ body }) => body.event)).toMatchObject([
      { type: 'message', channel: 'D_MINSU', channel_type: 'im', text: '안녕' },
      { type: 'message', thread_ts: root.ts, text: 'APPROVE' },
    ]);
  });

  it('says nothing about channels the bot is not in', async () => {
    const { received, eventsUrl } = await startApp();
    const slack = await startSlack({ eventsUrl });
    await expect(slack.mention({ user: 'U_ADA', channel: 'C_RANDOM', text: 'x' })).resolves.toMatchObject({
      deliveries: [],
    });
    expect(received).toEqual([]);
  });

  it('tries again with the same event after an error and after silence', async () => {
    const { received, eventsUrl } = await startApp([500, 0]);
    const slack = await startSlack({ eventsUrl, ackTimeoutMs: 500 });
    const { settled, deliveries } = await slack.say({ user: 'U_ADA', channel, text: 'x' });
    await settled;
    expect(deliveries.map(({ reason, status }) => reason ?? status)).toEqual(['http_error', 'http_timeout', 200]);
    expect(new Set(received.map(({ body }) => body.event_id)).size).toBe(1);
    expect(received.map(({ headers }) => headers['x-slack-retry-num'])).toEqual([undefined, '1', '2']);
    expect(received.map(({ headers }) => headers['x-slack-retry-reason'])).toEqual([
      undefined,
      'http_error',
      'http_timeout',
    ]);
  });

  it('gives up after three retries, and at once when the app asks for that', async () => {
    const failing = await startApp([500, 500, 500, 500, 500]);
    const slack = await startSlack({ eventsUrl: failing.eventsUrl });
    await (
      await slack.say({ user: 'U_ADA', channel, text: 'x' })
    ).settled;
    expect(failing.received).toHaveLength(4);
    const refusing = await startApp([500], { 'x-slack-no-retry': '1' });
    slack.setEventsUrl(refusing.eventsUrl);
    await (
      await slack.say({ user: 'U_ADA', channel, text: 'x' })
    ).settled;
    expect(refusing.received).toHaveLength(1);
  });

  it('tells the app about its own messages when asked to', async () => {
    const { received, eventsUrl } = await startApp();
    const slack = await startSlack({ eventsUrl, ownMessageEvents: true });
    const headers = { authorization: 'Bearer xoxb-demo', 'content-type': 'application/json' };
    const body = JSON.stringify({ channel, text: 'from the bot' });
    await fetch(`${slack.apiUrl}chat.postMessage`, { method: 'POST', headers, body });
    await slack.waitFor('the event', () => slack.log.find(({ kind }) => kind === 'delivery'));
    expect(received[0]?.body.event).toMatchObject({ type: 'message', bot_id: 'BNUBABEL', text: 'from the bot' });
  });

  it('lends itself to attacks', async () => {
    const { received, eventsUrl } = await startApp();
    const slack = await startSlack({ eventsUrl });
    await slack.deliver({ type: 'event_callback' }, { signingSecret: 'stolen', timestamp: 1_700_000_000 });
    await slack.deliver({ type: 'event_callback' }, { headers: { 'x-slack-signature': null } });
    expect(() => verify(received[0] as Received)).toThrow(/stale/);
    expect(received[0]?.headers['x-slack-signature']).toBe(
      signSlackRequest('stolen', 1_700_000_000, '{"type":"event_callback"}'),
    );
    expect(received[1]?.headers['x-slack-signature']).toBeUndefined();
  });
});

describe('Socket Mode', () => {
  it('gives events to the real client and hears its acknowledgement', async () => {
    const slack = await startSlack({});
    const clientOptions = { slackApiUrl: slack.apiUrl };
    const client = new SocketModeClient({ appToken: 'xapp-demo', clientOptions, logLevel: LogLevel.ERROR });
    const texts: unknown[] = [];
    client.on('app_mention', async ({ event, ack }: { event: { text: string }; ack: () => Promise<void> }) => {
      texts.push(event.text);
      await ack();
    });
    client.on('message', async ({ ack }: { ack: () => Promise<void> }) => ack());
    await client.start();
    const { deliveries } = await slack.mention({ user: 'U_ADA', channel, text: 'over the socket' });
    expect(deliveries).toMatchObject([
      { via: 'socket', status: 200 },
      { via: 'socket', status: 200 },
    ]);
    expect(texts).toEqual(['<@UNUBABEL> over the socket']);
    expect(slack.log.filter((line) => line.kind === 'socket' && line.what === 'ack')).toHaveLength(2);
    await client.disconnect();
    await slack.waitFor('the socket to close', () => (slack.socketConnected() ? undefined : true));
  });

  it('gives a socket only to the app’s own token', async () => {
    const slack = await startSlack({});
    const open = (token: string) =>
      fetch(`${slack.apiUrl}apps.connections.open`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
      }).then((response) => response.json());
    await expect(open('xoxb-demo')).resolves.toMatchObject({ ok: false, error: 'not_allowed_token_type' });
    await expect(open('xapp-demo')).resolves.toMatchObject({ ok: true, url: expect.stringMatching(/^ws:/) });
  });
});

describe('the chat page', () => {
  it('serves one page and sends what a person types', async () => {
    const { received, eventsUrl } = await startApp();
    const slack = await startSlack({ eventsUrl, page: true });
    const page = await fetch(slack.url);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    await expect(page.text()).resolves.toContain('<title>Demo Slack</title>');
    const say = (body: unknown, type = 'application/json') =>
      fetch(`${slack.url}/_page/say`, {
        method: 'POST',
        headers: { 'content-type': type },
        body: JSON.stringify(body),
      });
    await say({ user: 'U_ADA', channel, text: 'hello' });
    await say({ user: 'U_ADA', channel: 'D_ADA', text: 'hello' });
    expect((await say({ user: 'U_ADA', channel, text: 'hello' }, 'text/plain')).status).toBe(415);
    expect(typesOf(received)).toEqual(['app_mention', 'message', 'message']);
    const shown = (await (await fetch(`${slack.url}/_page/messages?channel=${channel}`)).json()) as unknown[];
    expect(shown).toMatchObject([{ text: '<@UNUBABEL> hello', user: 'U_ADA' }]);
  });
});
