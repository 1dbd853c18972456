import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { toReportMessage } from '../../../adapters/slack/report-message.ts';
import { createSlackClient, createSlackPort } from '../../../adapters/slack/slack-port.ts';
import { alertText } from '../../../adapters/slack/work-lines.ts';
import { textsFor } from '../../../contracts/texts.ts';
import { withOrganization } from '../../../db/organization.ts';
import { putWorkspace } from '../../../db/queries/organizations.ts';
import { createFakeSlack, type FakeSlack } from '../../../dev/fakes/slack/index.ts';
import { remindApprovers } from '../../../domain/reports/remind-approvers.ts';
import { reportToSlack } from '../../../domain/reports/report-to-slack.ts';
import type { SlackPort } from '../../../domain/reports/slack-port.ts';
import { loseChannel, type LostChannel } from '../../../domain/threads/change-message.ts';
import { sendNotices } from '../../../workers/maintenance.ts';
import { createOrchestration, createTenant, type Tenant } from '../../db/world.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';
import { sampleApproval } from '../../support/samples.ts';

/** What people are told directly in Slack, without having asked: budgets near their end, questions without a place. */
let database: TestDatabase;
let slack: FakeSlack;
let tenant: Tenant;
let team: string;
const errors: unknown[] = [];
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.drop());
beforeEach(async () => {
  slack = await createFakeSlack({ limits: 'off' });
  team = `T${randomUUID().replaceAll('-', '').toUpperCase()}`;
  tenant = await createTenant(database.db, 'Acme', { slack_team_id: team, slack_user_id: 'U_ADA' });
  errors.length = 0;
});
afterEach(async () => {
  await slack?.close();
  await database.look('delete from budget_windows');
});

const deps = () => ({
  db: database.db,
  slack: createSlackPort(createSlackClient({ token: 'xoxb-demo', apiUrl: slack.apiUrl })),
  renderReport: toReportMessage,
  renderAlert: alertText,
  publicUrl: 'https://nubabel.example',
  reachKillPoint: () => {},
  onError: (error: unknown) => void errors.push(error),
});
const rounds = (count = 1) => Promise.all(Array.from({ length: count }, () => sendNotices(deps())));
/** A worker that dies in the midst of telling: it never hears of what it has sent, or never sends it. */
async function dies(when: 'before' | 'after'): Promise<void> {
  const given = deps();
  let isDead = () => {};
  const died = new Promise<void>((resolve) => (isDead = resolve));
  const sayDirectly: SlackPort['sayDirectly'] = async (...said) => {
    if (when === 'after') await given.slack.sayDirectly(...said);
    isDead();
    return new Promise(() => {});
  };
  void sendNotices({ ...given, slack: { ...given.slack, sayDirectly } });
  await died;
}
/** The claim of the dead is over. */
async function leaseEnds(): Promise<void> {
  await database.look(`update budget_windows set notice_claimed_until = now() - interval '1 second'
    where notice_claimed_until is not null`);
  await database.look(`update slack_posts set lost_claimed_until = now() - interval '1 second'
    where lost_claimed_until is not null`);
  await mayCall();
}
/** Everybody's turn has come again. */
async function mayCall(): Promise<void> {
  await database.look('update slack_buckets set next_at = now() where organization_id = $1', [tenant.organizationId]);
  await database.look('update budget_notices set next_at = now()');
  await database.look('update slack_posts set lost_next_at = now() where lost is not null');
}
const direct = (channel = 'D_ADA') => slack.messages({ channel }).map(({ text }) => text);

const addUser = (slackUserId: string, role: string, more: { locale?: string; gone?: boolean } = {}) =>
  database.look(
    `insert into users (organization_id, id, name, role, slack_team_id, slack_user_id, locale, deactivated_at)
     values ($1, gen_random_uuid(), $2, $3, $4, $2, $5, $6)`,
    [tenant.organizationId, slackUserId, role, team, more.locale ?? null, more.gone ? new Date() : null],
  );

