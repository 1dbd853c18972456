import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ApplicationFailure } from '@temporalio/common';
import type { KillPoint } from '../../../domain/kill-points.ts';
import { bucketFor } from '../../../domain/reports/report-to-slack.ts';
import { createSlackActivities } from '../../../activities/slack.ts';
import { toReportMessage } from '../../../adapters/slack/report-message.ts';
import { createSlackPort, createSlackClient } from '../../../adapters/slack/slack-port.ts';
import { FAILURE } from '../../../contracts/failures.ts';
import { createFakeSlack, type FakeSlack, type Fault } from '../../../dev/fakes/slack/index.ts';
import { withOrganization } from '../../../db/organization.ts';
import { changeOrchestration, type Change } from '../../../db/queries/orchestrations.ts';
import { acquireFromBucket } from '../../../db/queries/slack-buckets.ts';
import { createOrchestration, createTenant, type Tenant } from '../../db/world.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';
import { attempt, KilledError } from '../models/turn-fixture.ts';
import { textsFor } from '../../../contracts/texts.ts';
import { sampleApproval, sampleResult } from '../../support/samples.ts';

let database: TestDatabase;
let slack: FakeSlack;
let tenant: Tenant;
let id: string;
let threadTs: string;
let deadly: KillPoint | undefined;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.drop());
beforeEach(async () => {
  slack = await createFakeSlack({ limits: 'off' });
  tenant = await createTenant(database.db);
  ({ ts: threadTs } = await slack.say({ user: 'U_ADA', channel: 'C_LAUNCH', text: 'plan it' }));
  id = await createOrchestration(database.db, tenant, {
    source: 'slack',
    slack_team_id: 'TDEMO',
    slack_channel_id: 'C_LAUNCH',
    slack_thread_ts: threadTs,
    step: 'Received',
  });
});
afterEach(() => slack?.close());

const report = (nth = 1) => {
  const port = createSlackPort(createSlackClient({ token: 'xoxb-demo', apiUrl: slack.apiUrl }));
  const reachKillPoint = (point: KillPoint) => {
    if (point !== deadly) return;
    deadly = undefined;
    throw new KilledError(point);
  };
  const { reportToSlack } = createSlackActivities({
    db: database.db,
    slack: port,
    renderReport: toReportMessage,
    publicUrl: 'https://nubabel.example',
    reachKillPoint,
  });
  return attempt(nth, () => reportToSlack({ organizationId: tenant.organizationId, orchestrationId: id }));
};
const failureOf = (work: Promise<unknown>): Promise<ApplicationFailure> =>
  work.then(
    () => Promise.reject(new Error('It worked.')),
    (error: unknown) => error as ApplicationFailure,
  );
const change = (set: Change['set']) =>
  withOrganization(database.db, tenant.organizationId, (trx) =>
    changeOrchestration(trx, { organizationId: tenant.organizationId, id, set, event: 'orchestration_progress' }),
  );
const finish = () =>
  change({ status: 'completed', result: JSON.stringify(sampleResult()), finished_at: new Date().toISOString() });
const ours = () => slack.messages({ channel: 'C_LAUNCH', thread: threadTs }).filter((message) => message.bot_id);
const calls = (method: string) => slack.calls(method).length;
const bucket = (isUpdate: boolean) => bucketFor(tenant.organizationId, 'TDEMO', 'C_LAUNCH', isUpdate);
const drain = async (isUpdate: boolean, calls_: number) => {
  for (let i = 0; i < calls_; i++)
    await withOrganization(database.db, tenant.organizationId, (trx) => acquireFromBucket(trx, bucket(isUpdate)));
};

