import { afterEach, describe, expect, it } from '@jest/globals';
import { LogLevel, WebClient, type Logger } from '@slack/web-api';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listChannels } from '../../api/slack/people.ts';
import { createFakeSlack, demoWorkspace, type FakeSlack, type FakeSlackOptions } from '../../dev/fakes/slack/index.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

const ignore = () => undefined;
/** The client prints every refusal, and refusals are what is tested here. */
const QUIET: Logger = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  setLevel: ignore,
  getLevel: () => LogLevel.ERROR,
  setName: ignore,
};

const clientOf = (slack: FakeSlack, token = 'xoxb-demo') =>
  new WebClient(token, {
    slackApiUrl: slack.apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    logger: QUIET,
  });

async function start(options: FakeSlackOptions = {}) {
  const slack = await createFakeSlack(options);
  closers.push(slack.close);
  return { slack, client: clientOf(slack) };
}

const channel = 'C_LAUNCH';
const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } });

describe('the fake Web API', () => {
  it('knows who is asking', async () => {
    const { client, slack } = await start();
    await expect(client.auth.test()).resolves.toMatchObject({
      team_id: 'TDEMO',
      user_id: 'UNUBABEL',
      bot_id: 'BNUBABEL',
    });
    await expect(clientOf(slack, 'xoxb-wrong').auth.test()).rejects.toMatchObject({ data: { error: 'invalid_auth' } });
    await expect((await fetch(`${slack.apiUrl}auth.test`, { method: 'POST' })).json()).resolves.toEqual({
      ok: false,
      error: 'not_authed',
    });
  });

  it('takes JSON as well as forms, and the token as a field', async () => {
    const { slack } = await start();
    const body = JSON.stringify({ channel, text: 'hello', blocks: [section('hello')] });
    const headers = { 'content-type': 'application/json', authorization: 'Bearer xoxb-demo' };
    const posted = await (await fetch(`${slack.apiUrl}chat.postMessage`, { method: 'POST', headers, body })).json();
    expect(posted).toMatchObject({ ok: true, channel, message: { bot_id: 'BNUBABEL', blocks: [section('hello')] } });
    const asked = await fetch(`${slack.apiUrl}users.info?user=U_MINSU&include_locale=true&token=xoxb-demo`);
    await expect(asked.json()).resolves.toMatchObject({ user: { real_name: '김민수', locale: 'ko-KR' } });
  });

  it('lists the channels of a person: public ones, and private ones that the bot is in too, by pages', async () => {
    const of = (id: string, kind: 'channel' | 'group', botIsMember: boolean, members?: string[]) =>
      ({ id, name: id, kind, botIsMember, ...(members && { members }) }) as const;
    const channels = [
      of('C1', 'channel', false),
      of('C2', 'channel', true, ['U_ADA']),
      of('G1', 'group', true, ['U_MINSU']),
      of('G2', 'group', false, ['U_MINSU']),
      of('G3', 'group', true, ['U_ADA']),
    ];
    const { client } = await start({ workspaces: [demoWorkspace({ channels })] });
    await expect(listChannels(client, 'TDEMO', 'U_MINSU')).resolves.toEqual(['C1', 'G1']);
    await expect(listChannels(client, 'TOTHER', 'U_MINSU')).resolves.toEqual([]);
    await expect(listChannels(client, 'TDEMO', 'U_NOBODY')).rejects.toMatchObject({
      data: { error: 'user_not_found' },
    });
    const many = Array.from({ length: 1_101 }, (_, index) => of(`C${index}`, 'channel', true));
    const large = await start({ workspaces: [demoWorkspace({ channels: many })] });
    await expect(listChannels(large.client, 'TDEMO', 'U_ADA')).resolves.toHaveLength(1_101);
    expect(large.slack.calls('users.conversations')).toHaveLength(3);
    large.slack.failNext('users.conversations', { status: 429, retryAfterSeconds: 1 });
    await expect(listChannels(large.client, 'TDEMO', 'U_ADA')).rejects.toThrow();
    const poor = await start({ workspaces: [demoWorkspace({ scopes: ['channels:read'] })] });
    await expect(listChannels(poor.client, 'TDEMO', 'U_ADA')).rejects.toMatchObject({
      data: { error: 'missing_scope', needed: 'groups:read' },
    });
  });

  it('posts, replies, updates and remembers every version', async () => {
    const { client, slack } = await start();
    const root = await client.chat.postMessage({ channel, text: 'working', blocks: [section('working')] });
    const ts = root.ts ?? '';
    expect(ts).toMatch(/^\d{10}\.\d{6}$/);
    await client.chat.postMessage({ channel, text: 'reply', thread_ts: ts });
    await client.chat.update({ channel, ts, text: 'done' });
    const kept = slack.message(channel, ts);
    expect(kept?.versions.map(({ text }) => text)).toEqual(['working', 'done']);
    expect(kept).toMatchObject({ edited: { user: 'UNUBABEL' }, blocks: [section('working')] });
    expect(slack.messages({ channel, thread: ts }).map(({ text }) => text)).toEqual(['done', 'reply']);
    const replies = await client.conversations.replies({ channel, ts });
    expect(replies.messages?.map(({ text }) => text)).toEqual(['done', 'reply']);
    expect(replies.messages?.[0]).toMatchObject({ reply_count: 1, thread_ts: ts });
  });

  it('gives metadata only to who asks for it', async () => {
    const { client } = await start();
    const metadata = { event_type: 'job', event_payload: { id: 'j1' } };
    await client.chat.postMessage({ channel, text: 'x', metadata });
    const plain = await client.conversations.history({ channel });
    const full = await client.conversations.history({ channel, include_all_metadata: true });
    expect(plain.messages?.[0]?.metadata).toBeUndefined();
    expect(full.messages?.[0]?.metadata).toEqual(metadata);
    const large = { event_type: 'job', event_payload: { id: 'x'.repeat(9000) } };
    await expect(client.chat.postMessage({ channel, text: 'x', metadata: large })).rejects.toMatchObject({
      data: { error: 'metadata_too_large' },
    });
  });

  it('pages through a list', async () => {
    const { client } = await start();
    const first = await client.conversations.list({ limit: 2 });
    expect(first.channels?.map(({ id }) => id)).toEqual(['C_GENERAL', 'C_LAUNCH']);
    const cursor = first.response_metadata?.next_cursor;
    const second = await client.conversations.list({ limit: 2, cursor });
    expect(second.channels?.map(({ id }) => id)).toEqual(['C_RANDOM', 'C_ARCHIVE']);
  });

  it('does the small things', async () => {
    const { client, slack } = await start();
    const { ts = '' } = await client.chat.postMessage({ channel: 'U_ADA', text: 'psst' });
    expect(slack.message('D_ADA', ts)?.text).toBe('psst');
    await client.reactions.add({ channel: 'D_ADA', timestamp: ts, name: 'eyes' });
    await expect(client.reactions.add({ channel: 'D_ADA', timestamp: ts, name: 'eyes' })).rejects.toMatchObject({
      data: { error: 'already_reacted' },
    });
    const { permalink } = await client.chat.getPermalink({ channel: 'D_ADA', message_ts: ts });
    expect(permalink).toBe(`https://nubabel-demo.slack.com/archives/D_ADA/p${ts.replace('.', '')}`);
    await client.chat.postEphemeral({ channel, user: 'U_ADA', text: 'only you' });
    expect(slack.ephemerals).toMatchObject([{ user: 'U_ADA', text: 'only you' }]);
    await client.chat.delete({ channel: 'D_ADA', ts });
    expect(slack.message('D_ADA', ts)).toBeUndefined();
    await expect(client.conversations.open({ users: 'U_MINSU' })).resolves.toMatchObject({
      channel: { id: 'D_MINSU' },
    });
    await expect(client.users.list({})).resolves.toMatchObject({ members: expect.any(Array) });
    await expect(client.team.info()).resolves.toMatchObject({ team: { id: 'TDEMO' } });
  });

  it('keeps workspaces apart', async () => {
    const other = demoWorkspace({ teamId: 'TOTHER', botToken: 'xoxb-other' });
    const { client, slack } = await start({ workspaces: [demoWorkspace(), other] });
    const { ts = '' } = await clientOf(slack, 'xoxb-other').chat.postMessage({ channel, text: 'there' });
    expect(slack.message(channel, ts)).toBeUndefined();
    expect(slack.message(channel, ts, 'TOTHER')?.text).toBe('there');
    await expect(client.chat.update({ channel, ts, text: 'x' })).rejects.toMatchObject({
      data: { error: 'message_not_found' },
    });
  });
});

