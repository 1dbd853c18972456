import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { botMessages, finalMessage, wordsOf } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';

let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startNubabel({ slack: { limits: 'off' } });
}, 60_000);
afterEach(() => nubabel.model.resume());
afterAll(() => nubabel?.close());

const CHANNEL = 'C_LAUNCH';
const mention = (text: string) => nubabel.slack.mention({ user: 'U_ADA', channel: CHANNEL, text });
/** A mention whose message stands while the model is still held back. */
async function atWork(text: string): Promise<string> {
  nubabel.model.pause();
  const { ts } = await mention(text);
  await eventually('the first sign', () => botMessages(nubabel, CHANNEL, ts)[0]);
  return ts;
}
const callsFor = (method: string, thread: string) =>
  nubabel.slack.calls(method).filter(({ arguments: given }) => given['thread_ts'] === thread);

describe('when Slack is in trouble, the end still lands in one message', () => {
  it.each([
    ['answers updates with 429', 'chat.update', { status: 429, retryAfterSeconds: 1, times: 2 }],
    ['answers updates with 503', 'chat.update', { status: 503, times: 2 }],
    ['answers updates with an error of its own', 'chat.update', { error: 'internal_error', times: 2 }],
    ['loses the answer of an update', 'chat.update', { loseAnswer: true }],
  ])('%s', async (_, method, fault) => {
    const ts = await atWork('Write a slogan for our logo');
    nubabel.slack.failNext(method, fault);
    nubabel.model.resume();
    const message = await finalMessage(nubabel, CHANNEL, ts);
    expect(message.text).toMatch(/^✅/);
    expect(botMessages(nubabel, CHANNEL, ts)).toHaveLength(1);
  });

  it.each([
    ['is rate limited', { status: 429, retryAfterSeconds: 1 }],
    ['answers the post with 503', { status: 503 }],
    ['posts and loses the answer', { loseAnswer: true }],
  ])('%s', async (_, fault) => {
    nubabel.slack.failNext('chat.postMessage', fault);
    const { ts } = await mention('Write a slogan for our shoes');
    const message = await finalMessage(nubabel, CHANNEL, ts);
    expect(message.text).toMatch(/^✅/);
    expect(botMessages(nubabel, CHANNEL, ts)).toHaveLength(1);
  });

  it('waits as long as Slack says before it asks again', async () => {
    nubabel.slack.failNext('chat.postMessage', { status: 429, retryAfterSeconds: 3 });
    const { ts } = await mention('Write a slogan for our hats');
    await finalMessage(nubabel, CHANNEL, ts);
    const [refused, posted] = callsFor('chat.postMessage', ts);
    expect(refused?.status).toBe(429);
    expect(Date.parse(posted?.at ?? '') - Date.parse(refused?.at ?? '')).toBeGreaterThanOrEqual(2_900);
  });

  it('refuses the layout: the words are shown without it', async () => {
    const ts = await atWork('Write a slogan for our socks');
    nubabel.slack.failNext('chat.update', { error: 'invalid_blocks' });
    nubabel.model.resume();
    expect((await finalMessage(nubabel, CHANNEL, ts)).text).toMatch(/^✅/);
  });
});

it('the end comes by direct message where a person has deleted our message, and UNDO is answered there', async () => {
  const ts = await atWork('Write a slogan for our gloves');
  const [first] = botMessages(nubabel, CHANNEL, ts);
  const deleted = await fetch(`${nubabel.slack.apiUrl}chat.delete`, {
    method: 'POST',
    headers: { authorization: 'Bearer xoxb-demo', 'content-type': 'application/json' },
    body: JSON.stringify({ channel: CHANNEL, ts: first?.ts }),
  });
  expect(await deleted.json()).toMatchObject({ ok: true });
  nubabel.model.resume();
  const end = await nubabel.slack.waitForMessage({ channel: 'D_ADA', where: ({ text }) => text.startsWith('✅') });
  expect(end.text).toContain('✅');
  expect(botMessages(nubabel, CHANNEL, ts)).toEqual([]);
  const before = nubabel.slack.ephemerals.length;
  await nubabel.slack.say({ user: 'U_ADA', channel: 'D_ADA', text: 'UNDO', thread_ts: end.thread_ts });
  const reply = await nubabel.slack.waitFor('the answer', () => nubabel.slack.ephemerals[before]);
  expect(reply).toMatchObject({ channel: 'D_ADA', text: expect.stringMatching(/nothing here that can be undone/) });
});

describe('with SLACK_UNKNOWN_USERS=reject', () => {
  it('outsiders are answered kindly, and nothing is run or written about them', async () => {
    await nubabel.restart('api', { SLACK_UNKNOWN_USERS: 'reject' });
    const before = nubabel.model.requests.length;
    const { ts } = await nubabel.slack.mention({ user: 'U_MINSU', channel: CHANNEL, text: '슬로건을 써 줘' });
    const message = await finalMessage(nubabel, CHANNEL, ts);
    expect(wordsOf(message)).toContain('이 조직에 등록되지 않은 사용자');
    expect(nubabel.model.requests).toHaveLength(before);
    expect(await nubabel.database.look(`select id from users where slack_user_id = 'U_MINSU'`)).toEqual([]);
    const known = await mention('Write a slogan for our belts');
    expect((await finalMessage(nubabel, CHANNEL, known.ts)).text).toMatch(/^✅/);
  });
});

