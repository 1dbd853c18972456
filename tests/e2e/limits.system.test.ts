import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AgentId } from '../../contracts/agents.ts';
import type { BudgetView } from '../../contracts/money.ts';
import { isFinal, type JobStatus } from '../../contracts/orchestration.ts';
import { finalMessage, json, wordsOf } from '../support/doors.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { crookedWindows, ledgerOf } from '../support/score.ts';

let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startNubabel();
}, 60_000);
afterAll(() => nubabel?.close());

const workWith = (env: Record<string, string>) => nubabel.restart('worker', env);

/** When the budgets answer that this window resets: the next day, month or year begins then, in UTC. */
async function resetOf(scope: string, period: 'day' | 'month' | 'year'): Promise<string | undefined> {
  const { budgets } = (await (await nubabel.request('/api/admin/budgets')).json()) as { budgets: BudgetView[] };
  const { startsOn, resetsAt } = budgets.find((one) => one.scope === scope && one.period === period) ?? {};
  const [year = 0, month = 0, day = 0] = (startsOn ?? '').split('-').map(Number);
  const next = { day: [year, month - 1, day + 1], month: [year, month, 1], year: [year + 1, 0, 1] } as const;
  const [y, m, d] = next[period];
  expect(resetsAt).toBe(new Date(Date.UTC(y, m, d)).toISOString());
  return resetsAt;
}

describe('an empty budget', () => {
  beforeAll(() => workWith({ DEFAULT_DAILY_BUDGET_CENTS: '0' }), 30_000);

  it.each([
    [
      'that names its agents',
      'Anything for nothing',
      { agents: ['brand', 'ops'] satisfies AgentId[] },
      /used up.*midnight UTC/,
    ],
    ['that has to be understood', 'Write me a slogan', {}, /used up.*midnight UTC/],
    ['in Korean', '로고 슬로건을 써 줘', {}, /예산을 모두 사용/],
  ])(
    'stops a request %s with a kind sentence, without asking the model anything',
    async (_, message, more, sentence) => {
      const { jobId } = await nubabel.ask(message, more);
      const job = await nubabel.ended(jobId);
      expect(job).toMatchObject({ status: 'failed', costCents: 0, error: { code: 'budget_exhausted_user' } });
      expect(job.error?.message).toMatch(sentence);
      expect(job.error?.resetsAt).toBe(await resetOf('user', 'day'));
      expect(nubabel.model.requests).toEqual([]);
      expect(await ledgerOf(nubabel)).toMatchObject({ settled: 0, unknown: 0, reserved: 0, spentNanos: 0 });
    },
  );

  it('is told in Slack too, in the language of the request', async () => {
    const { ts } = await nubabel.slack.mention({
      user: 'U_MINSU',
      channel: 'C_LAUNCH',
      text: '출시 캠페인을 기획해 줘',
    });
    const message = await finalMessage(nubabel, 'C_LAUNCH', ts);
    expect(message.text).toMatch(/^❌ 실패/);
    expect(wordsOf(message)).toContain('예산을 모두 사용');
    expect(nubabel.model.requests).toEqual([]);
  });
});

describe('a budget for the organization', () => {
  it('stops everybody, and says whose budget it is', async () => {
    await workWith({ DEFAULT_ORG_MONTHLY_BUDGET_CENTS: '0' });
    const { jobId } = await nubabel.ask('Anybody there?', { agents: ['general'] });
    const job = await nubabel.ended(jobId);
    expect(job).toMatchObject({ status: 'failed', error: { code: 'budget_exhausted_organization' } });
    expect(job.error?.message).toMatch(/organization's budget/);
    expect(job.error?.resetsAt).toBe(await resetOf('organization', 'month'));
    expect(nubabel.model.requests).toEqual([]);
  });

  it('with room for some is never overspent, however many ask at once', async () => {
    // One cent is room for about seven answers of `general` at their worst.
    await workWith({ DEFAULT_DAILY_BUDGET_CENTS: '1' });
    nubabel.model.pause();
    const jobs = await Promise.all(
      Array.from({ length: 12 }, (_, nth) => nubabel.ask(`Share ${nth}`, { agents: ['general'] })),
    );
    const tried = (job: JobStatus) => isFinal(job.status) || job.agents.some(({ status }) => status === 'running');
    await Promise.all(jobs.map(({ jobId }) => nubabel.jobWhen(jobId, tried)));
    const [window] = await nubabel.database.look<{ taken: string; most: string }>(
      `select max(reserved_nanos + spent_nanos) as taken, 10000000 as most from budget_windows where scope = 'user'`,
    );
    expect(Number(window?.taken)).toBeLessThanOrEqual(Number(window?.most));
    nubabel.model.resume();
    const ended = await Promise.all(jobs.map(({ jobId }) => nubabel.ended(jobId)));
    const answered = ended.filter(({ status }) => status === 'completed').length;
    expect(answered).toBe(nubabel.model.requests.length);
    expect(answered).toBeGreaterThan(0);
    expect(answered).toBeLessThan(12);
    expect(await crookedWindows(nubabel)).toEqual([]);
  });
});

describe('a threshold for approval', () => {
  it('of nothing asks before every cost, and an unanswered question expires into a clear end', async () => {
    await workWith({ APPROVAL_THRESHOLD_CENTS: '0', WORKFLOW_APPROVAL_TIMEOUT: '2500' });
    const before = nubabel.model.requests.length;
    const { jobId } = await nubabel.ask('A cheap one', { agents: ['ops'] });
    const asking = await nubabel.jobWhen(jobId, ({ status }) => status === 'awaiting_approval');
    expect(asking.approval).toMatchObject({ kind: 'cost', policy: { thresholdCents: 0 } });
    const job = await nubabel.ended(jobId);
    expect(job).toMatchObject({
      status: 'expired',
      costCents: 0,
      approval: { decision: { verdict: 'expired', by: null } },
    });
    expect(Date.parse(job.finishedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(asking.approval?.expiresAt ?? ''));
    const late = await nubabel.request(`/api/jobs/${jobId}/approve`, json({ hash: asking.approval?.hash }));
    expect(late.status).toBe(409);
    expect(nubabel.model.requests).toHaveLength(before);
  });

  it('expires in Slack in the words of the asker', async () => {
    const { ts } = await nubabel.slack.mention({ user: 'U_ADA', channel: 'C_GENERAL', text: 'Draft a launch tweet' });
    const message = await finalMessage(nubabel, 'C_GENERAL', ts);
    expect(message.text).toMatch(/^⚠️ Nobody answered in time/);
    expect(message.versions.some(({ text }) => text.includes('Type APPROVE to proceed or CANCEL to abort'))).toBe(true);
  });
});
