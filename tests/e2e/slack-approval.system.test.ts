import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { textsFor } from '../../contracts/texts.ts';
import { eventually } from '../support/eventually.ts';
import { botMessages, finalMessage, wordsOf } from '../support/doors.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { specialist } from '../support/replies.ts';

let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startNubabel({ env: { APPROVAL_THRESHOLD_CENTS: '0' }, slack: { limits: 'off' } });
}, 60_000);
beforeEach(() => nubabel.model.setResponder(specialist()));
afterAll(() => nubabel?.close());

const CHANNEL = 'C_LAUNCH';
const reply = (thread_ts: string, text: string, user = 'U_ADA') =>
  nubabel.slack.say({ user, channel: CHANNEL, text, thread_ts });
const working = (text: string) => nubabel.model.requests.filter(({ schema, userText }) => !schema && userText === text);
const whispers = (user: string) => nubabel.slack.ephemerals.filter((one) => one.user === user).map(({ text }) => text);

/** A request that waits for its answer; answers the thread. */
async function waiting(text: string, user = 'U_ADA'): Promise<string> {
  const { ts } = await nubabel.slack.mention({ user, channel: CHANNEL, text });
  await nubabel.slack.waitForMessage({
    channel: CHANNEL,
    thread: ts,
    where: ({ text: shown }) => /Type APPROVE|승인\), 중단/.test(shown),
  });
  return ts;
}
const jobIn = (thread: string) =>
  eventually('the job', async () => {
    const [row] = await nubabel.database.look<{ id: string; status: string }>(
      'select id, status from orchestrations where slack_thread_ts = $1 order by created_at desc limit 1',
      [thread],
    );
    return row;
  });

describe('a question in a thread', () => {
  it('shows agents, cost, who may answer and until when, and spends nothing on the work', async () => {
    const thread = await waiting('Draft a launch tweet');
    const [message] = botMessages(nubabel, CHANNEL, thread);
    expect(message && wordsOf(message)).toMatch(/\*Agents:\* Marketing/);
    expect(message && wordsOf(message)).toMatch(/\*Estimated cost:\* .*¢ \(at most .*¢\)/);
    expect(message && wordsOf(message)).toContain('The asker or an admin can answer');
    expect(message && wordsOf(message)).toMatch(/Expires at <!date\^\d+\^/);
    expect(working('Draft a launch tweet')).toEqual([]);
  });

  it.each([
    ['APPROVE', 'Write a slogan for shoes', '✅ Done'],
    ['approve.', 'Write a slogan for boots', '✅ Done'],
    ['승인', '신발 슬로건을 써 줘', '✅ 완료'],
    ['CANCEL', 'Write a slogan for hats', '⚠️ Cancelled'],
    ['취소', '모자 슬로건을 써 줘', '⚠️ 취소됨'],
  ])('is decided by %s of the asker: %s', async (answer, request, ending) => {
    const thread = await waiting(request);
    await reply(thread, answer);
    const message = await finalMessage(nubabel, CHANNEL, thread);
    expect(message.text.startsWith(ending)).toBe(true);
    expect(botMessages(nubabel, CHANNEL, thread)).toHaveLength(1);
    expect(working(request)).toHaveLength(ending.startsWith('✅') ? 1 : 0);
  });

  it('answered by a mention or delivered twice counts once, and nobody is told off', async () => {
    const before = whispers('U_ADA').length;
    const thread = await waiting('Write a slogan for gloves');
    await reply(thread, '<@UNUBABEL> APPROVE');
    await finalMessage(nubabel, CHANNEL, thread);
    const decisions = await nubabel.database.look(
      `select i.id from inbox i join orchestrations o on o.id = i.orchestration_id
        where i.kind = 'decision' and o.slack_thread_ts = $1`,
      [thread],
    );
    expect(decisions).toHaveLength(1);
    const said = nubabel.slack.messages({ channel: CHANNEL, thread }).find(({ text }) => text.includes('APPROVE'));
    const late = await nubabel.slack.deliver({
      type: 'event_callback',
      team_id: 'TDEMO',
      event_id: 'EvLate',
      event: { type: 'message', user: 'U_ADA', channel: CHANNEL, text: 'APPROVE', ts: said?.ts, thread_ts: thread },
    });
    expect(late.status).toBe(200);
    await reply(thread, 'APPROVE');
    await reply(thread, 'APPROVE', 'U_MINSU');
    await nubabel.slack.waitFor('the last postEphemeral', () => whispers('U_MINSU').length > 0 || undefined);
    expect(whispers('U_ADA').slice(before)).toEqual(['Nothing is waiting for approval in this thread.']);
  });

  it('is not decided by somebody else, who is told so quietly', async () => {
    const thread = await waiting('Write a slogan for scarves');
    await reply(thread, 'APPROVE', 'U_LINUS');
    await nubabel.slack.waitFor('the refusal', () => whispers('U_LINUS').length > 0 || undefined);
    expect(whispers('U_LINUS')).toEqual([
      'You cannot answer this; the message in the thread says who can. Your answer was not counted.',
    ]);
    await reply(thread, 'CANCEL', 'U_GRACE');
    await nubabel.slack.waitFor('the refusal', () => whispers('U_GRACE').length > 0 || undefined);
    const job = await jobIn(thread);
    expect(job.status).toBe('awaiting_approval');
    expect(working('Write a slogan for scarves')).toEqual([]);
    const audit = await nubabel.database.look('select outcome from audit where subject = $1', [job.id]);
    expect(audit).toEqual([{ outcome: 'rejected' }, { outcome: 'rejected' }]);
    expect(botMessages(nubabel, CHANNEL, thread)).toHaveLength(1);
    await reply(thread, 'CANCEL');
    await finalMessage(nubabel, CHANNEL, thread);
  });

  it('is not decided in another thread, nor by words that are more than an answer', async () => {
    const thread = await waiting('Write a slogan for socks');
    const { ts: elsewhere } = await nubabel.slack.say({ user: 'U_ADA', channel: CHANNEL, text: 'Another matter' });
    await reply(elsewhere, 'APPROVE');
    await nubabel.slack.say({ user: 'U_ADA', channel: CHANNEL, text: 'APPROVE' });
    const other = await nubabel.slack.mention({ user: 'U_ADA', channel: 'C_GENERAL', text: 'APPROVE' });
    await other.settled;
    expect((await jobIn(thread)).status).toBe('awaiting_approval');
    expect(working('Write a slogan for socks')).toEqual([]);
    await reply(thread, 'CANCEL');
    await finalMessage(nubabel, CHANNEL, thread);
  });
});

