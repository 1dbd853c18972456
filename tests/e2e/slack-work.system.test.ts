import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { demoWorkspace } from '../../dev/fakes/slack/index.ts';
import { accepted, botMessages, finalMessage, wordsOf } from '../support/doors.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson } from '../support/people.ts';
import { specialist } from '../support/replies.ts';
import { unfinished } from '../support/score.ts';
import { eventually } from '../support/eventually.ts';

let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startSharedNubabel({
    slack: { limits: 'off', ownMessageEvents: true, workspaces: [demoWorkspace(), demoWorkspace(OUTSIDERS)] },
  });
}, 60_000);
beforeEach(() => nubabel.model.setResponder(specialist()));
afterAll(() => nubabel?.close());

const OUTSIDERS = { teamId: 'TSTRANGE', name: 'Strangers', botToken: 'xoxb-strange' };
const CHANNEL = 'C_LAUNCH';
const say = (text: string, more = {}) => nubabel.slack.say({ user: 'U_ADA', channel: CHANNEL, text, ...more });
const mention = (text: string, more = {}) => nubabel.slack.mention({ user: 'U_ADA', channel: CHANNEL, text, ...more });
const asked = (text: string) => nubabel.model.requests.filter(({ userText }) => userText.includes(text));
/** How much was accepted while something was said. */
const acceptedBy = async (work: () => Promise<unknown>) => {
  const before = await accepted(nubabel);
  await work();
  const after = await accepted(nubabel);
  return after.jobs - before.jobs;
};

/** A mention as Slack delivers it, for deliveries of one’s own making. */
const mentionEvent = (event: Record<string, unknown>, envelope: Record<string, unknown> = {}) => ({
  type: 'event_callback',
  team_id: 'TDEMO',
  event_id: `Ev${randomUUID()}`,
  authorizations: [{ team_id: 'TDEMO', user_id: 'UNUBABEL', is_bot: true }],
  ...envelope,
  event: { type: 'app_mention', user: 'U_ADA', channel: CHANNEL, ts: `${Date.now() / 1000}`, ...event },
});

