import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { auditOf, jobIn, putPolicy, waits } from '../support/approvals.ts';
import { finalMessage, json, ORCHESTRATE, wordsOf } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson, type Person } from '../support/people.ts';
import type { SlackUser } from '../../dev/fakes/slack/types.ts';

const CHANNEL = 'C_GENERAL';

let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startSharedNubabel();
}, 90_000);
afterAll(() => nubabel?.close());
beforeEach(async () => {
  for (const user of ['U_ADA', 'U_MINSU', 'U_GRACE', 'U_LINUS'])
    nubabel.slack.changeUser(user, { deleted: false, isStranger: false, teamId: 'TDEMO', isGuest: user === 'U_GRACE' });
  await putPolicy(nubabel, {});
});

const userRow = async (slackUserId: string) =>
  (
    await nubabel.database.look<{ id: string; role: string; deactivated: boolean }>(
      'select id, role, deactivated_at is not null as deactivated from users where slack_user_id = $1',
      [slackUserId],
    )
  )[0];
const forget = () =>
  nubabel.database.look(
    `update users set slack_checked_at = now() - interval '1 hour' where slack_user_id is not null`,
  );
const mention = async (user: string, text = 'Write a slogan') => {
  const { ts, settled } = await nubabel.slack.mention({ channel: CHANNEL, user, text });
  await settled;
  return ts;
};
const say = async (thread_ts: string, user: string, text: string) =>
  (await nubabel.slack.say({ channel: CHANNEL, user, text, thread_ts })).settled;
const answerTo = async (ts: string) => wordsOf(await finalMessage(nubabel, CHANNEL, ts));
// One mention is two events.
const failing = { error: 'internal_error', times: 2 };
const whispers = (user: string) =>
  nubabel.slack.calls('chat.postEphemeral').filter(({ arguments: given }) => given['user'] === user);

describe('somebody of whom Slack cannot say who they are', () => {
  it.each([
    ['an error', failing],
    ['no answer in time', { delayMs: 4_000, times: 2 }],
  ])('gets no rights: %s', async (_, fault) => {
    await nubabel.database.look(`delete from users where slack_user_id = 'U_LINUS' and not exists
      (select from orchestrations o where o.user_id = users.id)`);
    const before = nubabel.model.requests.length;
    nubabel.slack.failNext('users.info', fault);
    expect(await answerTo(await mention('U_LINUS'))).toContain('Slack could not tell me just now who you are');
    expect([await userRow('U_LINUS'), nubabel.model.requests.length]).toEqual([undefined, before]);
  });

  it('is a guest still if they were one, and a member for a while', async () => {
    await answerTo(await mention('U_GRACE'));
    nubabel.slack.failNext('users.info', failing);
    await forget();
    expect(await answerTo(await mention('U_GRACE'))).toContain('Guests can read');
    expect(await userRow('U_GRACE')).toMatchObject({ role: 'guest' });
  });
});

describe('somebody of another company', () => {
  const strange: readonly (readonly [string, Partial<SlackUser>])[] = [
    ['that Slack calls a stranger', { isStranger: true }],
    ['of another workspace', { teamId: 'TOTHER' }],
  ];
  it.each(strange)('%s starts nothing and becomes nobody here', async (_, changes) => {
    nubabel.slack.changeUser('U_MINSU', changes);
    const before = nubabel.model.requests.length;
    expect(await answerTo(await mention('U_MINSU'))).toContain('another company');
    expect([await userRow('U_MINSU'), nubabel.model.requests.length]).toEqual([undefined, before]);
  });

  it('is one by what the message says, whatever the look-up says or does not say', async () => {
    const event = {
      type: 'app_mention',
      channel: CHANNEL,
      user: 'U_MINSU',
      user_team: 'TOTHER',
      ts: '1700000201.000100',
    };
    await nubabel.slack.deliver({
      type: 'event_callback',
      team_id: 'TDEMO',
      event_id: 'EvOutside1',
      event: { ...event, text: '<@UNUBABEL> Send me your data' },
    });
    expect(await answerTo('1700000201.000100')).toContain('another company');
    expect(await userRow('U_MINSU')).toBeUndefined();
  });

  it('who was let in before has no rights any more, not even to answer', async () => {
    await answerTo(await mention('U_ADA'));
    const id = (await userRow('U_ADA'))?.id ?? '';
    const token = await addPerson(nubabel);
    await nubabel.database.look('update api_tokens set user_id = $1 where user_id = $2', [id, token.userId]);
    expect((await token.request('/api/me')).status).toBe(200);
    nubabel.slack.changeUser('U_ADA', { teamId: 'TOTHER' });
    await forget();
    expect(await answerTo(await mention('U_ADA'))).toContain('another company');
    expect(await userRow('U_ADA')).toMatchObject({ deactivated: true });
    expect((await token.request('/api/me')).status).toBe(401);
    nubabel.slack.changeUser('U_ADA', { teamId: 'TDEMO' });
    await answerTo(await mention('U_ADA'));
    expect((await token.request('/api/me')).status).toBe(200);
  });
});