describe('over Socket Mode', () => {
  beforeAll(async () => {
    await nubabel.restart('api', { SLACK_APP_TOKEN: 'xapp-demo' });
    await eventually('the socket', () => nubabel.slack.socketConnected());
  }, 60_000);

  it('a mention is heard, accepted before it is acknowledged, and answered', async () => {
    const { ts, deliveries } = await mention('Write a slogan for our coats');
    expect(deliveries.map(({ via, status }) => [via, status])).toEqual([
      ['socket', 200],
      ['socket', 200],
    ]);
    const rows = await nubabel.database.look('select id from orchestrations where slack_thread_ts = $1', [ts]);
    expect(rows).toHaveLength(1);
    expect((await finalMessage(nubabel, CHANNEL, ts)).text).toMatch(/^✅/);
  });

  it('an event that could not be accepted is not acknowledged, and taken when it comes again', async () => {
    await nubabel.database.look(`alter table inbox rename to inbox_away`);
    const { ts, settled } = await mention('Write a slogan for our bags');
    await nubabel.database.look(`alter table inbox_away rename to inbox`);
    await settled;
    expect((await finalMessage(nubabel, CHANNEL, ts)).text).toMatch(/^✅/);
    expect(botMessages(nubabel, CHANNEL, ts)).toHaveLength(1);
  });

  const acked = (id: string) =>
    nubabel.slack.log.filter((line) => line.kind === 'socket' && line.what === 'ack' && line.envelopeId === id).length;
  const mentionEvent = (ts: string, more: object = {}) => ({
    type: 'event_callback',
    team_id: 'TDEMO',
    event_id: `Ev${ts}`,
    event: { type: 'app_mention', user: 'U_ADA', channel: CHANNEL, text: '<@UNUBABEL> Write a slogan', ts, ...more },
  });

  it('what is no envelope, or holds nothing, ends nothing and connects nothing anew', async () => {
    const opened = () => nubabel.slack.log.filter((line) => line.kind === 'socket' && line.what === 'open').length;
    const before = opened();
    const envelope_id = 'odd';
    for (const odd of [null, 'text', [], {}, { type: null }, { type: 'events_api' }, { type: 'interactive' }])
      nubabel.slack.sendOverSocket(JSON.stringify(odd));
    for (const payload of [undefined, null, 'text', {}, { event: null }, { event: { type: null } }])
      for (const type of ['events_api', 'interactive', 'slash_commands'])
        nubabel.slack.sendOverSocket(JSON.stringify({ envelope_id, type, payload }));
    for (const type of ['error', 'close', 'ws_message', 'slack_event', 'disconnected']) {
      nubabel.slack.sendOverSocket(JSON.stringify({ envelope_id, type, payload: {} }));
      nubabel.slack.sendOverSocket(JSON.stringify({ envelope_id, type: 'events_api', payload: { event: { type } } }));
    }
    nubabel.slack.sendOverSocket('{');
    const nothing = { user: null, text: null, thread_ts: null, blocks: null };
    for (const more of [
      nothing,
      { text: 'a\u0000b', blocks: [null], user: 'U_ADA\u0000' },
      { channel: null, ts: null },
    ])
      nubabel.slack.sendOverSocket(
        JSON.stringify({ envelope_id: 'nulls', type: 'events_api', payload: mentionEvent('1700000300.000100', more) }),
      );
    const { ts, deliveries } = await mention('Write a slogan for our mugs');
    expect(deliveries.map(({ status }) => status)).toEqual([200, 200]);
    expect((await finalMessage(nubabel, CHANNEL, ts)).text).toMatch(/^✅/);
    expect(opened()).toBe(before);
  });

  it('an event that comes in three envelopes is acknowledged three times and done once', async () => {
    const ts = '1700000400.000100';
    for (const envelope_id of ['one', 'two', 'three'])
      nubabel.slack.sendOverSocket(JSON.stringify({ envelope_id, type: 'events_api', payload: mentionEvent(ts) }));
    await eventually('the acknowledgements', () => ['one', 'two', 'three'].every((id) => acked(id) === 1));
    expect(await nubabel.database.look('select id from orchestrations where slack_thread_ts = $1', [ts])).toHaveLength(
      1,
    );
  });

  it('a button is heard once, and its press is acknowledged when it is safe', async () => {
    nubabel.model.pause();
    const { ts } = await mention('Write a slogan for our scarves');
    await eventually('the first sign', () => botMessages(nubabel, CHANNEL, ts)[0]);
    await nubabel.slack.say({ user: 'U_ADA', channel: CHANNEL, text: 'CANCEL', thread_ts: ts });
    const end = await finalMessage(nubabel, CHANNEL, ts);
    nubabel.model.resume();
    const pressed = { user: 'U_ADA', channel: CHANNEL, ts: end.ts, action: 'ask_again' };
    const presses = [1, 2, 3].map(() => nubabel.slack.press(pressed));
    for (const delivery of await Promise.all(presses)) expect(delivery).toMatchObject({ via: 'socket', status: 200 });
    const jobs = await nubabel.database.look('select id from orchestrations where slack_thread_ts = $1', [ts]);
    expect(jobs).toHaveLength(2);
  });

  it('a connection that Slack renews loses nothing', async () => {
    nubabel.slack.refreshSockets();
    await eventually(
      'the new socket',
      () => nubabel.slack.log.filter((line) => line.kind === 'socket' && line.what === 'open').length > 1,
    );
    const { ts } = await mention('Write a slogan for our ties');
    expect((await finalMessage(nubabel, CHANNEL, ts)).text).toMatch(/^✅/);
  });

  it('nothing is taken over HTTP any more', async () => {
    const { status } = await nubabel.slack.deliver({ type: 'url_verification', challenge: 'x' });
    expect(status).toBe(503);
  });
});