describe('the limits of the fake Web API', () => {
  const times = <T>(count: number, item: T) => Array.from({ length: count }, () => item);
  const button = (text: string) => ({ type: 'button', text: { type: 'plain_text', text }, action_id: 'a' });
  it.each([
    ['51 blocks', times(51, { type: 'divider' }), 'no more than 50 items'],
    [
      'a long section',
      [section('x'.repeat(3001))],
      'must be less than 3001 characters [json-pointer:/blocks/0/text/text]',
    ],
    ['an empty section', [section('')], 'more than 0 characters'],
    ['eleven fields', [{ type: 'section', fields: times(11, { type: 'mrkdwn', text: 'x' }) }], 'no more than 10'],
    ['a long field', [{ type: 'section', fields: [{ type: 'mrkdwn', text: 'x'.repeat(2001) }] }], 'less than 2001'],
    ['a long header', [{ type: 'header', text: { type: 'plain_text', text: 'x'.repeat(151) } }], 'less than 151'],
    ['much markdown', times(2, { type: 'markdown', text: 'x'.repeat(6001) }), 'less than 12001'],
    ['a long button', [{ type: 'actions', elements: [button('x'.repeat(76))] }], 'less than 76'],
    ['an unknown block', [{ type: 'blink' }], 'unsupported type: blink'],
  ])('%s', async (_name, blocks, reason) => {
    const { client } = await start();
    const error: unknown = await client.chat
      .postMessage({ channel, text: 'x', blocks })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ data: { error: 'invalid_blocks', errors: [expect.stringContaining(reason)] } });
  });

  it('texts', async () => {
    const { client, slack } = await start();
    await expect(client.chat.postMessage({ channel, text: '' })).rejects.toMatchObject({ data: { error: 'no_text' } });
    const posted = await client.chat.postMessage({ channel, text: 'x'.repeat(40_001) });
    expect(posted.response_metadata?.warnings).toEqual(['message_truncated']);
    const ts = posted.ts ?? '';
    expect(slack.message(channel, ts)?.text).toHaveLength(40_000);
    const long = client.chat.update({ channel, ts, text: 'x'.repeat(4001) });
    await expect(long).rejects.toMatchObject({ data: { error: 'msg_too_long' } });
  });

  it('places and owners', async () => {
    const { client, slack } = await start();
    const post = (to: string) => client.chat.postMessage({ channel: to, text: 'x' });
    await expect(post('C_NOWHERE')).rejects.toMatchObject({ data: { error: 'channel_not_found' } });
    await expect(post('C_RANDOM')).rejects.toMatchObject({ data: { error: 'not_in_channel' } });
    await expect(post('C_ARCHIVE')).rejects.toMatchObject({ data: { error: 'is_archived' } });
    const { ts } = await slack.say({ user: 'U_ADA', channel, text: 'mine' });
    await expect(client.chat.update({ channel, ts, text: 'x' })).rejects.toMatchObject({
      data: { error: 'cant_update_message' },
    });
  });

  it('rates: posting per channel, updating per workspace', async () => {
    const { client, slack } = await start();
    const posts = await Promise.allSettled(
      Array.from({ length: 20 }, () => client.chat.postMessage({ channel, text: 'x' })),
    );
    const posted = posts.filter(({ status }) => status === 'fulfilled').length;
    // One more comes free per second, should the machine be slow.
    expect(posted).toBeGreaterThanOrEqual(5);
    expect(posted).toBeLessThan(10);
    const other = await client.chat.postMessage({ channel: 'C_GENERAL', text: 'x' });
    const ts = other.ts ?? '';
    const updates = await Promise.allSettled(
      Array.from({ length: 51 }, () => client.chat.update({ channel: 'C_GENERAL', ts, text: 'y' })),
    );
    const refused = updates.filter((one) => one.status === 'rejected');
    expect(refused).toHaveLength(1);
    expect(refused[0]?.reason).toMatchObject({
      code: 'slack_webapi_rate_limited_error',
      retryAfter: expect.any(Number),
    });
    expect(slack.calls('chat.update').filter(({ status }) => status === 429)).toHaveLength(1);
  });

  it('can be switched off', async () => {
    const { client, slack } = await start({ limits: 'off' });
    await Promise.all(Array.from({ length: 60 }, () => client.chat.postMessage({ channel, text: 'x' })));
    expect(slack.messages({ channel })).toHaveLength(60);
  });
});