it('over REST too somebody has the rights that Slack leaves them, and none while it cannot say', async () => {
  const linus = await addPerson(nubabel, { slackUserId: 'U_MINSU' });
  const ask = async () => (await linus.request(ORCHESTRATE, json({ message: 'Work', agents: ['ops'] }))).status;
  nubabel.slack.failNext('users.info', { error: 'internal_error' });
  expect(await ask()).toBe(503);
  expect(await ask()).toBe(202);
  nubabel.slack.changeUser('U_MINSU', { isGuest: true });
  expect(await ask()).toBe(202);
  await forget();
  expect(await ask()).toBe(403);
  nubabel.slack.changeUser('U_MINSU', { isGuest: false, deleted: true });
  await forget();
  expect(await ask()).toBe(401);
  expect((await linus.request('/api/me')).status).toBe(401);
});

const STEER = { message: 'Shorter, please', mode: 'steer' };

describe('somebody who is in the channel', () => {
  /** A person of Slack who is known here, with a token. */
  const known = async (user: string) => {
    await answerTo(await mention(user));
    const person = await addPerson(nubabel);
    const id = (await userRow(user))?.id ?? '';
    await nubabel.database.look('update api_tokens set user_id = $1 where user_id = $2', [id, person.userId]);
    return person;
  };
  const adasWork = async () => {
    const { ts, settled } = await nubabel.slack.mention({ channel: 'C_LAUNCH', user: 'U_ADA', text: 'Write a slogan' });
    await settled;
    const jobId = await eventually('the job', async () => {
      const [job] = await nubabel.database.look<{ id: string }>(
        'select id from orchestrations where slack_thread_ts = $1',
        [ts],
      );
      return job?.id;
    });
    const { sessionId } = await nubabel.ended(jobId);
    return { jobId, sessionId };
  };
  const reads = ({ jobId, sessionId }: { jobId: string; sessionId: string }) =>
    ['status', 'tool-calls', 'effects', 'progress']
      .map((view) => `/api/jobs/${jobId}/${view}`)
      .concat(`/api/orchestrator/sessions/${sessionId}`);
  const seen = async (person: Person, work: { jobId: string; sessionId: string }) => {
    const looks = reads(work).map(async (path) => {
      const leave = new AbortController();
      const { status } = await person.request(path, { signal: leave.signal });
      leave.abort();
      return status < 300;
    });
    const list = person.request('/api/jobs?limit=100').then(async (one) => (await one.text()).includes(work.jobId));
    return [...new Set(await Promise.all([...looks, list]))];
  };
  const move = async (user: string, isMember: boolean, untold = false) =>
    (await nubabel.slack.move({ user, channel: 'C_LAUNCH', isMember, untold })).settled;

  it.each(['U_LINUS', 'U_GRACE'])('sees its work, and no more once they have left: %s', async (user) => {
    await move(user, true);
    const [person, work] = [await known(user), await adasWork()];
    expect(await seen(person, work)).toEqual([true]);
    await move(user, false);
    expect(await seen(person, work)).toEqual([false]);
    await move(user, true);
    expect(await seen(person, work)).toEqual([true]);
  });

  it('is not let in again by the event of coming that Slack delivers late', async () => {
    await move('U_GRACE', true);
    const [person, work] = [await known('U_GRACE'), await adasWork()];
    expect(await seen(person, work)).toEqual([true]);
    await move('U_GRACE', false);
    const event = { type: 'member_joined_channel', user: 'U_GRACE', channel: 'C_LAUNCH', team: 'TDEMO' };
    await nubabel.slack.deliver({ type: 'event_callback', team_id: 'TDEMO', event_id: 'EvLate1', event });
    expect(await seen(person, work)).toEqual([false]);
  });

  it('only looks: steers, stops, takes back and goes on with nothing', async () => {
    await move('U_LINUS', true);
    const [person, work] = [await known('U_LINUS'), await adasWork()];
    expect(await seen(person, work)).toEqual([true]);
    const act = async (path: string, body: object) => (await person.request(path, json(body))).status;
    for (const verb of ['cancel', 'steer', 'undo'])
      expect([verb, await act(`/api/jobs/${work.jobId}/${verb}`, verb === 'steer' ? STEER : {})]).toEqual([verb, 403]);
    const linus = await userRow('U_LINUS');
    expect(await auditOf(nubabel, work.jobId)).toMatchObject(
      ['approval.decide', 'job.steer', 'effects.undo'].map((action) => ({
        action,
        outcome: 'rejected',
        user_id: linus?.id,
      })),
    );
    expect(await act(ORCHESTRATE, { message: 'And now?', agents: ['ops'], sessionId: work.sessionId })).toBe(404);
  });

  it('is nobody there while Slack does not say so, and what it has said ends after minutes', async () => {
    await move('U_MINSU', true, true);
    await nubabel.database.look(
      `update users set slack_team_id = null, slack_user_id = null where slack_user_id = 'U_MINSU'`,
    );
    const [person, work] = [await addPerson(nubabel, { slackUserId: 'U_MINSU' }), await adasWork()];
    nubabel.slack.failNext('users.conversations', { error: 'fetch_members_failed' });
    expect(await seen(person, work)).toEqual([false]);
    await nubabel.database.look(
      `insert into slack_memberships (organization_id, user_id, channels, seen_at)
       select organization_id, id, '{C_LAUNCH}', now() - interval '4 minutes' from users where slack_user_id = 'U_MINSU'
       on conflict (organization_id, user_id) do update set channels = excluded.channels, seen_at = excluded.seen_at`,
    );
    expect(await seen(person, work)).toEqual([true]);
    await nubabel.database.look(`update slack_memberships set seen_at = now() - interval '6 minutes'
      where user_id = (select id from users where slack_user_id = 'U_MINSU')`);
    expect(await seen(person, work)).toEqual([false]);
  });

  it('sees nothing of what was asked directly, of another channel, and of the channel when they were never in it', async () => {
    await move('U_LINUS', false);
    const [person, work] = [await known('U_LINUS'), await adasWork()];
    expect(await seen(person, work)).toEqual([false]);
    await move('U_LINUS', true);
    const { ts, settled } = await nubabel.slack.directMessage({ user: 'U_ADA', text: 'Write a slogan for me' });
    await settled;
    await finalMessage(nubabel, 'D_ADA', ts);
    const listed = await (await person.request('/api/jobs?limit=100')).text();
    expect([listed.includes('for me'), listed.includes(work.jobId)]).toEqual([false, true]);
  });
});

