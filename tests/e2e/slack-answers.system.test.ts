import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { demoWorkspace } from '../../dev/fakes/slack/world.ts';
import { answer, auditOf, jobIn, putPolicy, waits } from '../support/approvals.ts';
import { botMessages, finalMessage, wordsOf } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson, type Person } from '../support/people.ts';
import { askerOf, plannedBy, specialist } from '../support/replies.ts';

/** Who answers what in a thread, and who does not, whatever they try. */
let nubabel: Nubabel;
let minsu: Person;
beforeAll(async () => {
  const elsewhere = demoWorkspace({ teamId: 'TOTHER', botToken: 'xoxb-other' });
  nubabel = await startNubabel({
    env: { APPROVAL_THRESHOLD_CENTS: '0' },
    slack: { limits: 'off', workspaces: [demoWorkspace(), elsewhere] },
  });
  minsu = await addPerson(nubabel, { slackUserId: 'U_MINSU' });
}, 60_000);
beforeEach(() => nubabel.model.setResponder(specialist()));
afterEach(() => putPolicy(nubabel, {}));
afterAll(() => nubabel?.close());

const CHANNEL = 'C_LAUNCH';
const say = (thread_ts: string, text: string, user = 'U_ADA') =>
  nubabel.slack.say({ user, channel: CHANNEL, text, thread_ts });
const whispers = (user: string) => nubabel.slack.ephemerals.filter((one) => one.user === user).map(({ text }) => text);
const refusedBy = (user: string, before: number) =>
  eventually(`the refusal of ${user}`, () => whispers(user).length > before);
const shows = (thread: string, words: RegExp) =>
  nubabel.slack.waitForMessage({ channel: CHANNEL, thread, where: (message) => words.test(wordsOf(message)) });
async function asked(text: string, user = 'U_ADA') {
  const { ts } = await nubabel.slack.mention({ user, channel: CHANNEL, text });
  await shows(ts, /Type APPROVE|승인\), 중단/);
  return { ts, jobId: await jobIn(nubabel, ts) };
}
const decisionOf = async (jobId: string) => (await nubabel.status(jobId)).approval?.decision;

describe('the policy in a thread', () => {
  it('counts a quorum in the message, and one person once', async () => {
    await putPolicy(nubabel, { quorum: 2, users: [minsu.userId] });
    const { ts, jobId } = await asked('Write a slogan for two');
    await say(ts, 'APPROVE');
    await shows(ts, /1 of 2 approved/);
    await say(ts, 'APPROVE');
    expect((await waits(nubabel, jobId)).approval?.approvals).toHaveLength(1);
    await say(ts, '승인', 'U_MINSU');
    expect((await finalMessage(nubabel, CHANNEL, ts)).text).toMatch(/^✅/u);
    expect(await auditOf(nubabel, jobId)).toMatchObject([
      { outcome: 'done', details: { partial: true } },
      { outcome: 'rejected', details: { reason: 'This person has approved already; others have to.' } },
      { outcome: 'done', user_id: minsu.userId },
    ]);
  });

  it('keeps the asker out under four eyes, says so truthfully, and lets them take it back', async () => {
    await putPolicy(nubabel, { notAsker: true, users: [minsu.userId] });
    const { ts, jobId } = await asked('Write a slogan for four eyes');
    await shows(ts, /not the person who asked/);
    const before = whispers('U_ADA').length;
    await say(ts, 'APPROVE');
    await refusedBy('U_ADA', before);
    expect(whispers('U_ADA').at(-1)).not.toContain('the person who asked or');
    expect(await decisionOf(jobId)).toBeUndefined();
    expect(await auditOf(nubabel, jobId)).toMatchObject([{ outcome: 'rejected' }]);
    await say(ts, 'APPROVE', 'U_MINSU');
    await finalMessage(nubabel, CHANNEL, ts);
    const second = await asked('Write another slogan for four eyes');
    await say(second.ts, 'CANCEL');
    expect((await finalMessage(nubabel, CHANNEL, second.ts)).text).toMatch(/^⚠️ Cancelled/u);
  });

  it('reminds with an event and one reply that names who is listed', async () => {
    await putPolicy(nubabel, { remindersMs: [1_000], users: [minsu.userId] });
    const { ts, jobId } = await asked('Write a slogan that is forgotten');
    const reminder = await shows(ts, /⏰/u);
    expect(reminder.text).toContain('<@U_MINSU>');
    expect((await waits(nubabel, jobId)).approval?.reminded).toBe(1);
    const events = await nubabel.database.look(
      `select 1 from events where type = 'approval_requested' and orchestration_id = $1`,
      [jobId],
    );
    expect(events).toHaveLength(2);
    await say(ts, 'CANCEL', 'U_MINSU');
    await finalMessage(nubabel, CHANNEL, ts);
    expect(botMessages(nubabel, CHANNEL, ts)).toHaveLength(2);
  });
});