describe('the message of an orchestration', () => {
  it('is posted once into its thread and then changed in place until its end', async () => {
    await expect(report()).resolves.toEqual({ final: false });
    await change({ status: 'running', step: 'Running agent: Brand (1/1)', progress: 15 });
    await expect(report()).resolves.toEqual({ final: false });
    await finish();
    await expect(report()).resolves.toEqual({ final: true });
    expect(ours()).toHaveLength(1);
    expect(ours()[0]?.versions.map(({ text }) => text.split('\n')[0])).toEqual([
      '🔄 Received',
      '⏳ Running agent: Brand (1/1)',
      '✅ Done',
    ]);
  });

  it('is not written again when it shows the newest state already', async () => {
    await report();
    await report();
    await report(2);
    expect([calls('chat.postMessage'), calls('chat.update')]).toEqual([1, 0]);
  });

  it('is nobody’s business when the request did not come from Slack, or when there is no Slack', async () => {
    const rest = await createOrchestration(database.db, tenant, { status: 'completed' });
    const { reportToSlack } = createSlackActivities({
      db: database.db,
      slack: undefined,
      renderReport: toReportMessage,
      publicUrl: 'https://nubabel.example',
      reachKillPoint: () => {},
    });
    const target = { organizationId: tenant.organizationId };
    await expect(attempt(1, () => reportToSlack({ ...target, orchestrationId: rest }))).resolves.toEqual({
      final: true,
    });
    await expect(attempt(1, () => reportToSlack({ ...target, orchestrationId: id }))).resolves.toEqual({
      final: false,
    });
    expect(slack.calls()).toEqual([]);
  });
});

describe('a post of unknown outcome', () => {
  it('is looked up before it is made again: a lost answer makes no second message', async () => {
    slack.failNext('chat.postMessage', { loseAnswer: true });
    await expect(report()).rejects.toThrow('could not be reached');
    await change({ step: 'Understanding the request', progress: 5 });
    await report(2);
    expect(ours()).toHaveLength(1);
    expect(ours()[0]?.text).toContain('Understanding');
    expect(calls('chat.postMessage')).toBe(1);
  });

  it('is looked up after a death between the post and its note', async () => {
    deadly = 'after-slack-post';
    await expect(report()).rejects.toThrow(KilledError);
    await report(2);
    expect(ours()).toHaveLength(1);
    expect(calls('conversations.replies')).toBe(1);
  });

  it('is made again when the lookup does not find it', async () => {
    slack.failNext('chat.postMessage', { status: 503 });
    await expect(report()).rejects.toThrow();
    await report(2);
    expect(ours()).toHaveLength(1);
    expect(calls('chat.postMessage')).toBe(2);
  });

  it('is no reason to look when Slack has certainly refused', async () => {
    slack.failNext('chat.postMessage', { status: 429, retryAfterSeconds: 1 });
    await failureOf(report());
    await database.look(`update slack_buckets set next_at = now() where organization_id = '${tenant.organizationId}'`);
    await report(2);
    expect(calls('conversations.replies')).toBe(0);
    expect(ours()).toHaveLength(1);
  });

  it('waits as long as Slack asks when the lookup is limited', async () => {
    slack.failNext('chat.postMessage', { loseAnswer: true });
    await failureOf(report());
    slack.failNext('conversations.replies', { status: 429, retryAfterSeconds: 9 });
    const failure = await failureOf(report(2));
    expect([failure.type, Number(failure.nextRetryDelay)]).toEqual([FAILURE.slackRateLimited, 9_000]);
    await report(3);
    expect(ours()).toHaveLength(1);
  });
});

