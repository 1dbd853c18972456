import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { toReportMessage } from '../../../adapters/slack/report-message.ts';
import { createSlackClient, createSlackPort } from '../../../adapters/slack/slack-port.ts';
import { alertText } from '../../../adapters/slack/work-lines.ts';
import { createFakeSlack, type FakeSlack } from '../../../dev/fakes/slack/index.ts';
import { SlackCallError, type SlackPort } from '../../../domain/reports/slack-port.ts';
import { sendNotices } from '../../../workers/maintenance.ts';
import { createOrchestration, createTenant, type Tenant } from '../../db/world.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';
import { sampleApproval } from '../../support/samples.ts';

/** What is told directly in Slack comes to everybody by themselves: whom it cannot reach keeps nobody else waiting. */
let database: TestDatabase;
let slack: FakeSlack;
let tenant: Tenant;
let team: string;
/** Whom Slack does not take a message for, and why. */
const faults = new Map<string, SlackCallError>();
const tries: string[] = [];
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.drop());
beforeEach(async () => {
  slack = await createFakeSlack({ limits: 'off' });
  team = `T${randomUUID().replaceAll('-', '').toUpperCase()}`;
  tenant = await createTenant(database.db, 'Acme', { slack_team_id: team, slack_user_id: 'U_ADA', role: 'admin' });
  faults.clear();
  tries.length = 0;
});
afterEach(async () => {
  await slack?.close();
  await database.look('delete from budget_windows');
  await database.look('update slack_posts set lost = null');
});

async function round(): Promise<void> {
  const port = createSlackPort(createSlackClient({ token: 'xoxb-demo', apiUrl: slack.apiUrl }));
  const sayDirectly: SlackPort['sayDirectly'] = (to, notice) => {
    tries.push(to);
    const fault = faults.get(to);
    return fault ? Promise.reject(fault) : port.sayDirectly(to, notice);
  };
  await sendNotices({
    db: database.db,
    slack: { ...port, sayDirectly },
    renderReport: toReportMessage,
    renderAlert: alertText,
    publicUrl: 'https://nubabel.example',
    reachKillPoint: () => {},
    onError: () => {},
  });
}
async function mayCall(): Promise<void> {
  await database.look('update slack_buckets set next_at = now() where organization_id = $1', [tenant.organizationId]);
  await database.look('update budget_notices set next_at = now()');
  await database.look('update slack_posts set lost_next_at = now() where lost is not null');
}
const told = (...people: string[]) => people.map((one) => slack.messages({ channel: `D_${one}` }).length);

async function addUser(slackUserId: string, role = 'admin'): Promise<Tenant> {
  const [user] = await database.look<{ id: string }>(
    `insert into users (organization_id, id, name, role, slack_team_id, slack_user_id)
     values ($1, gen_random_uuid(), $2, $3, $4, $2) returning id`,
    [tenant.organizationId, slackUserId, role, team],
  );
  return { ...tenant, userId: user?.id ?? '' };
}
const warn = () =>
  database.look(
    `insert into budget_windows (organization_id, scope, user_id, period, starts_on, limit_nanos, spent_nanos, alerted_share)
     values ($1, 'organization', $2, 'month', date_trunc('month', now() at time zone 'utc')::date, 1000, 800, 0.8)`,
    [tenant.organizationId, '00000000-0000-0000-0000-000000000000'],
  );
const notices = () =>
  database.look<{ state: string; failures: number; problem: string | null; seconds: number }>(
    `select n.state, n.failures, n.problem, extract(epoch from n.next_at - n.tried_at)::float as seconds
     from budget_notices n join users u on u.id = n.recipient_id where u.slack_user_id = 'U_ADA'`,
  );
const isTold = async () =>
  (await database.look<{ told: boolean }>('select notified_share = alerted_share as told from budget_windows'))[0]
    ?.told;

const passing = {
  limited: new SlackCallError('rate_limited', 'Slack rate limited.', 1_000),
  broken: new SlackCallError('unknown', 'Slack answered internal_error.'),
};