describe('a budget that has reached a threshold', () => {
  /** A window of this period that was warned at so much. */
  const warn = (scope: 'user' | 'organization', share: number, period = 'day', ago = 0) =>
    database.look(
      `insert into budget_windows (organization_id, scope, user_id, period, starts_on, limit_nanos, spent_nanos, alerted_share)
       values ($1, $2, $3, $4, date_trunc($4, now() at time zone 'utc')::date - $6::int, 1000000000, 800000000, $5)
       on conflict (organization_id, scope, user_id, period, starts_on) do update set alerted_share = $5`,
      [
        tenant.organizationId,
        scope,
        scope === 'user' ? tenant.userId : '00000000-0000-0000-0000-000000000000',
        period,
        share,
        ago,
      ],
    );

  it('is told to the person whose limit it is, in their language, with the reset in their own zone', async () => {
    await database.look(`update users set locale = 'ko-KR' where id = $1`, [tenant.userId]);
    await warn('user', 0.8);
    await rounds();
    expect(direct()).toEqual([
      expect.stringMatching(
        /^💰 개인 예산\(일\)의 80%.*<!date\^\d+\^\{date_short_pretty\} \{time\}\|.*T00:00:00.000Z>/u,
      ),
    ]);
    expect(errors).toEqual([]);
  });

  it('is told once for each share, however many processes look at once and however often', async () => {
    await warn('user', 0.8);
    await rounds(5);
    await rounds();
    expect(direct()).toHaveLength(1);
    await warn('user', 0.95);
    await rounds(5);
    await warn('user', 1);
    await rounds(5);
    expect(direct().map((text) => /\d+ %/.exec(text)?.[0])).toEqual(['80 %', '95 %', '100 %']);
  });

  it.each(['before', 'after'] as const)('is told once by the next one when a worker dies %s it wrote', async (when) => {
    await warn('user', 0.8);
    await dies(when);
    await rounds(3);
    expect(direct()).toHaveLength(when === 'after' ? 1 : 0);
    await leaseEnds();
    await rounds(3);
    await rounds();
    expect(direct()).toHaveLength(1);
    expect(errors).toEqual([]);
  });

  it.each([
    ['limits us', { status: 429, retryAfterSeconds: 30 }],
    ['is in trouble', { error: 'internal_error' }],
  ])('comes to every admin once, although Slack %s after the first', async (_, trouble) => {
    await database.look(`update users set role = 'admin' where id = $1`, [tenant.userId]);
    await addUser('U_MINSU', 'admin');
    await warn('organization', 0.95, 'month');
    const given = deps();
    const sayDirectly: SlackPort['sayDirectly'] = (to, notice) => {
      if (direct().length + direct('D_MINSU').length === 1) slack.failNext('chat.postMessage', trouble);
      return given.slack.sayDirectly(to, notice);
    };
    await sendNotices({ ...given, slack: { ...given.slack, sayDirectly } });
    expect([...direct(), ...direct('D_MINSU')]).toHaveLength(1);
    await mayCall();
    await rounds(3);
    expect([direct(), direct('D_MINSU')].map(({ length }) => length)).toEqual([1, 1]);
  });

  it('of the organization is told to its admins, and to nobody else', async () => {
    await database.look(`update users set role = 'user' where id = $1`, [tenant.userId]);
    await addUser('U_MINSU', 'admin');
    await warn('organization', 0.95, 'month');
    await rounds();
    expect(direct()).toEqual([]);
    expect(direct('D_MINSU')).toEqual([expect.stringContaining("Your organization's budget (month) has reached 95 %")]);
  });

  it('is told to nobody who has left, nor of a period that is over', async () => {
    await database.look(`update users set deactivated_at = now() where id = $1`, [tenant.userId]);
    await warn('user', 0.8);
    await rounds();
    await database.look(`update users set deactivated_at = null where id = $1`, [tenant.userId]);
    await warn('user', 0.8, 'day', 1);
    await rounds();
    expect(direct()).toEqual([]);
  });

  it('waits while Slack limits us, and comes then', async () => {
    await warn('user', 0.8);
    slack.failNext('conversations.open', { status: 429, retryAfterSeconds: 30 });
    await rounds();
    const calls = slack.calls('conversations.open').length;
    await rounds();
    expect(slack.calls('conversations.open')).toHaveLength(calls);
    await mayCall();
    await rounds();
    expect(direct()).toHaveLength(1);
  });
});

describe('a question that waits in a channel', () => {
  let target: { organizationId: string; orchestrationId: string };
  beforeEach(async () => {
    await withOrganization(database.db, tenant.organizationId, (trx) =>
      putWorkspace(trx, {
        organization_id: tenant.organizationId,
        team_id: team,
        name: 'Acme',
        bot_user_id: 'UNUBABEL',
      }),
    );
    const { ts } = await slack.say({ user: 'U_ADA', channel: 'C_LAUNCH', text: 'plan it' });
    const orchestrationId = await createOrchestration(database.db, tenant, {
      source: 'slack',
      slack_team_id: team,
      slack_channel_id: 'C_LAUNCH',
      slack_thread_ts: ts,
      status: 'awaiting_approval',
      approval: JSON.stringify(sampleApproval()),
    });
    target = { organizationId: tenant.organizationId, orchestrationId };
    await reportToSlack(deps(), target);
  });
  const lose = (lost: LostChannel['lost'], channelId = 'C_LAUNCH') =>
    loseChannel({ db: database.db }, team, () => ({ channelId, lost }));

  it.each(['archived', 'removed'] as const)('that is %s comes to the person who asked, once', async (lost) => {
    await (lost === 'archived' ? slack.archive('C_LAUNCH') : slack.removeBot('C_LAUNCH'));
    await lose(lost);
    await lose(lost);
    await rounds(4);
    await lose(lost);
    await rounds();
    expect(direct()).toEqual([textsFor('en').words.moved[lost], expect.stringContaining('APPROVE')]);
    expect(errors).toEqual([]);
  });

  it.each(['before', 'after'] as const)('comes once with the next one when a worker dies %s it wrote', async (when) => {
    await slack.archive('C_LAUNCH');
    await lose('archived');
    await dies(when);
    await rounds(3);
    expect(direct()).toHaveLength(when === 'after' ? 1 : 0);
    await leaseEnds();
    await rounds(3);
    await rounds();
    expect(direct()).toEqual([textsFor('en').words.moved.archived, expect.stringContaining('APPROVE')]);
  });

  it('stays where it is when another channel is archived', async () => {
    await lose('archived', 'C_OTHER');
    await rounds();
    expect(direct()).toEqual([]);
  });

  it('comes to the person who asked when a reminder finds the channel archived', async () => {
    await slack.archive('C_LAUNCH');
    const reminder = { ...target, approvalId: sampleApproval().id, nth: 1, escalates: false };
    await remindApprovers(deps(), reminder, { number: 1 } as never);
    await rounds();
    expect(direct()).toEqual([textsFor('en').words.moved.archived, expect.stringContaining('APPROVE')]);
  });

  it('comes later while Slack limits us', async () => {
    await slack.archive('C_LAUNCH');
    await lose('archived');
    slack.failNext('conversations.open', { status: 429, retryAfterSeconds: 30 });
    await rounds();
    expect(direct()).toEqual([]);
    await mayCall();
    await rounds();
    expect(direct()).toHaveLength(2);
  });
});