describe('an answer by the wrong ones', () => {
  it('never counts: guests, members, bots, edits, other workspaces', async () => {
    const { ts, jobId } = await asked('Write a slogan for nobody else');
    for (const user of ['U_GRACE', 'U_LINUS']) {
      const before = whispers(user).length;
      await say(ts, 'APPROVE', user);
      await refusedBy(user, before);
    }
    const said = { type: 'message', channel: CHANNEL, text: 'APPROVE', thread_ts: ts };
    const post = (event: object, team_id = 'TDEMO') =>
      nubabel.slack.deliver({ type: 'event_callback', team_id, event_id: `Ev${Math.random()}`, event });
    await post({ ...said, user: 'U_ADA', bot_id: 'BOTHER', ts: '1700000100.000100' });
    await post({ ...said, user: 'UNUBABEL', ts: '1700000100.000200' });
    await post({ ...said, subtype: 'bot_message', bot_id: 'BOTHER', ts: '1700000100.000300' });
    await post({ ...said, subtype: 'message_changed', user: 'U_ADA', ts: '1700000100.000400' });
    await post({ ...said, user: 'U_ADA', ts: '1700000100.000500' }, 'TOTHER');
    const audit = await eventually('both refusals', async () => {
      const lines = await auditOf(nubabel, jobId);
      return lines.length === 2 && lines;
    });
    expect(audit).toMatchObject([{ outcome: 'rejected' }, { outcome: 'rejected' }]);
    expect(await decisionOf(jobId)).toBeUndefined();
    await say(ts, 'CANCEL');
    await finalMessage(nubabel, CHANNEL, ts);
  });

  it('hides no question: what others say in the thread is another matter', async () => {
    const { ts, jobId } = await asked('Write a slogan for a busy thread');
    await (
      await say(ts, '<@UNUBABEL> May I see this too?', 'U_GRACE')
    ).settled;
    await shows(ts, /Guests can read/);
    await (
      await say(ts, '<@UNUBABEL> zzqx and what do you do vvrk?', 'U_LINUS')
    ).settled;
    await eventually(
      'the other question',
      () => botMessages(nubabel, CHANNEL, ts).filter(({ text }) => /Type APPROVE/.test(text)).length === 2,
    );
    await say(ts, 'APPROVE');
    await eventually('the decision', async () => (await decisionOf(jobId))?.verdict === 'approve');
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed' });
    expect(JSON.stringify(nubabel.model.requests.at(-1)?.messages)).not.toContain('May I see this too?');
  });

  it('does not decide another job: ids swapped between two, or of a question that is over', async () => {
    const [one, two] = [await asked('Write a slogan for one'), await asked('Write a slogan for the other')];
    const [first, second] = [await waits(nubabel, one.jobId), await waits(nubabel, two.jobId)];
    const { id: approvalId, hash } = first.approval ?? {};
    for (const given of [{ approvalId, hash }, { approvalId: second.approval?.id, hash }, { approvalId }])
      for (const verb of ['approve', 'cancel'] as const)
        expect((await answer(nubabel, two.jobId, verb, given)).status).toBe(409);
    expect((await answer(nubabel, one.jobId, 'approve', { approvalId, hash })).status).toBe(200);
    await nubabel.ended(one.jobId);
    expect((await answer(nubabel, one.jobId, 'approve', { approvalId, hash })).status).toBe(409);
    expect(await decisionOf(two.jobId)).toBeUndefined();
    expect((await auditOf(nubabel, two.jobId)).map(({ outcome }) => outcome)).toEqual(Array(6).fill('rejected'));
    await answer(nubabel, two.jobId, 'cancel');
  });
});