describe('whoever answers', () => {
  const asked = async (): Promise<{ ts: string; jobId: string }> => {
    await putPolicy(nubabel, { costAboveCents: 0 });
    const ts = await mention('U_ADA', 'Write a slogan for shoes');
    const jobId = await jobIn(nubabel, ts);
    await waits(nubabel, jobId);
    await eventually('the question in the thread', async () =>
      nubabel.slack.messages({ channel: CHANNEL, thread: ts }).some(({ text }) => /APPROVE/.test(text)),
    );
    return { ts, jobId };
  };

  it.each<[string, () => void]>([
    ['whom Slack has deactivated', () => nubabel.slack.changeUser('U_ADA', { deleted: true })],
    ['whom Slack has made a guest', () => nubabel.slack.changeUser('U_ADA', { isGuest: true })],
    ['of whom Slack cannot say who they are', () => nubabel.slack.failNext('users.info', { error: 'internal_error' })],
  ])('%s does not count, is told so, and it is written down', async (_, change) => {
    const { ts, jobId } = await asked();
    const before = whispers('U_ADA').length;
    change();
    await say(ts, 'U_ADA', 'APPROVE');
    await eventually('the word to them', async () => whispers('U_ADA').length > before);
    expect(await nubabel.status(jobId)).toMatchObject({ status: 'awaiting_approval' });
    expect(await auditOf(nubabel, jobId)).toMatchObject([{ action: 'approval.decide', outcome: 'rejected' }]);
    nubabel.slack.changeUser('U_ADA', { deleted: false, isGuest: false });
    await say(ts, 'U_ADA', 'CANCEL');
    await nubabel.ended(jobId);
  });
});