describe('trouble on order', () => {
  it('fails the next calls, and can lose an answer after doing the work', async () => {
    const { client, slack } = await start();
    slack.failNext('chat.postMessage', { error: 'fatal_error' });
    slack.failNext('chat.postMessage', { status: 429, retryAfterSeconds: 9 });
    slack.failNext('chat.postMessage', { loseAnswer: true });
    const post = () => client.chat.postMessage({ channel, text: 'x' });
    await expect(post()).rejects.toMatchObject({ data: { error: 'fatal_error' } });
    await expect(post()).rejects.toMatchObject({ retryAfter: 9 });
    await expect(post()).rejects.toThrow();
    await expect(post()).resolves.toMatchObject({ ok: true });
    expect(slack.messages({ channel })).toHaveLength(2);
  });

  it('logs every call without the token', async () => {
    const logPath = join(mkdtempSync(join(tmpdir(), 'fakes-')), 'slack.jsonl');
    const { client, slack } = await start({ logPath });
    await client.chat.postMessage({ channel, text: 'kept' });
    await slack.waitForCalls('chat.postMessage', 1);
    const file = readFileSync(logPath, 'utf8');
    expect(
      file
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(slack.log);
    expect(slack.log).toMatchObject([
      { kind: 'call', method: 'chat.postMessage', ok: true, arguments: { text: 'kept' } },
    ]);
    expect(file).not.toContain('xoxb-demo');
  });
});
