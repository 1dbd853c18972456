import { afterEach, describe, expect, it } from '@jest/globals';
import { createFakeSlack, demoWorkspace, type FakeSlack } from '../../../../dev/fakes/slack/index.ts';
import { effectMark } from '../../../../adapters/mcp/servers/define.ts';
import { slack as provider } from '../../../../adapters/mcp/servers/slack/index.ts';
import { toolsOf, type ToolsOptions } from './fixture.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function open(options: Partial<ToolsOptions> = {}, workspace = demoWorkspace()) {
  const fake = await createFakeSlack({ workspaces: [workspace], limits: 'off' });
  closers.push(fake.close);
  return { fake, tools: toolsOf(provider, { url: fake.apiUrl, token: 'xoxb-demo', ...options }) };
}

const texts = (fake: FakeSlack, channel = 'C_LAUNCH') => fake.messages({ channel }).map(({ text }) => text);
const post = { channel: '#launch', text: 'The *plan* is ready.' };

describe('Slack tools that read', () => {
  it('say who we are', async () => {
    const { tools } = await open();
    await expect(tools.whoAmI()).resolves.toBe('@nubabel in Nubabel Demo (https://nubabel-demo.slack.com/)');
  });

  it('list channels page by page and by a word', async () => {
    const { tools } = await open();
    const first = await tools.run('getChannels', { limit: 2 });
    expect(first).toMatchObject({ channels: [{ name: 'general' }, { id: 'C_LAUNCH', isMember: true }] });
    const second = await tools.run('getChannels', { limit: 2, cursor: first['nextCursor'] });
    expect(second).toEqual({
      channels: [{ id: 'C_RANDOM', name: 'random', isPrivate: false, isMember: false, topic: '' }],
    });
    await expect(tools.run('getChannels', { query: '#lau' })).resolves.toMatchObject({
      channels: [{ id: 'C_LAUNCH' }],
    });
  });

  it('list people without bots, page by page and by email', async () => {
    const { tools } = await open();
    const first = await tools.run('getUsers', { limit: 3 });
    expect(first['users']).toHaveLength(3);
    const second = await tools.run('getUsers', { limit: 3, cursor: first['nextCursor'] });
    expect(second).toMatchObject({ users: [{ id: 'U_LINUS', timezone: 'Europe/London' }] });
    expect(second['nextCursor']).toBeUndefined();
    await expect(tools.run('getUsers', { query: 'grace@' })).resolves.toMatchObject({
      users: [{ id: 'U_GRACE', email: 'grace@example.com', isGuest: true }],
    });
    await expect(tools.run('getUsers', { includeBots: true })).resolves.toMatchObject({
      users: expect.arrayContaining([expect.objectContaining({ name: 'nubabel', isBot: true })]),
    });
  });
});