describe('CANCEL in a thread at work', () => {
  it('stops the work', async () => {
    const thread = await waiting('Write a slogan for belts');
    nubabel.model.pause();
    await reply(thread, 'APPROVE');
    await nubabel.slack
      .waitFor('the work', () => working('Write a slogan for belts').length || undefined)
      .catch(() => 0);
    await eventually('the model call', () => working('Write a slogan for belts').length > 0);
    await reply(thread, 'CANCEL');
    const message = await finalMessage(nubabel, CHANNEL, thread);
    nubabel.model.resume();
    expect(message.text).toMatch(/^⚠️ Cancelled/);
    expect(botMessages(nubabel, CHANNEL, thread)).toHaveLength(1);
  });

  it('goes on with the person who asked as soon as its channel is archived, and is decided there', async () => {
    const { ts } = await nubabel.slack.mention({
      user: 'U_ADA',
      channel: 'C_GENERAL',
      text: 'Write a slogan for kites',
    });
    await nubabel.slack.waitForMessage({
      channel: 'C_GENERAL',
      thread: ts,
      where: ({ text }) => /Type APPROVE/.test(text),
    });
    await nubabel.slack.archive('C_GENERAL');
    const asked = await nubabel.slack.waitForMessage({
      channel: 'D_ADA',
      where: ({ text }) => /Type APPROVE/.test(text),
    });
    const thread = asked.thread_ts ?? '';
    await nubabel.slack.say({ user: 'U_ADA', channel: 'D_ADA', text: 'APPROVE', thread_ts: thread });
    const done = await nubabel.slack.waitForMessage({
      channel: 'D_ADA',
      thread,
      where: ({ text }) => text.startsWith('✅ Done'),
    });
    expect(done.ts).toBe(asked.ts);
  });
});

describe('a button', () => {
  const ended = async (text: string) => {
    const thread = await waiting(text);
    await reply(thread, 'CANCEL');
    const { ts } = await finalMessage(nubabel, CHANNEL, thread);
    return {
      thread,
      press: (user: string) => nubabel.slack.press({ user, channel: CHANNEL, ts, action: 'ask_again' }),
    };
  };
  const jobsIn = (thread: string) =>
    nubabel.database.look<{ id: string; status: string }>(
      'select id, status from orchestrations where slack_thread_ts = $1 order by created_at',
      [thread],
    );

  it('asks again for its asker alone, once however often it is pressed, and tells who presses', async () => {
    const { thread, press } = await ended('Write a slogan for socks');
    expect(await press('U_MINSU')).toMatchObject({ status: 200 });
    await eventually('the refusal', async () => whispers('U_MINSU').at(-1) === textsFor('en').words.mayNotAskAgain);
    expect(await jobsIn(thread)).toHaveLength(1);
    for (let nth = 0; nth < 3; nth++) expect(await press('U_ADA')).toMatchObject({ status: 200 });
    await eventually('the receipt', async () => whispers('U_ADA').at(-1) === textsFor('en').received);
    expect(await jobsIn(thread)).toHaveLength(2);
  });

  it('of other work than the one in its thread does nothing to it', async () => {
    const { thread, press } = await ended('Write a slogan for belts');
    await press('U_ADA');
    expect(await jobsIn(thread)).toHaveLength(2);
    const told = whispers('U_ADA').length;
    // The second try waits there; the button still names the first, which is asked for already.
    await press('U_ADA');
    await eventually('the answer', async () => whispers('U_ADA').length > told);
    expect((await jobsIn(thread)).map(({ status }) => status)).toEqual([
      'cancelled',
      expect.not.stringMatching('cancelled'),
    ]);
  });

  it('cancels the work of a deleted request for its author, and is told only to them', async () => {
    const thread = await waiting('Write a slogan for scarves');
    await nubabel.slack.remove({ user: 'U_ADA', channel: CHANNEL, ts: thread });
    const offer = await eventually('the offer', async () =>
      nubabel.slack.ephemerals.find(
        ({ thread_ts: at, text }) => at === thread && text === textsFor('en').words.deleted,
      ),
    );
    const pressed = { user: 'U_ADA', channel: CHANNEL, ts: offer.ts, action: 'cancel_job' };
    expect(await nubabel.slack.press(pressed)).toMatchObject({ status: 200 });
    await eventually('the end', async () => (await jobsIn(thread))[0]?.status === 'cancelled');
    await eventually('the receipt', async () => whispers('U_ADA').at(-1) === textsFor('en').words.cancelling);
  });
});
