import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { anyFreePort } from '../../dev/ports.ts';
import { answer, askBy, putPolicy, waits } from '../support/approvals.ts';
import { json } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';
import { startNubabel, type Nubabel } from '../support/nubabel.ts';
import { plannedBy, type PlanStepReply } from '../support/replies.ts';
import { ledgerOf } from '../support/score.ts';

/** Plans under worker processes that die, and under two APIs at once. */
let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startNubabel();
}, 60_000);
afterEach(() => nubabel.model.resume());
afterAll(() => nubabel?.close());

const STEPS: readonly PlanStepReply[] = [
  { id: 'first' },
  { id: 'left', needs: ['first'] },
  { id: 'right', agent: 'finance', needs: ['first'] },
  { id: 'last', needs: ['left', 'right'] },
];
const workOf = (message: string) =>
  nubabel.model.requests
    .filter((one) => !one.schema && one.userText.includes(`<request>\n${message}`))
    .map(({ userText }) => /Do the part (\w+)/.exec(userText)?.[1]);
const planned = async (message: string) => {
  nubabel.model.setResponder(plannedBy(STEPS));
  return waits(nubabel, await askBy(nubabel, message, { plan: 'always' }), 'plan');
};
const decidedEvents = async (jobId: string) => {
  const rows = await nubabel.database.look(
    `select 1 from events where type = 'approval_decided' and orchestration_id = $1`,
    [jobId],
  );
  return rows.length;
};
/** Nothing is set aside or reserved any more. */
const settled = async () => {
  const open = await nubabel.database.look(
    `select 1 from envelopes where closed_at is null union all select 1 from budget_windows where reserved_nanos <> 0`,
  );
  return open.length === 0;
};

describe('a worker that is killed', () => {
  it('while a plan waits and with the decision under way: it counts once, and everything is paid once', async () => {
    const { jobId, approval } = await planned('Kill while it waits');
    await nubabel.kill('worker');
    const decision = answer(nubabel, jobId, 'approve', { hash: approval?.hash });
    await nubabel.start('worker');
    await decision;
    await nubabel.jobWhen(jobId, (job) => job.approval?.decision?.verdict === 'approve');
    await nubabel.kill('worker');
    await nubabel.start('worker');
    const job = await nubabel.ended(jobId, 40_000);
    expect(job.status).toBe('completed');
    expect(new Set(workOf('Kill while it waits')).size).toBe(4);
    expect(job.plan?.steps.map(({ status }) => status)).toEqual(['done', 'done', 'done', 'done']);
    expect(await decidedEvents(jobId)).toBe(1);
    expect(workOf('Kill while it waits').length).toBeLessThanOrEqual(4 + (await ledgerOf(nubabel)).unknown);
    expect(await settled()).toBe(true);
  });

  it('while two steps run: finished steps stay, those under way are taken up again, nothing leaks', async () => {
    const { jobId, approval } = await planned('Kill at work');
    nubabel.model.setResponder((one) => {
      if (/^Do the part (left|right)/.test(one.userText)) nubabel.model.pause();
      return plannedBy(STEPS)(one);
    });
    const { unknown } = await ledgerOf(nubabel);
    await answer(nubabel, jobId, 'approve', { hash: approval?.hash });
    await eventually('both steps', () => workOf('Kill at work').length === 3);
    await nubabel.kill('worker');
    nubabel.model.setResponder(plannedBy(STEPS));
    nubabel.model.resume();
    await nubabel.start('worker');
    const job = await nubabel.ended(jobId, 45_000);
    expect(job).toMatchObject({ status: 'completed', result: { coverage: { answered: 4, total: 4 } } });
    expect(workOf('Kill at work').filter((step) => step === 'first' || step === 'last')).toHaveLength(2);
    expect(workOf('Kill at work').length).toBeLessThanOrEqual(4 + (await ledgerOf(nubabel)).unknown - unknown);
    expect(await decidedEvents(jobId)).toBe(1);
    expect(await settled()).toBe(true);
  });

  it('after a raised budget: it is raised once', async () => {
    const limit = async (limitCents: number) =>
      nubabel.request('/api/admin/budgets', {
        ...json({ scope: 'organization', period: 'year', limitCents }),
        method: 'PUT',
      });
    const limitNow = async () => {
      const [row] = await nubabel.database.look<{ cents: number }>(
        `select limit_nanos / 1e7::float as cents from budget_limits where scope = 'organization' and period = 'year'`,
      );
      return row?.cents ?? -1;
    };
    await putPolicy(nubabel, { plans: 'never' });
    nubabel.model.setResponder((one) => {
      if (!one.schema) nubabel.model.pause();
      return plannedBy(STEPS)(one);
    });
    const jobId = await askBy(nubabel, 'Kill after the raise', { plan: 'always' });
    await eventually('the first step', () => workOf('Kill after the raise').length === 1);
    nubabel.model.setResponder(plannedBy(STEPS));
    await limit(1);
    nubabel.model.resume();
    const { approval } = await waits(nubabel, jobId, 'budget');
    const said = await answer(nubabel, jobId, 'approve', { hash: approval?.hash, choice: 'raise' });
    await nubabel.kill('worker');
    expect(said.status).toBe(200);
    await nubabel.start('worker');
    await nubabel.jobWhen(jobId, (job) => job.approval?.id !== approval?.id || job.approval?.decision !== undefined);
    expect(await limitNow()).toBeCloseTo(1 + (approval?.plan.raise?.byCents ?? 0), 5);
    await limit(100_000);
    await nubabel.jobWhen(jobId, ({ status }) => status !== 'running');
    const now = await nubabel.status(jobId);
    if (now.status === 'awaiting_approval') await answer(nubabel, jobId, 'approve', { hash: now.approval?.hash });
    expect(await nubabel.ended(jobId, 40_000)).toMatchObject({ status: 'completed' });
    expect(workOf('Kill after the raise').filter((step) => step === 'first')).toHaveLength(1);
    await putPolicy(nubabel, {});
  });
});

it('two APIs that are answered at once count one decision', async () => {
  const port = await anyFreePort();
  await nubabel.start('api-2', { PORT: String(port) });
  const second = {
    request: (path: string, init: RequestInit = {}) => {
      const headers = new Headers(init.headers);
      headers.set('authorization', `Bearer ${nubabel.token}`);
      return fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers });
    },
  };
  const { jobId, approval } = await planned('Two doors');
  const { id: approvalId, hash } = approval ?? {};
  const statuses = await Promise.all(
    Array.from({ length: 50 }, async (_, nth) => {
      const verb = nth % 3 ? 'approve' : 'cancel';
      return (await answer(nth % 2 ? nubabel : second, jobId, verb, { approvalId, hash })).status;
    }),
  );
  expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  expect(statuses.filter((status) => status === 409)).toHaveLength(49);
  const job = await nubabel.ended(jobId);
  expect(workOf('Two doors')).toHaveLength(job.status === 'completed' ? 4 : 0);
  expect(await decidedEvents(jobId)).toBe(1);
});
