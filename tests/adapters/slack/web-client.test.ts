import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SlackCallError, type SlackMessage, type SlackPort } from '../../../domain/reports/slack-port.ts';
import { createSlackPort, toSlackCallError, createSlackClient } from '../../../adapters/slack/slack-port.ts';
import { createFakeSlack, type FakeSlack, type Fault } from '../../../dev/fakes/slack/index.ts';

let slack: FakeSlack;
let port: SlackPort;
let thread: { channelId: string; threadTs: string };
beforeAll(async () => {
  slack = await createFakeSlack({ limits: 'off' });
  port = createSlackPort(createSlackClient({ token: 'xoxb-demo', apiUrl: slack.apiUrl }));
});
beforeEach(async () => {
  const { ts } = await slack.say({ user: 'U_ADA', channel: 'C_LAUNCH', text: 'hello' });
  thread = { channelId: 'C_LAUNCH', threadTs: ts };
});
afterAll(() => slack?.close());

const MESSAGE: SlackMessage = { text: 'words', blocks: [{ type: 'markdown', text: '**words**' }] };
const BROKEN: SlackMessage = { text: 'words', blocks: [{ type: 'markdown', text: '' }] };

const failing = async (method: string, fault: Fault, work: () => Promise<unknown>): Promise<SlackCallError> => {
  slack.failNext(method, fault);
  const error = await work().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof SlackCallError)) throw new Error(`No SlackCallError but ${String(error)}`);
  return error;
};

describe('a post', () => {
  it('goes into the thread with the marker by which it can be found again', async () => {
    const ts = await port.post(thread, MESSAGE, 'job-1');
    expect(slack.message('C_LAUNCH', ts)).toMatchObject({ text: 'words', thread_ts: thread.threadTs });
    await expect(port.findPosted(thread, 'job-1')).resolves.toBe(ts);
    await expect(port.findPosted(thread, 'job-2')).resolves.toBeUndefined();
  });

  it('shows no previews and finds no names in its text, also once it has changed', async () => {
    const ts = await port.post(thread, MESSAGE, 'job-0');
    await port.update('C_LAUNCH', ts, MESSAGE);
    for (const method of ['chat.postMessage', 'chat.update'])
      expect(slack.calls(method).at(-1)?.arguments).toMatchObject({
        unfurl_links: 'false',
        unfurl_media: 'false',
        parse: 'none',
        link_names: 'false',
      });
  });

  it('whose answer was lost is of unknown outcome, is there, and is found', async () => {
    const error = await failing('chat.postMessage', { loseAnswer: true }, () => port.post(thread, MESSAGE, 'job-3'));
    expect(error.kind).toBe('unknown');
    await expect(port.findPosted(thread, 'job-3')).resolves.toBeDefined();
  });

  it('is asked for once: retries are Temporal’s', async () => {
    const before = slack.calls('chat.postMessage').length;
    await failing('chat.postMessage', { error: 'internal_error' }, () => port.post(thread, MESSAGE, 'job-4'));
    expect(slack.calls('chat.postMessage')).toHaveLength(before + 1);
  });

  it('of blocks that Slack does not like is made with their text alone', async () => {
    const ts = await port.post(thread, BROKEN, 'job-5');
    expect(slack.message('C_LAUNCH', ts)).toMatchObject({ text: 'words', blocks: [] });
    await port.update('C_LAUNCH', ts, MESSAGE);
    await port.update('C_LAUNCH', ts, BROKEN);
    expect(slack.message('C_LAUNCH', ts)).toMatchObject({ text: 'words', blocks: [] });
  });

  it('of plain text that is refused too is a refusal', async () => {
    slack.failNext('chat.postMessage', { error: 'invalid_blocks' });
    const error = await failing('chat.postMessage', { error: 'channel_not_found' }, () =>
      port.post(thread, MESSAGE, 'job-6'),
    );
    expect(error.kind).toBe('lost');
  });
});

describe('what Slack says', () => {
  it.each([
    [{ status: 429, retryAfterSeconds: 3 }, 'rate_limited', 3_000],
    [{ error: 'ratelimited' }, 'rate_limited', 30_000],
    [{ error: 'internal_error' }, 'unknown', 0],
    [{ error: 'fatal_error' }, 'unknown', 0],
    [{ error: 'service_unavailable' }, 'unknown', 0],
    [{ status: 503 }, 'unknown', 0],
    [{ status: 500 }, 'unknown', 0],
    [{ error: 'message_not_found' }, 'lost', 0],
    [{ error: 'is_archived' }, 'lost', 0],
    [{ error: 'not_in_channel' }, 'lost', 0],
    [{ error: 'channel_not_found' }, 'lost', 0],
    [{ error: 'cant_update_message' }, 'gone', 0],
    [{ error: 'invalid_auth' }, 'refused', 0],
    [{ error: 'some_new_word' }, 'refused', 0],
  ])('%o is %s, to be waited out for %d ms', async (fault, kind, retryAfterMs) => {
    const ts = await port.post(thread, MESSAGE, 'job-7');
    const error = await failing('chat.update', fault, () => port.update('C_LAUNCH', ts, MESSAGE));
    expect(error).toMatchObject({ kind, retryAfterMs });
  });

  it('is nothing when it cannot be reached: the outcome is unknown', async () => {
    const away = createSlackPort(createSlackClient({ token: 'xoxb-demo', apiUrl: 'http://127.0.0.1:1/api' }));
    await expect(away.post(thread, MESSAGE, 'job-8')).rejects.toMatchObject({ kind: 'unknown' });
  });

  it('never shows the token', async () => {
    const error = await failing('chat.update', { error: 'invalid_auth' }, () =>
      port.update('C_LAUNCH', '1.2', MESSAGE),
    );
    expect(error.message).not.toContain('xoxb');
  });
});

it('what is no error at all goes through untouched', () => {
  expect(toSlackCallError('odd')).toBe('odd');
  const own = new SlackCallError('gone', 'x');
  expect(toSlackCallError(own)).toBe(own);
});
