import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { botMessages, finalMessage, wordsOf } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';
import { openHouse, type House } from '../support/house.ts';

let house: House;
beforeAll(async () => {
  house = await openHouse({ slack: { limits: 'off' } });
}, 60_000);
afterEach(() => house.model.resume());
afterAll(() => house?.close());

const CHANNEL = 'C_LAUNCH';
const mention = (text: string) => house.slack.mention({ user: 'U_ADA', channel: CHANNEL, text });
/** A mention whose message stands while the model is still held back. */
async function atWork(text: string): Promise<string> {
  house.model.pause();
  const { ts } = await mention(text);
  await eventually('the first sign', () => botMessages(house, CHANNEL, ts)[0]);
  return ts;
}
const callsFor = (method: string, thread: string) =>
  house.slack.calls(method).filter(({ arguments: given }) => given['thread_ts'] === thread);

describe('when Slack is in trouble, the end still lands in one message', () => {
  it.each([
    ['answers updates with 429', 'chat.update', { status: 429, retryAfterSeconds: 1, times: 2 }],
    ['answers updates with 503', 'chat.update', { status: 503, times: 2 }],
    ['answers updates with an error of its own', 'chat.update', { error: 'internal_error', times: 2 }],
    ['loses the answer of an update', 'chat.update', { loseAnswer: true }],
  ])('%s', async (_, method, fault) => {
    const ts = await atWork('Write a slogan for our logo');
    house.slack.failNext(method, fault);
    house.model.resume();
    const message = await finalMessage(house, CHANNEL, ts);
    expect(message.text).toMatch(/^✅/);
    expect(botMessages(house, CHANNEL, ts)).toHaveLength(1);
  });

  it.each([
    ['is rate limited', { status: 429, retryAfterSeconds: 1 }],
    ['answers the post with 503', { status: 503 }],
    ['posts and loses the answer', { loseAnswer: true }],
  ])('%s', async (_, fault) => {
    house.slack.failNext('chat.postMessage', fault);
    const { ts } = await mention('Write a slogan for our shoes');
    const message = await finalMessage(house, CHANNEL, ts);
    expect(message.text).toMatch(/^✅/);
    expect(botMessages(house, CHANNEL, ts)).toHaveLength(1);
  });

  it('waits as long as Slack says before it asks again', async () => {
    house.slack.failNext('chat.postMessage', { status: 429, retryAfterSeconds: 3 });
    const { ts } = await mention('Write a slogan for our hats');
    await finalMessage(house, CHANNEL, ts);
    const [refused, posted] = callsFor('chat.postMessage', ts);
    expect(refused?.status).toBe(429);
    expect(Date.parse(posted?.at ?? '') - Date.parse(refused?.at ?? '')).toBeGreaterThanOrEqual(2_900);
  });

  it('refuses the layout: the words are shown without it', async () => {
    const ts = await atWork('Write a slogan for our socks');
    house.slack.failNext('chat.update', { error: 'invalid_blocks' });
    house.model.resume();
    expect((await finalMessage(house, CHANNEL, ts)).text).toMatch(/^✅/);
  });
});

it('a message that a person has deleted is posted again with the end', async () => {
  const ts = await atWork('Write a slogan for our gloves');
  const [first] = botMessages(house, CHANNEL, ts);
  const deleted = await fetch(`${house.slack.apiUrl}chat.delete`, {
    method: 'POST',
    headers: { authorization: 'Bearer xoxb-demo', 'content-type': 'application/json' },
    body: JSON.stringify({ channel: CHANNEL, ts: first?.ts }),
  });
  expect(await deleted.json()).toMatchObject({ ok: true });
  house.model.resume();
  const message = await finalMessage(house, CHANNEL, ts);
  expect(message.ts).not.toBe(first?.ts);
  expect(botMessages(house, CHANNEL, ts)).toHaveLength(1);
});

describe('with SLACK_UNKNOWN_USERS=reject', () => {
  it('strangers are answered kindly, and nothing is run or written about them', async () => {
    await house.restart('api', { SLACK_UNKNOWN_USERS: 'reject' });
    const before = house.model.requests.length;
    const { ts } = await house.slack.mention({ user: 'U_MINSU', channel: CHANNEL, text: '슬로건을 써 줘' });
    const message = await finalMessage(house, CHANNEL, ts);
    expect(wordsOf(message)).toContain('이 조직에 등록되지 않은 사용자');
    expect(house.model.requests).toHaveLength(before);
    expect(await house.database.look(`select id from users where slack_user_id = 'U_MINSU'`)).toEqual([]);
    const known = await mention('Write a slogan for our belts');
    expect((await finalMessage(house, CHANNEL, known.ts)).text).toMatch(/^✅/);
  });
});

describe('over Socket Mode', () => {
  beforeAll(async () => {
    await house.restart('api', { SLACK_APP_TOKEN: 'xapp-demo' });
    await eventually('the socket', () => house.slack.socketConnected());
  }, 60_000);

  it('a mention is heard, accepted before it is acknowledged, and answered', async () => {
    const { ts, deliveries } = await mention('Write a slogan for our coats');
    expect(deliveries.map(({ via, status }) => [via, status])).toEqual([
      ['socket', 200],
      ['socket', 200],
    ]);
    const rows = await house.database.look('select id from orchestrations where slack_thread_ts = $1', [ts]);
    expect(rows).toHaveLength(1);
    expect((await finalMessage(house, CHANNEL, ts)).text).toMatch(/^✅/);
  });

  it('an event that could not be accepted is not acknowledged, and taken when it comes again', async () => {
    await house.database.look(`alter table inbox rename to inbox_away`);
    const { ts, settled } = await mention('Write a slogan for our bags');
    await house.database.look(`alter table inbox_away rename to inbox`);
    await settled;
    expect((await finalMessage(house, CHANNEL, ts)).text).toMatch(/^✅/);
    expect(botMessages(house, CHANNEL, ts)).toHaveLength(1);
  });

  it('a connection that Slack renews loses nothing', async () => {
    house.slack.refreshSockets();
    await eventually(
      'the new socket',
      () => house.slack.log.filter((line) => line.kind === 'socket' && line.what === 'open').length > 1,
    );
    const { ts } = await mention('Write a slogan for our ties');
    expect((await finalMessage(house, CHANNEL, ts)).text).toMatch(/^✅/);
  });

  it('nothing is taken over HTTP any more', async () => {
    const { status } = await house.slack.deliver({ type: 'url_verification', challenge: 'x' });
    expect(status).toBe(503);
  });
});