describe('one question behind several doors', () => {
  it('asked in Slack and answered over REST, is repainted there', async () => {
    const { ts, jobId } = await asked('Write a slogan for two doors');
    const { approval } = await waits(nubabel, jobId);
    expect((await answer(nubabel, jobId, 'approve', { hash: approval?.hash })).status).toBe(200);
    const message = await finalMessage(nubabel, CHANNEL, ts);
    expect(message.text).toMatch(/^✅ Done/u);
    expect(wordsOf(message)).not.toContain('Type APPROVE');
    expect(botMessages(nubabel, CHANNEL, ts)).toHaveLength(1);
  });

  it('takes exactly one of fifty answers that come at once by REST and Slack', async () => {
    const { ts, jobId } = await asked('Write a slogan for a race');
    const { approval } = await waits(nubabel, jobId);
    const { id: approvalId, hash } = approval ?? {};
    const said: string[] = [];
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, nth) => {
        const verb = nth % 2 ? 'approve' : 'cancel';
        if (nth % 5 === 0) return (await say(ts, verb.toUpperCase())) && 0;
        const { status } = await answer(nubabel, jobId, verb, { approvalId, hash });
        said.push(...(status === 200 ? [verb] : []));
        return status;
      }),
    );
    const job = await nubabel.ended(jobId);
    expect(said.length).toBeLessThanOrEqual(1);
    expect(new Set(answers)).not.toContain(500);
    expect(job.status).toBe(job.approval?.decision?.verdict === 'approve' ? 'completed' : 'cancelled');
    const decided = await nubabel.database.look(
      `select 1 from events where type = 'approval_decided' and orchestration_id = $1`,
      [jobId],
    );
    expect(decided.length).toBeLessThanOrEqual(1);
  });

  it('shows an edited plan in the thread, where the old one can no longer be approved', async () => {
    nubabel.model.setResponder(plannedBy([{ id: 'look' }, { id: 'fix', needs: ['look'], risk: 'write' }]));
    const { ts, jobId } = await asked('Analyze the code, fix the bugs, then deploy it');
    const { approval } = await waits(nubabel, jobId, 'plan');
    const edits = { steps: [{ id: 'fix', risk: 'production', title: 'Rewrite production' }] };
    nubabel.slack.failNext('chat.update', { status: 429, retryAfterSeconds: 2 });
    const before = whispers('U_ADA').length;
    expect((await answer(nubabel, jobId, 'approve', { hash: approval?.hash, edits })).status).toBe(200);
    await waits(nubabel, jobId);
    await say(ts, 'APPROVE');
    await refusedBy('U_ADA', before);
    expect(whispers('U_ADA').at(-1)).toMatch(/^The question has changed/);
    expect(await decisionOf(jobId)).toBeUndefined();
    await shows(ts, /Rewrite production/);
    expect((await answer(nubabel, jobId, 'approve', { hash: approval?.hash })).status).toBe(409);
    await say(ts, 'APPROVE');
    await finalMessage(nubabel, CHANNEL, ts);
    const steps = nubabel.model.requests.filter((request) => askerOf(request) === 'engineering');
    expect(steps.at(-1)?.userText).toMatch(/^Rewrite production/);
  });
});
