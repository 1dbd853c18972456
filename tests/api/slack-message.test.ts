import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { teamOf, toThreadMessage, type Envelope } from '../../api/slack/message.ts';
import { parseVerdict } from '../../domain/threads/thread-message.ts';

const ENVELOPE: Envelope = { team_id: 'T1', event_id: 'Ev1', authorizations: [{ team_id: 'T1' }] };
const event = (changes: Record<string, unknown> = {}) => ({
  type: 'message',
  channel: 'C1',
  channel_type: 'channel',
  user: 'U_ADA',
  text: 'plan the launch',
  ts: '1700000000.000100',
  ...changes,
});
const parse = (changes: Record<string, unknown> = {}, envelope = ENVELOPE) =>
  toThreadMessage(event(changes), envelope, 'UBOT');

describe('a person’s words', () => {
  it('are read with where, who and when', () => {
    expect(parse()).toEqual({
      teamId: 'T1',
      eventId: 'Ev1',
      channelId: 'C1',
      direct: false,
      slackUserId: 'U_ADA',
      text: 'plan the launch',
      mentionsBot: false,
      ts: '1700000000.000100',
      threadTs: '1700000000.000100',
      isReply: false,
    });
  });

  it.each([
    ['<@UBOT> plan it', 'plan it'],
    ['please <@UBOT|nubabel> plan it', 'please   plan it'],
    ['<@UBOT>', ''],
    ['<@UBOT>계획해 줘', '계획해 줘'],
    ['a <@UBOT> b <@UBOT>', 'a   b'],
  ])('%j mention the bot and mean %j', (text, meant) => {
    expect(parse({ text })).toMatchObject({ text: meant, mentionsBot: true });
  });

  it('keep the mentions of other people', () => {
    expect(parse({ text: 'ask <@UBOTANY> about it' })).toMatchObject({
      text: 'ask <@UBOTANY> about it',
      mentionsBot: false,
    });
  });

  it('mention the bot when Slack says so, whatever the text looks like', () => {
    expect(parse({ type: 'app_mention', text: 'plan it' })).toMatchObject({ mentionsBot: true });
  });

  it('are decoded once, and only the three that Slack escapes', () => {
    expect(parse({ text: 'a &lt;b&gt; &amp;lt; &amp;amp; &quot;' })?.text).toBe('a <b> &lt; &amp; &quot;');
  });

  it('without any text are still words: a file or an empty mention', () => {
    expect(parse({ text: undefined, subtype: 'file_share' })).toMatchObject({ text: '' });
  });

  it.each(['file_share', 'thread_broadcast', 'me_message'])('of subtype %s are words', (subtype) => {
    expect(parse({ subtype })).toBeDefined();
  });

  it('in a direct message are for the bot, with or without a channel type', () => {
    expect(parse({ channel: 'D1', channel_type: 'im' })).toMatchObject({ direct: true });
    expect(parse({ channel: 'D1', channel_type: undefined })).toMatchObject({ direct: true });
    expect(parse({ channel: 'C1', channel_type: undefined })).toMatchObject({ direct: false });
    expect(parse({ channel: 'G1', channel_type: 'mpim' })).toMatchObject({ direct: false });
  });

  it('in a thread are a reply, the thread’s root is not', () => {
    const root = '1699999999.000001';
    expect(parse({ thread_ts: root })).toMatchObject({ threadTs: root, isReply: true });
    expect(parse({ thread_ts: '1700000000.000100' })).toMatchObject({ isReply: false });
  });
});

describe('what is no person’s words', () => {
  it.each([
    ['a bot’s message', { bot_id: 'B1' }],
    ['its own message', { user: 'UBOT' }],
    ['a bot_message', { subtype: 'bot_message' }],
    ['an edit', { subtype: 'message_changed' }],
    ['a deletion', { subtype: 'message_deleted' }],
    ['a join', { subtype: 'channel_join' }],
    ['a topic', { subtype: 'channel_topic' }],
    ['a message of nobody', { user: undefined }],
    ['a reaction', { type: 'reaction_added' }],
    ['a message of nowhere', { channel: undefined }],
    ['a message of no time', { ts: '' }],
  ])('%s is not heard', (_, changes) => {
    expect(parse(changes)).toBeUndefined();
  });

  it.each([[null], [undefined], ['text'], [[]], [42]])('nor is %o', (odd) => {
    expect(toThreadMessage(odd, ENVELOPE, 'UBOT')).toBeUndefined();
  });

  it('never throws, whatever Slack or somebody else sends', () => {
    fc.assert(
      fc.property(fc.object(), fc.object(), (one, two) => {
        toThreadMessage({ ...event(), ...one }, two, 'UBOT');
      }),
    );
  });
});

describe('the workspace', () => {
  it('is the installation’s, also in a channel that is shared with another one', () => {
    expect(teamOf({ team_id: 'T_OTHER', authorizations: [{ team_id: 'T_OURS' }] })).toBe('T_OURS');
  });

  it('is the event’s when there is no authorization', () => {
    for (const authorizations of [undefined, [], [{}], [{ team_id: null }]])
      expect(teamOf({ team_id: 'T1', authorizations })).toBe('T1');
    expect(teamOf({})).toBe('');
  });
});

describe('a verdict', () => {
  it.each(['APPROVE', 'approve', 'Approved', ' approve! ', 'approve.', '승인', '승인합니다', '승인!'])(
    '%j approves',
    (text) => {
      expect(parseVerdict(text)).toBe('approve');
    },
  );

  it.each(['CANCEL', 'cancel', 'Cancel.', '취소', '취소합니다', ' 취소! '])('%j cancels', (text) => {
    expect(parseVerdict(text)).toBe('cancel');
  });

  it.each([
    'approve the budget please',
    'do not approve',
    'I approve',
    'approve cancel',
    'approval',
    'cancelled',
    'cancel the meeting with Bob',
    '승인하지 마세요',
    '취소하지 마',
    '승인 취소',
    'ok',
    'yes',
    '',
  ])('%j is none', (text) => {
    expect(parseVerdict(text)).toBeUndefined();
  });
});