describe('Slack tools that write', () => {
  it('post once, with the mark of the effect and without previews of links', async () => {
    const { tools, fake } = await open();
    const written = await tools.run('postMessage', post, 'effect-1');
    expect(written).toMatchObject({ channel: 'C_LAUNCH', url: expect.stringContaining('/archives/C_LAUNCH/p') });
    expect(fake.message('C_LAUNCH', String(written['ts']))?.metadata).toEqual({
      event_type: 'nubabel_effect',
      event_payload: { key: effectMark('effect-1') },
    });
    expect(fake.calls('chat.postMessage')[0]?.arguments).toMatchObject({
      unfurl_links: 'false',
      unfurl_media: 'false',
    });
    expect(tools.resource('postMessage', written, post)).toEqual({
      id: `C_LAUNCH:${String(written['ts'])}`,
      url: written['url'],
    });
  });

  it('post to a person', async () => {
    const { tools } = await open();
    await expect(tools.run('postMessage', { ...post, channel: 'U_ADA' })).resolves.toMatchObject({ channel: 'D_ADA' });
  });

  it('are still done when the link to the message cannot be had', async () => {
    const { tools, fake } = await open();
    fake.failNext('chat.getPermalink', { status: 500 });
    const written = await tools.run('postMessage', post, 'effect-1');
    expect(written['url']).toBeUndefined();
    expect(texts(fake)).toEqual([post.text]);
  });

  it('reply in a thread', async () => {
    const { tools, fake } = await open();
    const { ts } = await tools.run('postMessage', post);
    const reply = await tools.run('sendThreadReply', { ...post, threadTs: ts, text: 'Thanks.' }, 'effect-2');
    expect(fake.messages({ channel: 'C_LAUNCH', thread: String(ts) }).map(({ text }) => text)).toEqual([
      post.text,
      'Thanks.',
    ]);
    await expect(tools.undo('sendThreadReply', { args: { ...post, threadTs: ts }, output: reply })).resolves.toContain(
      'Deleted',
    );
    expect(texts(fake)).toEqual([post.text]);
  });

  it('change a message whole, also its blocks, and restore it', async () => {
    const { tools, fake } = await open();
    const blocks = [{ type: 'section', text: { type: 'mrkdwn', text: 'first' } }];
    const { ts } = await tools.run('postMessage', { ...post, blocks }, 'effect-1');
    const args = { channel: 'C_LAUNCH', ts, text: 'second' };
    const before = await tools.before('updateMessage', args);
    const output = await tools.run('updateMessage', args, 'effect-2');
    expect(fake.message('C_LAUNCH', String(ts))).toMatchObject({ text: 'second', blocks: [] });
    for (const said of ['Restored', 'as it was already'])
      await expect(tools.undo('updateMessage', { args, output, before })).resolves.toContain(said);
    expect(fake.message('C_LAUNCH', String(ts))).toMatchObject({
      text: post.text,
      blocks,
      metadata: { event_payload: { key: effectMark('effect-1') } },
    });
  });

  it.each(['<!channel> look', 'hey <!here|here>', '<!subteam^S123> please'])(
    'never notify everybody: %s',
    async (text) => {
      const { tools, fake } = await open();
      await expect(tools.run('postMessage', { ...post, text })).rejects.toMatchObject({ fault: 'refused' });
      const blocks = [{ type: 'section', text: { type: 'mrkdwn', text } }];
      await expect(tools.run('postMessage', { ...post, blocks })).rejects.toThrow('allowBroadcast');
      const rich = [{ type: 'rich_text', elements: [{ type: 'broadcast', range: 'channel' }] }];
      await expect(tools.run('postMessage', { ...post, blocks: rich })).rejects.toThrow('allowBroadcast');
      expect(fake.calls('chat.postMessage')).toEqual([]);
    },
  );

  it.each([
    '<https://evil.example|https://good.example>',
    '<https://evil.example|good.com>',
    '<https://good.example@evil.example/|www.good.example>',
  ])('never send a link that is labelled with another address: %s', async (text) => {
    const { tools, fake } = await open();
    const blocks = [{ type: 'section', text: { type: 'mrkdwn', text } }];
    const markdown = [{ type: 'markdown', text: '[https://good.example](https://evil.example)' }];
    const rich = [
      { type: 'rich_text', elements: [{ type: 'link', url: 'https://evil.example', text: 'https://good.example' }] },
    ];
    await expect(tools.run('postMessage', { ...post, text })).rejects.toMatchObject({ fault: 'refused' });
    for (const shown of [blocks, markdown, rich])
      await expect(tools.run('postMessage', { ...post, blocks: shown })).rejects.toThrow('another address');
    expect(fake.calls('chat.postMessage')).toEqual([]);
  });

  it('send what was approved as it stands: no previews, no names found in the text', async () => {
    const { tools, fake } = await open();
    const text = '<https://a.example/report|Report> for <@U_ADA>, see report.pdf @channel';
    const output = await tools.run('postMessage', { ...post, text });
    const args = { channel: 'C_LAUNCH', ts: output['ts'], text: 'second' };
    const before = await tools.before('updateMessage', args);
    await tools.undo('updateMessage', { args, output: await tools.run('updateMessage', args), before });
    const calls = [...fake.calls('chat.postMessage'), ...fake.calls('chat.update')].map(({ arguments: sent }) => sent);
    expect(calls).toHaveLength(3);
    expect(calls[0]).toMatchObject({ text });
    for (const sent of calls)
      expect(sent).toMatchObject({ unfurl_links: 'false', unfurl_media: 'false', parse: 'none', link_names: 'false' });
  });

  it('notify everybody where an admin allows it', async () => {
    const { tools, fake } = await open({ settings: { allowBroadcast: 'true' } });
    await tools.run('postMessage', { ...post, text: '<!here> now' });
    expect(texts(fake)).toEqual(['<!here> now']);
  });

  it('take what they have written back, and say so when it is gone', async () => {
    const { tools, fake } = await open();
    const output = await tools.run('postMessage', post);
    await expect(tools.undo('postMessage', { args: post, output })).resolves.toContain('Deleted');
    await expect(tools.undo('postMessage', { args: post, output })).resolves.toContain('already');
    expect(texts(fake)).toEqual([]);
  });
});

