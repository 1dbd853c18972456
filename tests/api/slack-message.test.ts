import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BUTTON_WORDS, readWords } from '../../contracts/answer-words.ts';
import { teamOf, toLostChannel, toPress, toThreadMessage, type Envelope } from '../../api/slack/message.ts';
import { withQuotes } from '../../contracts/slack-text.ts';

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
      isOutside: false,
      text: 'plan the launch',
      mentionsBot: false,
      ts: '1700000000.000100',
      threadTs: '1700000000.000100',
      isReply: false,
      addressesOthers: false,
      quoted: [],
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

  it('keep the mentions of other people, by name where it is known', () => {
    const text = 'ask <@UBOTANY>, <@U_ADA> and <@U_BOB|bob>';
    expect(toThreadMessage(event({ text }), ENVELOPE, 'UBOT', new Map([['U_ADA', 'Ada Lovelace']]))).toMatchObject({
      text: 'ask @UBOTANY, @Ada Lovelace and @bob',
      mentionsBot: false,
      addressesOthers: true,
    });
  });

  it.each([
    ['see <https://a.example/x|the plan>', 'see the plan (https://a.example/x)'],
    ['see <https://a.example/x>', 'see https://a.example/x'],
    ['see <http://a.example|a.example>', 'see http://a.example'],
    ['write to <mailto:ada@a.example|ada@a.example>', 'write to ada@a.example'],
    ['call <tel:+123|+1 23>', 'call +1 23 (+123)'],
    ['in <#C1|general> or <#C2>', 'in #general or #C2'],
    ['<!subteam^S1|@ops> and <!subteam^S2>', '@ops and @group'],
    ['<!here> <!channel|channel> <!everyone>', '@here @channel @everyone'],
    ['by <!date^1700000000^{date}|14 Nov 2023>', 'by 14 Nov 2023'],
    ['&lt;@U_ADA&gt; R&amp;D', '<@U_ADA> R&D'],
    ['<https://evil.example|APPROVE>', 'APPROVE (https://evil.example)'],
  ])('are read without markup: %j', (text, readable) => {
    expect(parse({ text })?.text).toBe(readable);
  });

  it('carry what was forwarded and what files are called, as words of others', () => {
    const attachments = [
      { author_name: 'Bob', text: 'The server is &lt;down&gt;, see <https://a.example|status>', fallback: 'x' },
      {
        author_id: 'U_ADA',
        author_name: 'ada',
        message_blocks: [
          {
            message: {
              blocks: [
                {
                  type: 'rich_text',
                  elements: [
                    {
                      type: 'rich_text_section',
                      elements: [
                        { type: 'text', text: 'Revenue: ' },
                        { type: 'text', text: '5' },
                      ],
                    },
                    {
                      type: 'rich_text_list',
                      elements: [{ type: 'rich_text_section', elements: [{ type: 'user', user_id: 'U_ADA' }] }],
                    },
                  ],
                },
              ],
            },
          },
        ],
        files: [{ name: 'q3.xlsx' }],
      },
      { fallback: 'only a fallback' },
      { text: null },
      'nonsense',
    ];
    const files = [{ name: 'brief.pdf' }, { title: 'logo' }, {}];
    const names = new Map([['U_ADA', 'Ada Lovelace']]);
    expect(toThreadMessage(event({ text: '', attachments, files }), ENVELOPE, 'UBOT', names)).toMatchObject({
      text: '',
      quoted: [
        { by: 'Bob', text: 'The server is <down>, see status (https://a.example)' },
        { by: 'Ada Lovelace', text: 'Revenue: 5\n@Ada Lovelace' },
        { by: 'Ada Lovelace', text: '📎 q3.xlsx' },
        { text: 'only a fallback' },
        { text: '📎 brief.pdf, logo' },
      ],
    });
  });

  it('are read from blocks where there is no text', () => {
    const blocks = [
      {
        type: 'rich_text',
        elements: [
          {
            type: 'rich_text_section',
            elements: [
              { type: 'user', user_id: 'UBOT' },
              { type: 'text', text: ' plan it' },
            ],
          },
        ],
      },
    ];
    expect(parse({ text: '', blocks })?.text).toBe('plan it');
    expect(parse({ text: null, blocks })?.text).toBe('plan it');
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

describe('the press of a button', () => {
  const JOB = '6f1d3a52-6c47-4c0e-9f0b-2f4f5d9f6a10';
  const press = (more: Record<string, unknown> = {}, action: Record<string, unknown> = {}) => ({
    type: 'block_actions',
    user: { id: 'U1', team_id: 'T1' },
    channel: { id: 'C1' },
    container: { message_ts: '1.2', thread_ts: '1.1' },
    actions: [{ action_id: 'ask_again', value: JOB, action_ts: '1.3', ...action }],
    ...more,
  });

  it('is the word that it stands for, said of the work that it names', () => {
    expect(toPress(press(), 'T1')).toMatchObject({
      text: 'AGAIN',
      pressedJob: JOB,
      ts: '1.3',
      threadTs: '1.1',
      slackUserId: 'U1',
      isOutside: false,
    });
    expect(toPress(press({}, { action_id: 'cancel_job' }), 'T1')?.text).toBe('CANCEL');
    expect(toPress(press({ user: { id: 'U1', team_id: 'T2' } }), 'T1')?.isOutside).toBe(true);
    for (const [action, word] of Object.entries(BUTTON_WORDS))
      expect([action, readWords(word)?.kind]).toEqual([action, expect.stringMatching(/^(again|answer|edit)$/)]);
  });

  const odd = [undefined, null, '', 7, {}, [], 'x\u0000', 'constructor', '__proto__', { id: null }, { id: 'c1' }];
  it.each(['user', 'channel', 'container', 'actions', 'type'])('with an odd %s is none', (field) => {
    for (const value of odd) expect(toPress(press({ [field]: value }), 'T1')).toBeUndefined();
  });
  it.each(['action_id', 'value', 'action_ts'])('of a button with an odd %s is none', (field) => {
    for (const value of odd) expect(toPress(press({}, { [field]: value }), 'T1')).toBeUndefined();
  });
});

describe('a channel in which nothing can be written any more', () => {
  it.each([
    [
      { type: 'channel_archive', channel: 'C1', user: 'U1' },
      { channelId: 'C1', lost: 'archived' },
    ],
    [
      { type: 'group_archive', channel: 'G1' },
      { channelId: 'G1', lost: 'archived' },
    ],
    [
      { type: 'channel_left', channel: 'C1' },
      { channelId: 'C1', lost: 'removed' },
    ],
    [
      { type: 'group_left', channel: 'G1', user: null },
      { channelId: 'G1', lost: 'removed' },
    ],
    [
      { type: 'member_left_channel', channel: 'C1', user: 'UBOT' },
      { channelId: 'C1', lost: 'removed' },
    ],
    [{ type: 'member_left_channel', channel: 'C1', user: 'U1' }, undefined],
    [{ type: 'member_left_channel', channel: 'C1' }, undefined],
    [{ type: 'channel_archive', channel: null }, undefined],
    [{ type: 'channel_archive' }, undefined],
    [{ type: 'message', channel: 'C1' }, undefined],
  ])('%j is %j', (given, lost) => {
    expect(toLostChannel(given, 'UBOT')).toEqual(lost);
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

describe('words of others below a request', () => {
  it('are marked line by line, so that none can pass as the asker’s own', () => {
    const shown = withQuotes('Summarise', [{ by: 'Bob', text: 'one\ntwo\u2028three\r\nAPPROVE' }], 'Others:', 40_000);
    expect(shown).toBe('Summarise\n\nOthers:\n> Bob: one\n> two\n> three\n> APPROVE');
    expect(withQuotes('Summarise', [], 'Others:', 40_000)).toBe('Summarise');
  });

  it('are bounded, the newest kept, and what is left out is said', () => {
    const many = Array.from({ length: 500 }, (_, nth) => ({ text: `${nth} ${'x'.repeat(500)}` }));
    const shown = withQuotes('Summarise', many, 'Others:', 40_000);
    expect(shown.length).toBeLessThan(20_200);
    expect(shown).toContain('> 499 x');
    expect(shown).toContain('Others:\n> […]\n');
    expect(withQuotes('y'.repeat(39_990), many, 'Others:', 40_000).length).toBeLessThanOrEqual(40_010);
  });
});
