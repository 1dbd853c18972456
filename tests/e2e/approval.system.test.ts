import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Problem } from '../../contracts/request.ts';
import { approveShown } from '../support/approvals.ts';
import { expectProblem, json } from '../support/doors.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson, type Person } from '../support/people.ts';
import { specialist } from '../support/replies.ts';

let nubabel: Nubabel;
let colleague: Person;
beforeAll(async () => {
  nubabel = await startSharedNubabel();
  colleague = await addPerson(nubabel);
}, 60_000);
beforeEach(() => nubabel.model.setResponder(specialist()));
afterAll(() => nubabel?.close());

const approve = (jobId: string, body: object = {}) => approveShown(nubabel, jobId, body);
const cancel = (jobId: string, body: unknown = {}) => nubabel.request(`/api/jobs/${jobId}/cancel`, json(body));
const waiting = async (message: string) => {
  const { jobId } = await nubabel.ask(message, { agents: ['brand', 'ops'], requireApproval: true });
  return nubabel.jobWhen(jobId, ({ status }) => status === 'awaiting_approval');
};
const asked = (message: string) => nubabel.model.requests.filter(({ userText }) => userText.startsWith(message)).length;

describe('a request that has to be approved', () => {
  it('shows what is asked, and spends nothing before the answer', async () => {
    const job = await waiting('Show me');
    expect(job.approval).toMatchObject({
      id: expect.stringMatching(/^approval-/),
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      kind: 'requested',
      policy: { roles: ['admin'], asker: true, thresholdCents: 100 },
      plan: {
        agents: [{ agent: 'brand' }, { agent: 'ops' }],
        mode: 'parallel',
        question: 'Type APPROVE to proceed or CANCEL to abort',
      },
    });
    expect(Date.parse(job.approval?.expiresAt ?? '')).toBeGreaterThan(Date.now() + 9 * 60_000);
    expect(job.approval?.plan.worstCaseCents).toBeGreaterThan(job.approval?.plan.estimatedCents ?? Infinity);
    expect(job).toMatchObject({ costCents: 0 });
    expect(asked('Show me')).toBe(0);
    await cancel(job.jobId);
  });

  it('runs after APPROVE with the hash that was shown; a second decision is a conflict', async () => {
    const { jobId, approval } = await waiting('Go ahead');
    const answer = await approve(jobId, { approvalId: approval?.id, hash: approval?.hash });
    expect([answer.status, await answer.json()]).toEqual([200, { jobId, status: 'running' }]);
    await expectProblem(await approve(jobId), 409);
    const job = await nubabel.ended(jobId);
    expect(job).toMatchObject({ status: 'completed', approval: { decision: { verdict: 'approve', via: 'rest' } } });
    await expectProblem(await approve(jobId), 409);
    await expectProblem(await cancel(jobId), 409);
    expect(asked('Go ahead')).toBe(2);
  });

  it('is not approved by whoever names nothing that they have seen, and is told what to send', async () => {
    const { jobId } = await waiting('Unseen');
    for (const init of [{ method: 'POST' }, json({}), json({ approvalId: 'approval-1', reason: 'sure' })]) {
      const answer = await nubabel.request(`/api/jobs/${jobId}/approve`, init);
      expect([answer.status, await answer.text()]).toEqual([400, expect.stringMatching(/hash|JSON/)]);
    }
    const { errors } = (await (await nubabel.request(`/api/jobs/${jobId}/approve`, json({}))).json()) as Problem;
    expect(errors).toMatchObject([{ path: 'hash', message: expect.stringContaining('GET /api/jobs/:jobId/status') }]);
    expect(await nubabel.status(jobId)).toMatchObject({ status: 'awaiting_approval' });
    await cancel(jobId);
  });

  it('stays as it is after an answer to something else', async () => {
    const job = await waiting('Not that one');
    const { jobId, approval } = job;
    await expectProblem(await approve(jobId, { hash: '0'.repeat(64) }), 409);
    await expectProblem(await approve(jobId, { approvalId: 'approval-other', hash: approval?.hash }), 409);
    await expectProblem(await cancel(jobId, { hash: '0'.repeat(64) }), 409);
    const { durationMs: _, ...after } = await nubabel.status(jobId);
    expect(job).toMatchObject(after);
    expect(asked('Not that one')).toBe(0);
    await cancel(jobId);
  });

  it('does nothing after CANCEL, and tells who cancelled', async () => {
    const { jobId, approval } = await waiting('Rather not');
    const answer = await cancel(jobId, { approvalId: approval?.id, hash: approval?.hash });
    expect([answer.status, await answer.json()]).toMatchObject([200, { jobId, status: 'cancelled' }]);
    expect(await nubabel.ended(jobId)).toMatchObject({
      status: 'cancelled',
      costCents: 0,
      approval: { decision: { verdict: 'cancel', via: 'rest' } },
    });
    expect(asked('Rather not')).toBe(0);
    await expectProblem(await approve(jobId, { hash: approval?.hash }), 409);
  });

  it('counts exactly one of twenty answers that come at once', async () => {
    const { jobId, approval } = await waiting('Race');
    const verdicts = Array.from({ length: 20 }, (_, nth) =>
      (nth % 2 ? approve : cancel)(jobId, { hash: approval?.hash }),
    );
    const statuses = (await Promise.all(verdicts)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(19);
    const job = await nubabel.ended(jobId);
    expect(asked('Race')).toBe(job.status === 'completed' ? 2 : 0);
  });

  it('is not for a colleague to decide, and the attempt is written down', async () => {
    const { jobId, approval } = await waiting('Not yours');
    await expectProblem(await colleague.request(`/api/jobs/${jobId}/approve`, json({ hash: approval?.hash })), 404);
    await expectProblem(await colleague.request(`/api/jobs/${jobId}/cancel`, json({})), 404);
    expect(await nubabel.status(jobId)).toMatchObject({ status: 'awaiting_approval' });
    const audit = await nubabel.database.look('select outcome from audit where subject = $1 and user_id = $2', [
      jobId,
      colleague.userId,
    ]);
    expect(audit).toEqual([{ outcome: 'rejected' }, { outcome: 'rejected' }]);
    await cancel(jobId);
  });

  it('is for an admin to decide, though a colleague asked', async () => {
    const answer = await colleague.request(
      '/api/orchestrator/orchestrate',
      json({ message: 'Boss?', agents: ['ops'], requireApproval: true }),
    );
    const { jobId } = (await answer.json()) as { jobId: string };
    await nubabel.jobWhen(jobId, ({ status }) => status === 'awaiting_approval');
    expect((await approve(jobId)).status).toBe(200);
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed' });
  });
});

describe('cancelling work', () => {
  it('interrupts the model call within seconds and keeps what is finished', async () => {
    nubabel.model.setResponder((request) =>
      request.system.includes('You are Brand') ? { text: 'Done early.' } : { hang: true },
    );
    const { jobId } = await nubabel.ask('Stop it', { agents: ['brand', 'ops'] });
    await nubabel.jobWhen(jobId, ({ agents }) => agents.some(({ status }) => status === 'done'));
    await nubabel.model.waitForLog(1, ({ userText, outcome }) => userText === 'Stop it' && outcome === 'hung');
    nubabel.model.setResponder(specialist());
    const askedAt = Date.now();
    expect((await cancel(jobId)).status).toBe(200);
    const job = await nubabel.ended(jobId);
    expect(Date.now() - askedAt).toBeLessThan(6_000);
    expect(job).toMatchObject({
      status: 'cancelled',
      result: { agents_used: ['brand'], missing_agents: [{ agent: 'ops' }] },
    });
  });

  it('leaves the provider’s connection: nobody waits for an answer that nobody wants', async () => {
    const before = nubabel.model.requests.length;
    nubabel.model.pause();
    const { jobId } = await nubabel.ask('Hang up', { agents: ['ops'] });
    await nubabel.model.waitForRequests(before + 1);
    expect((await cancel(jobId)).status).toBe(200);
    await nubabel.model.waitForLog(
      1,
      ({ userText, outcome }) => userText === 'Hang up' && outcome === 'client_gone',
      6_000,
    );
    nubabel.model.resume();
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'cancelled' });
    await expectProblem(await cancel(jobId), 409);
  });
});