describe('what Slack or people do to it', () => {
  const knowAda = () =>
    database.look(`update users set slack_team_id = 'TDEMO', slack_user_id = 'U_ADA' where id = $1`, [tenant.userId]);
  const direct = () => slack.messages({ channel: 'D_ADA' });
  const losses = {
    deleted: async () => {
      const client = createSlackClient({ token: 'xoxb-demo', apiUrl: slack.apiUrl });
      await client.chat.delete({ channel: 'C_LAUNCH', ts: ours()[0]?.ts ?? '' });
    },
    archived: async () => void (await slack.archive('C_LAUNCH')),
    removed: async () => void (await slack.removeBot('C_LAUNCH')),
  };

  it.each(['deleted', 'archived', 'removed'] as const)(
    'tells the person who asked directly how it ends where the place is %s, and goes on there',
    async (loss) => {
      await knowAda();
      await report();
      await losses[loss]();
      await finish();
      await expect(report()).resolves.toEqual({ final: true });
      const [notice, end] = direct();
      expect(notice?.text).toBe(textsFor('en').words.moved[loss]);
      expect(end).toMatchObject({ thread_ts: notice?.ts, text: expect.stringContaining('✅') });
      expect(direct()).toHaveLength(2);
      await expect(report(2)).resolves.toEqual({ final: true });
      expect(direct()).toHaveLength(2);
      expect(
        await database.look('select slack_channel_id, slack_thread_ts from orchestrations where id = $1', [id]),
      ).toEqual([{ slack_channel_id: 'D_ADA', slack_thread_ts: notice?.ts }]);
    },
  );

  it('ends where nobody can be told directly either', async () => {
    await knowAda();
    await report();
    await slack.archive('C_LAUNCH');
    await finish();
    slack.failNext('conversations.open', { error: 'user_disabled' });
    const failure = await failureOf(report());
    expect([failure.type, failure.nonRetryable]).toEqual([FAILURE.slackRefused, true]);
  });

  it('blocks that Slack refuses fall back to the text', async () => {
    await report();
    await finish();
    slack.failNext('chat.update', { error: 'invalid_blocks' });
    await expect(report()).resolves.toEqual({ final: true });
    expect(ours()[0]).toMatchObject({ text: expect.stringContaining('Here is the tweet.'), blocks: [] });
  });

  it.each<[string, Fault]>([
    ['chat.postMessage', { error: 'is_archived' }],
    ['chat.postMessage', { error: 'not_in_channel' }],
  ])('a refused %s (%o) is final for the report', async (method, fault) => {
    slack.failNext(method, fault);
    const failure = await failureOf(report());
    expect([failure.type, failure.nonRetryable]).toEqual([FAILURE.slackRefused, true]);
  });

  it('a limit pauses the bucket for every worker and tells Temporal when to come back', async () => {
    await report();
    await finish();
    slack.failNext('chat.update', { status: 429, retryAfterSeconds: 20 });
    const failure = await failureOf(report());
    expect([failure.type, failure.nonRetryable, Number(failure.nextRetryDelay)]).toEqual([
      FAILURE.slackRateLimited,
      false,
      20_000,
    ]);
    const updates = calls('chat.update');
    const again = await failureOf(report(2));
    expect(again.type).toBe(FAILURE.slackRateLimited);
    expect(Number(again.nextRetryDelay)).toBeGreaterThan(15_000);
    expect(calls('chat.update')).toBe(updates);
  });
});

describe('when the workspace’s bucket runs low', () => {
  it('a passing state is left out without a failure, and the end is told', async () => {
    await report();
    await drain(true, 5);
    await change({ status: 'running', step: 'Running agent: Brand (1/2)', progress: 15 });
    await expect(report()).resolves.toEqual({ final: false, leftOut: true });
    expect(calls('chat.update')).toBe(0);
    await finish();
    await expect(report()).resolves.toEqual({ final: true });
    expect(ours()[0]?.versions).toHaveLength(2);
  });

  it('a question is asked all the same', async () => {
    await report();
    await drain(true, 5);
    await change({ status: 'awaiting_approval', approval: JSON.stringify(sampleApproval()) });
    await report();
    expect(ours()[0]?.text).toContain('APPROVE');
  });

  it('the end waits its turn when nothing at all is left, and lands', async () => {
    await report();
    await finish();
    await drain(true, 10);
    await expect(report()).resolves.toEqual({ final: true });
    expect(ours()[0]?.text).toContain('✅');
  });

  it('a long wait goes back to Temporal instead of holding a worker', async () => {
    await drain(false, 1);
    await database.look(
      `update slack_buckets set next_at = now() + interval '1 minute' where organization_id = '${tenant.organizationId}'`,
    );
    const startedAt = Date.now();
    const failure = await failureOf(report());
    expect(Date.now() - startedAt).toBeLessThan(1_000);
    expect(failure.type).toBe(FAILURE.slackRateLimited);
    expect(Number(failure.nextRetryDelay)).toBeGreaterThan(50_000);
    expect(calls('chat.postMessage')).toBe(0);
  });
});