describe('a lost answer of Slack', () => {
  it('is unknown, and found again by the mark', async () => {
    const { tools, fake } = await open();
    fake.failNext('chat.postMessage', { loseAnswer: true });
    await expect(tools.run('postMessage', post, 'effect-1')).rejects.toMatchObject({ fault: 'unknown' });
    const found = await tools.readBack('postMessage', { args: post, effectKey: 'effect-1' });
    expect(found).toMatchObject({ happened: { channel: 'C_LAUNCH', ts: expect.any(String) } });
    await expect(tools.readBack('postMessage', { args: post, effectKey: 'effect-2' })).resolves.toBe('not_happened');
  });

  it('is found in a thread, and behind other messages', async () => {
    const { tools, fake } = await open();
    const { ts } = await tools.run('postMessage', post);
    const args = { ...post, threadTs: ts };
    fake.failNext('chat.postMessage', { loseAnswer: true });
    await expect(tools.run('sendThreadReply', args, 'effect-1')).rejects.toMatchObject({ fault: 'unknown' });
    await tools.run('sendThreadReply', args, 'effect-2');
    await expect(tools.readBack('sendThreadReply', { args, effectKey: 'effect-1' })).resolves.toMatchObject({
      happened: { channel: 'C_LAUNCH' },
    });
    await expect(tools.readBack('sendThreadReply', { args, effectKey: 'other' })).resolves.toBe('not_happened');
  });

  it('is found for a change', async () => {
    const { tools, fake } = await open();
    const { ts } = await tools.run('postMessage', post, 'effect-1');
    const args = { channel: 'C_LAUNCH', ts, text: 'a & b <https://example.com>' };
    const before = await tools.before('updateMessage', args);
    await expect(tools.readBack('updateMessage', { args, effectKey: 'effect-2', before })).resolves.toBe(
      'not_happened',
    );
    await expect(tools.readBack('updateMessage', { args, effectKey: 'effect-2' })).resolves.toBe('unclear');
    fake.failNext('chat.update', { loseAnswer: true });
    await expect(tools.run('updateMessage', args, 'effect-2')).rejects.toMatchObject({ fault: 'unknown' });
    await expect(tools.readBack('updateMessage', { args, effectKey: 'effect-2' })).resolves.toMatchObject({
      happened: { ts },
    });
  });

  it('is unclear where the app may write but not read', async () => {
    const { tools, fake } = await open();
    for (const error of ['missing_scope', 'not_in_channel']) {
      fake.failNext('conversations.history', { error });
      await expect(tools.readBack('postMessage', { args: post, effectKey: 'effect-1' })).resolves.toBe('unclear');
    }
    fake.failNext('conversations.history', { status: 503 });
    await expect(tools.readBack('postMessage', { args: post, effectKey: 'effect-1' })).rejects.toMatchObject({
      fault: 'unavailable',
    });
  });
});

describe('failures of Slack', () => {
  it.each([
    ['chat.postMessage', { status: 429, retryAfterSeconds: 7 }, { fault: 'rate_limited', retryAfterMs: 7000 }],
    ['chat.postMessage', { error: 'ratelimited' }, { fault: 'rate_limited' }],
    ['chat.postMessage', { status: 503 }, { fault: 'unknown' }],
    ['chat.postMessage', { error: 'fatal_error' }, { fault: 'unknown' }],
    ['chat.postMessage', { error: 'token_revoked' }, { fault: 'unauthorized' }],
    ['chat.postMessage', { error: 'missing_scope' }, { fault: 'refused', message: /OAuth & Permissions/ }],
    ['chat.postMessage', { error: 'restricted_action' }, { fault: 'refused', message: /does not let apps write/ }],
    ['conversations.list', { status: 500 }, { fault: 'unavailable' }],
    ['conversations.list', { loseAnswer: true }, { fault: 'unavailable' }],
  ])('%s %j', async (method, fault, { message, ...expected }: { message?: RegExp; fault: string }) => {
    const { tools, fake } = await open();
    fake.failNext(method, fault);
    const error: unknown = await tools.run('postMessage', post).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject(expected);
    expect(String(error)).toMatch(message ?? /./);
    expect(String(error)).not.toContain('xoxb-demo');
  });

  it('name channels that exist, and how to be let in', async () => {
    const { tools } = await open();
    await expect(tools.run('postMessage', { ...post, channel: '#lunch' })).rejects.toThrow(
      /no channel #lunch .*#general/,
    );
    await expect(tools.run('postMessage', { ...post, channel: 'C_NOWHERE' })).rejects.toThrow('no such channel');
    await expect(tools.run('postMessage', { ...post, channel: 'random' })).rejects.toThrow('/invite');
    await expect(tools.run('postMessage', { ...post, channel: 'U_NOBODY' })).rejects.toThrow('no such user');
  });

  it('are told apart when the token is wrong, nothing listens, or we stop', async () => {
    const { fake, tools } = await open();
    const outsider = toolsOf(provider, { url: fake.apiUrl, token: 'xoxb-wrong' });
    await expect(outsider.whoAmI()).rejects.toMatchObject({ fault: 'unauthorized' });
    const gone = await createFakeSlack();
    await gone.close();
    const nobody = toolsOf(provider, { url: gone.apiUrl, token: 'xoxb-demo' });
    await expect(nobody.run('postMessage', { ...post, channel: 'C_LAUNCH' })).rejects.toMatchObject({
      fault: 'unavailable',
      message: expect.stringContaining('nothing was sent'),
    });
    const stopped = toolsOf(provider, { url: fake.apiUrl, token: 'xoxb-demo', signal: AbortSignal.abort() });
    await expect(stopped.run('postMessage', post)).rejects.toMatchObject({ fault: 'unavailable' });
    await expect(tools.run('postMessage', { ...post, text: 'x'.repeat(4001) })).rejects.toThrow();
    expect(fake.calls('chat.postMessage')).toEqual([]);
  });
});