describe('a warning for several admins', () => {
  it.each(['limited', 'broken'] as const)(
    'comes to the others at once, and to one whose Slack is %s later',
    async (how) => {
      for (const one of ['U_MINSU', 'U_LINUS']) await addUser(one);
      faults.set('U_ADA', passing[how]);
      await warn();
      await round();
      await round();
      expect(told('ADA', 'MINSU', 'LINUS')).toEqual([0, 1, 1]);
      expect([tries.length, await isTold()]).toEqual([3, false]);
      faults.clear();
      await mayCall();
      await round();
      await round();
      expect(told('ADA', 'MINSU', 'LINUS')).toEqual([1, 1, 1]);
      expect([tries.length, await isTold()]).toEqual([4, true]);
    },
  );

  it('is tried with longer and longer waits', async () => {
    faults.set('U_ADA', passing.broken);
    await warn();
    const waits: number[] = [];
    for (const nth of [1, 2, 3]) {
      await round();
      const [notice] = await notices();
      expect(notice).toMatchObject({
        state: 'waiting',
        failures: nth,
        problem: expect.stringContaining('internal_error'),
      });
      waits.push(Math.round((notice?.seconds ?? 0) / 10) * 10);
      await mayCall();
    }
    expect(waits).toEqual([10, 20, 40]);
  });

  it('comes to everybody else in a few rounds, however many cannot be reached', async () => {
    faults.set('U_ADA', passing.broken);
    for (const nth of [1, 2, 3, 4]) {
      await addUser(`U_GONE${nth}`);
      faults.set(`U_GONE${nth}`, passing.limited);
    }
    for (const one of ['U_MINSU', 'U_LINUS']) await addUser(one);
    await warn();
    await round();
    await round();
    expect(told('MINSU', 'LINUS')).toEqual([1, 1]);
    // The oldest tries come first again, and nobody hears of it twice.
    tries.length = 0;
    await mayCall();
    await round();
    expect(tries).toEqual(['U_ADA', 'U_GONE1', 'U_GONE2']);
    expect(told('MINSU', 'LINUS')).toEqual([1, 1]);
  });

  it.each([
    'user_disabled',
    'cannot_dm_bot',
    'user_not_found',
    'channel_not_found',
    'not_in_channel',
    'account_inactive',
  ])('is over for one of whom Slack says %s, which is written down', async (error) => {
    await addUser('U_MINSU');
    slack.failNext('conversations.open', { error });
    await warn();
    await round();
    await mayCall();
    await round();
    expect(told('ADA', 'MINSU')).toEqual([0, 1]);
    expect([tries, await isTold()]).toEqual([['U_ADA', 'U_MINSU'], true]);
    expect(await notices()).toMatchObject([{ state: 'refused', problem: expect.stringContaining(error) }]);
  });
});

describe('questions without a place', () => {
  const lose = async (asker: Tenant, minutesAgo: number) => {
    const { ts } = await slack.say({ user: 'U_ADA', channel: 'C_LAUNCH', text: 'plan it' });
    const id = await createOrchestration(database.db, asker, {
      source: 'slack',
      slack_team_id: team,
      slack_channel_id: 'C_LAUNCH',
      slack_thread_ts: ts,
      status: 'awaiting_approval',
      approval: JSON.stringify(sampleApproval()),
    });
    await database.look(`update orchestrations set created_at = now() - make_interval(mins => $2) where id = $1`, [
      id,
      minutesAgo,
    ]);
    await database.look(
      `insert into slack_posts (organization_id, orchestration_id, lost, lost_next_at) values ($1, $2, 'archived', '2020-01-01')`,
      [tenant.organizationId, id],
    );
  };
  const lostOnes = async () => (await database.look('select from slack_posts where lost is not null')).length;

  it.each(['limited', 'broken'] as const)(
    'of one whose Slack is %s, many and older, hold up nobody else’s',
    async (how) => {
      const minsu = await addUser('U_MINSU', 'user');
      for (const minutesAgo of [50, 40, 30, 20, 10]) await lose(tenant, minutesAgo);
      await lose(minsu, 5);
      faults.set('U_ADA', passing[how]);
      await round();
      expect([tries, told('ADA', 'MINSU')]).toEqual([
        ['U_ADA', 'U_MINSU'],
        [0, 2],
      ]);
      await round();
      expect([tries.length, await lostOnes()]).toEqual([2, 5]);
      faults.clear();
      for (let nth = 0; nth < 3; nth += 1) {
        await mayCall();
        await round();
      }
      expect([await lostOnes(), told('ADA', 'MINSU')]).toEqual([0, [10, 2]]);
    },
  );

  it('come with the oldest first', async () => {
    const [minsu, linus] = [await addUser('U_MINSU', 'user'), await addUser('U_LINUS', 'user')];
    await lose(minsu, 1);
    await lose(linus, 30);
    await lose(tenant, 10);
    await round();
    expect(tries).toEqual(['U_LINUS', 'U_ADA', 'U_MINSU']);
  });

  it('are over for one of whom Slack says that they cannot be written to, which is written down', async () => {
    await lose(tenant, 1);
    faults.set('U_ADA', new SlackCallError('refused', 'Slack refused: user_disabled.'));
    await round();
    await mayCall();
    await round();
    expect([tries, await lostOnes()]).toEqual([['U_ADA'], 0]);
    expect(await database.look('select lost_problem from slack_posts where lost_problem is not null')).toEqual([
      { lost_problem: 'Slack refused: user_disabled.' },
    ]);
  });
});