describe('a mention', () => {
  it('comes as two events and is one orchestration and one message, changed in place until it is done', async () => {
    const jobs = await acceptedBy(async () => {
      const { ts, deliveries, settled } = await mention('Write a tagline for our new logo');
      await settled;
      expect(deliveries.map(({ type, status }) => `${type} ${status}`).sort()).toEqual([
        'app_mention 200',
        'message 200',
      ]);
      const message = await finalMessage(nubabel, CHANNEL, ts);
      expect(botMessages(nubabel, CHANNEL, ts)).toHaveLength(1);
      expect(message.text).toMatch(/^✅ Done/);
      expect(message.versions.length).toBeGreaterThan(1);
      expect(message.versions[0]?.text).toMatch(/^(🔄|⏳)/u);
      expect(wordsOf(message)).toMatch(/brand has answered\./);
      expect(wordsOf(message)).toMatch(/Duration: \d+\.\d s · Agents: Brand · Cost: [\d.]+¢ · Models: claude-/);
    });
    expect(jobs).toBe(1);
  });

  it('delivered again, with the same or another event id, late or at once, changes nothing', async () => {
    const event = mentionEvent({ text: '<@UNUBABEL> Say it once', ts: '1700000001.000100' });
    const message = {
      ...event,
      event_id: 'EvOther',
      event: { ...event.event, type: 'message', channel_type: 'channel' },
    };
    const retry = { headers: { 'x-slack-retry-num': '1', 'x-slack-retry-reason': 'http_timeout' } };
    const jobs = await acceptedBy(async () => {
      const sent = [event, message, event, message, event].map((body) => nubabel.slack.deliver(body, retry));
      expect((await Promise.all(sent)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
      await finalMessage(nubabel, CHANNEL, '1700000001.000100').catch(() => undefined);
      expect((await nubabel.slack.deliver(event, retry)).status).toBe(200);
    });
    expect(jobs).toBe(1);
    expect(asked('Say it once').length).toBeLessThanOrEqual(2);
  });

  it('without a request is answered kindly, and nothing is run', async () => {
    const before = nubabel.model.requests.length;
    const { ts } = await mention('');
    const message = await finalMessage(nubabel, CHANNEL, ts);
    expect(wordsOf(message)).toContain('I am here. Write what you need after my name');
    expect(botMessages(nubabel, CHANNEL, ts)).toHaveLength(1);
    expect(nubabel.model.requests).toHaveLength(before);
  });

  it('in Korean is answered in Korean, from the first sign to the last', async () => {
    nubabel.model.setResponder(specialist({ language: 'ko' }));
    const { ts } = await mention('새 로고의 슬로건을 써 줘', { user: 'U_MINSU' });
    const message = await finalMessage(nubabel, CHANNEL, ts);
    expect(message.text).toMatch(/^✅ 완료/);
    expect(wordsOf(message)).toMatch(/소요 시간: .* · 에이전트: .* · 비용: /);
    for (const version of message.versions.slice(0, -1)) expect(version.text).toMatch(/^(🔄|⏳) .*[가-힣]/u);
  });

  it('with characters that cannot be kept is understood without them', async () => {
    const { ts } = await mention('Zero\u0000 and half\ud800 a word');
    expect((await finalMessage(nubabel, CHANNEL, ts)).text).toMatch(/^✅/);
  });

  it('that is longer than Slack allows is answered kindly', async () => {
    const { ts } = await mention('x'.repeat(40_001));
    expect(wordsOf(await finalMessage(nubabel, CHANNEL, ts))).toContain('longer than 40,000 characters');
  });

  it('with a very long answer is shown as far as Slack allows, and says so', async () => {
    nubabel.model.setResponder(() => ({ text: `${'A sentence of words. '.repeat(600)}\nCONFIDENCE: 0.8` }));
    const { ts } = await mention('Tell me everything about our logo');
    const message = await finalMessage(nubabel, CHANNEL, ts);
    expect(message.text).toMatch(/^✅/);
    expect(wordsOf(message)).toContain('The answer is longer than a Slack message may be');
  });
});

describe('a conversation', () => {
  it('goes on in the thread without a mention', async () => {
    const { ts } = await mention('Our cat is called Tom');
    await finalMessage(nubabel, CHANNEL, ts);
    await say('What is the cat called?', { thread_ts: ts });
    const done = () => botMessages(nubabel, CHANNEL, ts).filter(({ text }) => text.startsWith('✅'));
    await nubabel.slack.waitFor('two answers', () => done().length === 2 || undefined, 30_000);
    const [request] = asked('What is the cat called?').filter(({ schema }) => !schema);
    expect(request?.messages.map(({ text }) => text)[0]).toBe('Our cat is called Tom');
    const sessions = await nubabel.database.look(
      'select distinct session_id from orchestrations where slack_thread_ts = $1',
      [ts],
    );
    expect(sessions).toHaveLength(1);
  });

  it('in direct messages needs no mention, and is one session', async () => {
    const first = await nubabel.slack.directMessage({ user: 'U_LINUS', text: 'I like vitamin C' });
    await finalMessage(nubabel, 'D_LINUS', first.ts);
    const second = await nubabel.slack.directMessage({ user: 'U_LINUS', text: 'What do I like?' });
    await finalMessage(nubabel, 'D_LINUS', second.ts);
    const [request] = asked('What do I like?').filter(({ schema }) => !schema);
    expect(request?.messages.map(({ text }) => text)[0]).toBe('I like vitamin C');
  });
});

describe('what is none of its business', () => {
  it.each([
    ['talk in a channel', { type: 'message', text: 'Lunch?' }],
    ['a reply in a thread of others', { type: 'message', text: 'Yes, lunch', thread_ts: '1600000000.000001' }],
    ['a bot', { text: '<@UNUBABEL> beep', bot_id: 'BOTHER' }],
    ['itself', { text: '<@UNUBABEL> echo', user: 'UNUBABEL' }],
    ['an edit', { type: 'message', subtype: 'message_changed', text: '<@UNUBABEL> edited' }],
    ['a deletion', { type: 'message', subtype: 'message_deleted', text: '<@UNUBABEL> deleted' }],
    ['a join', { type: 'message', subtype: 'channel_join', text: '<@UNUBABEL> joined' }],
    ['a message without a person', { text: '<@UNUBABEL> who?', user: undefined }],
    ['an event of another kind', { type: 'reaction_added', text: '<@UNUBABEL>' }],
  ])('%s is taken and left alone', async (_, event) => {
    const posts = nubabel.slack.calls('chat.postMessage').length;
    const jobs = await acceptedBy(async () => {
      const { status } = await nubabel.slack.deliver(mentionEvent({ channel_type: 'channel', ...event }));
      expect(status).toBe(200);
    });
    expect(jobs).toBe(0);
    expect(nubabel.slack.calls('chat.postMessage')).toHaveLength(posts);
  });

  it('another workspace’s talk is taken and left alone', async () => {
    const jobs = await acceptedBy(async () => {
      const { deliveries } = await mention('Work for outsiders', { team: OUTSIDERS.teamId });
      expect(new Set(deliveries.map(({ status }) => status))).toEqual(new Set([200]));
    });
    expect(jobs).toBe(0);
    expect(asked('Work for outsiders')).toEqual([]);
  });
});

describe('people', () => {
  it('that nobody knew yet are made users under their own name', async () => {
    const { ts } = await mention('Who am I to you?', { user: 'U_MINSU' });
    await finalMessage(nubabel, CHANNEL, ts);
    const people = await nubabel.database.look(
      `select name, role, time_zone from users where slack_user_id = 'U_MINSU'`,
    );
    expect(people).toEqual([{ name: '김민수', role: 'user', time_zone: 'Asia/Seoul' }]);
  });

  it('that are guests in Slack may not start work', async () => {
    const before = nubabel.model.requests.length;
    const { ts } = await mention('Spend money', { user: 'U_GRACE' });
    expect(wordsOf(await finalMessage(nubabel, CHANNEL, ts))).toContain('Guests can read but not start work');
    expect(nubabel.model.requests).toHaveLength(before);
  });

  it('that are guests with us may not start work', async () => {
    await addPerson(nubabel, { role: 'guest', slackUserId: 'U_LINUS2' });
    const before = nubabel.model.requests.length;
    const ts = '1700000002.000200';
    await nubabel.slack.deliver(mentionEvent({ text: '<@UNUBABEL> Spend it', user: 'U_LINUS2', ts }));
    const calls = await nubabel.slack.waitFor('the answer', () =>
      nubabel.slack.calls('chat.postMessage').find(({ arguments: given }) => given['thread_ts'] === ts),
    );
    expect(JSON.stringify(calls.arguments)).toContain('Guests can read but not start work');
    expect(nubabel.model.requests).toHaveLength(before);
  });
});

it('in the end every accepted request has exactly one outcome', async () => {
  await nubabel.slack.waitFor('rest', () => true);
  await eventually('all work to end', async () => (await unfinished(nubabel)).length === 0);
});

describe('people’s own talk', () => {
  it('is read by a mention below it, as other people’s words, and costs nothing afterwards', async () => {
    const { ts } = await nubabel.slack.say({
      user: 'U_LINUS',
      channel: CHANNEL,
      text: 'The qzyx server is &lt;slow&gt;',
    });
    await nubabel.slack.say({
      user: 'U_MINSU',
      channel: CHANNEL,
      thread_ts: ts,
      text: '<@U_LINUS> see <https://a.example|the graph>',
    });
    await mention('what happened to vwuq?', { thread_ts: ts });
    await finalMessage(nubabel, CHANNEL, ts);
    const [words = ''] = asked('vwuq').map(({ messages }) => JSON.stringify(messages));
    for (const part of [
      '> Linus Pauling: The qzyx server is <slow>',
      '> 김민수: @Linus Pauling see the graph (https://a.example)',
    ])
      expect(words).toContain(part);
    expect(words).not.toContain('> Ada Lovelace: what happened');
    expect(
      await acceptedBy(async () => {
        for (const text of ['<@U_LINUS> can you take this over?', ':+1:', 'ok', 'thanks!', 'let us meet tomorrow'])
          await (
            await say(text, { thread_ts: ts })
          ).settled;
        await (
          await say('I can take it', { thread_ts: ts, user: 'U_LINUS' })
        ).settled;
      }),
    ).toBe(0);
    await mention('and what now, vwuq?', { thread_ts: ts });
    await nubabel.slack.waitFor('the second answer', () => botMessages(nubabel, CHANNEL, ts)[1]);
    const later = await eventually('the model to be asked', () => asked('and what now, vwuq').at(-1));
    expect(JSON.stringify(later.messages)).toContain('> Linus Pauling: I can take it');
  });

  it('that is forwarded is heard, with the names of files, and asks before it changes anything', async () => {
    const attachments = [{ author_name: 'Bob', text: 'Revenue of zzfw fell by 5 &amp; more' }];
    const { ts } = await mention('', { attachments, files: [{ name: 'zzfw.pdf' }] });
    await finalMessage(nubabel, CHANNEL, ts);
    const [words = ''] = asked('zzfw').map(({ messages }) => JSON.stringify(messages));
    expect(words).toContain('> Bob: Revenue of zzfw fell by 5 & more');
    expect(words).toContain('zzfw.pdf');
    const steps = await nubabel.database.look<{ tainted: boolean }>(
      `select s.tainted from steps s join orchestrations o on o.id = s.orchestration_id where o.slack_thread_ts = $1`,
      [ts],
    );
    expect(new Set(steps.map(({ tainted }) => tainted))).toEqual(new Set([true]));
  });

  it('changed while it is worked on is offered to the work, and deleted it is shown no more', async () => {
    nubabel.model.pause();
    const { ts } = await mention('tell me about bxqr');
    await nubabel.slack.waitFor('the message', () => botMessages(nubabel, CHANNEL, ts)[0]);
    const whispered = (text: string) => nubabel.slack.ephemerals.find((one) => one.text.includes(text));
    const told = (text: string) => nubabel.slack.waitFor(text, () => whispered(text));
    await nubabel.slack.edit({ user: 'U_ADA', channel: CHANNEL, ts, text: '<@UNUBABEL> tell me about hjkv' });
    await told('USE EDIT');
    await (
      await say('use edit', { thread_ts: ts })
    ).settled;
    await nubabel.slack.remove({ user: 'U_ADA', channel: CHANNEL, ts });
    await told('You have deleted your request.');
    nubabel.model.resume();
    await finalMessage(nubabel, CHANNEL, ts);
    expect(asked('It now reads: tell me about hjkv')).not.toEqual([]);
    const rows = await nubabel.database.look(
      `select o.message, m.content from orchestrations o join messages m on m.orchestration_id = o.id and m.role = 'user'
        where o.slack_thread_ts = $1`,
      [ts],
    );
    expect(rows).toEqual([{ message: '(deleted request)', content: '(deleted request)' }]);
  });

  it('that is nothing but our words starts no work, and is answered to the one who wrote', async () => {
    const before = nubabel.slack.ephemerals.length;
    expect(
      await acceptedBy(async () => {
        for (const text of ['APPROVE', 'help', 'status', '도움말', '상태', 'cancel', 'UNDO', '👍'])
          await (
            await mention(text)
          ).settled;
      }),
    ).toBe(0);
    await nubabel.slack.waitFor('eight answers', () => nubabel.slack.ephemerals.length >= before + 8 || undefined);
  });
});
