import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { JobStatus } from '../../contracts/orchestration.ts';
import { answer, askBy, auditOf, putPolicy, waits } from '../support/approvals.ts';
import { expectProblem } from '../support/doors.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson, type Person } from '../support/people.ts';
import { analysisReply, askerOf, plannedBy, planReply, type PlanStepReply } from '../support/replies.ts';

/** What becomes of a plan between its draft and its first step: edits, wrong drafts, dry runs. */
let nubabel: Nubabel;
let ada: Person;
beforeAll(async () => {
  nubabel = await startSharedNubabel();
  ada = await addPerson(nubabel);
}, 60_000);
afterEach(() => putPolicy(nubabel, {}));
afterAll(() => nubabel?.close());

const STEPS: readonly PlanStepReply[] = [
  { id: 'look' },
  { id: 'costs', agent: 'finance' },
  { id: 'fix', needs: ['look', 'costs'], risk: 'write' },
];
async function planned(message: string, steps = STEPS): Promise<JobStatus> {
  nubabel.model.setResponder(plannedBy(steps));
  return waits(nubabel, await askBy(ada, message, { plan: 'always' }), 'plan');
}
const approve = (jobId: string, body: object) => answer(ada, jobId, 'approve', body);
const workOf = (message: string) =>
  nubabel.model.requests.filter((one) => askerOf(one) !== 'planner' && !one.schema && one.userText.includes(message));

describe('an edited plan', () => {
  it('is priced anew under the next revision and runs as edited', async () => {
    const { jobId, approval } = await planned('Edit me well');
    const edits = {
      goal: 'Only the code',
      steps: [
        { id: 'costs', remove: true },
        { id: 'fix', title: 'Fix the worst bug', instruction: 'Fix nothing but the worst bug.', needs: ['look'] },
      ],
    };
    const given = { approvalId: approval?.id, hash: approval?.hash, edits };
    expect(await (await approve(jobId, given)).json()).toEqual({ jobId, status: 'running' });
    const job = await nubabel.ended(jobId);
    expect(job).toMatchObject({
      status: 'completed',
      plan: { revision: 2, source: 'edited', goal: 'Only the code' },
      approval: { plan: { revision: 2 }, decision: { verdict: 'approve', by: ada.userId } },
    });
    expect(job.plan?.steps.map(({ id }) => id)).toEqual(['look', 'fix']);
    expect(job.plan?.cents).toBeLessThan(approval?.plan.estimatedCents ?? 0);
    expect(job.plan?.hash).not.toBe(approval?.hash);
    const work = workOf('Edit me well');
    expect(work.map(askerOf)).toEqual(['engineering', 'engineering']);
    expect(work[1]?.userText).toMatch(/^Fix the worst bug\n\nFix nothing but the worst bug\./);
    await expectProblem(await approve(jobId, { hash: approval?.hash }), 409);
  });

  it.each([
    ['a need that there is not', { steps: [{ id: 'fix', needs: ['nowhere'] }] }, 'edits.steps.fix.needs'],
    ['a circle', { steps: [{ id: 'look', needs: ['fix'] }] }, 'edits'],
    ['a step that there is not', { steps: [{ id: 'ghost', title: 'Boo' }] }, 'edits.steps.ghost'],
    ['no steps at all', { steps: STEPS.map(({ id }) => ({ id, remove: true })) }, 'edits'],
    ['a broken condition', { steps: [{ id: 'fix', when: 'steps.look.' }] }, 'edits.steps.fix.when'],
    [
      'one step twice',
      {
        steps: [
          { id: 'fix', title: 'A' },
          { id: 'fix', title: 'B' },
        ],
      },
      'edits.steps.fix',
    ],
  ])('with %s is refused, and the old one still stands', async (what, edits, path) => {
    const { jobId, approval } = await planned(`Edit badly: ${what}`);
    const problem = await expectProblem(await approve(jobId, { hash: approval?.hash, edits }), 400);
    expect((problem['errors'] as { path: string }[]).map((one) => one.path).join()).toContain(path);
    expect(await nubabel.status(jobId)).toMatchObject({ status: 'awaiting_approval', approval, plan: { revision: 1 } });
    expect(await auditOf(nubabel, jobId)).toMatchObject([{ outcome: 'rejected' }]);
    expect((await approve(jobId, { hash: approval?.hash })).status).toBe(200);
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed' });
  });

  it('that is riskier or dearer is asked about with a new hash', async () => {
    const { jobId, approval } = await planned('Edit riskily');
    const edits = { steps: [{ id: 'fix', risk: 'production' }] };
    const said = await approve(jobId, { hash: approval?.hash, edits });
    expect(await said.json()).toEqual({ jobId, status: 'awaiting_approval' });
    const asked = await waits(nubabel, jobId);
    expect(asked.approval?.hash).not.toBe(approval?.hash);
    expect(asked.approval?.id).not.toBe(approval?.id);
    expect(asked.approval?.plan.steps?.find(({ id }) => id === 'fix')?.risk).toBe('production');
    await expectProblem(await approve(jobId, { approvalId: approval?.id, hash: approval?.hash }), 409);
    expect(workOf('Edit riskily')).toEqual([]);
    await putPolicy(nubabel, { costAboveCents: 0 });
    const dearer = { steps: [{ id: 'costs', agent: 'product' }] };
    const again = await approve(jobId, { hash: asked.approval?.hash, edits: dearer });
    expect(await again.json()).toEqual({ jobId, status: 'awaiting_approval' });
    const last = await waits(nubabel, jobId);
    expect(last.approval?.plan.estimatedCents).toBeGreaterThan(asked.approval?.plan.estimatedCents ?? Infinity);
    expect((await approve(jobId, { hash: last.approval?.hash })).status).toBe(200);
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed', plan: { revision: 3 } });
  });

  it('of somebody who may not answer is not stored, and who tried is written down', async () => {
    const stored = (jobId: string) =>
      nubabel.database.look('select user_id, edits from plan_edits where orchestration_id = $1', [jobId]);
    await putPolicy(nubabel, { roles: [], asker: true });
    const { jobId, approval } = await planned('Edit what is not yours');
    const boss = await addPerson(nubabel, { role: 'admin' });
    const stranger = await addPerson(nubabel);
    const guest = await addPerson(nubabel, { role: 'guest' });
    const given = { hash: approval?.hash, edits: { steps: [{ id: 'costs', title: 'Not yours' }] } };
    await expectProblem(await answer(boss, jobId, 'approve', given), 403);
    await expectProblem(await answer(stranger, jobId, 'approve', given), 404);
    await expectProblem(await answer(guest, jobId, 'approve', given), 403);
    await expectProblem(await approve(jobId, { ...given, hash: '0'.repeat(64) }), 409);
    expect(await stored(jobId)).toEqual([]);
    expect(await auditOf(nubabel, jobId)).toMatchObject(
      [boss, stranger, guest, ada].map(({ userId }) => ({
        action: 'approval.decide',
        outcome: 'rejected',
        user_id: userId,
      })),
    );
    expect((await approve(jobId, given)).status).toBe(200);
    expect(await stored(jobId)).toEqual([{ user_id: ada.userId, edits: given.edits }]);
    await nubabel.ended(jobId);
  });

  it('is nobody’s to make who may not answer', async () => {
    const { jobId, approval } = await planned('Edit as an outsider');
    const outsider = await addPerson(nubabel);
    const edits = { steps: [{ id: 'costs', remove: true }] };
    await expectProblem(await answer(outsider, jobId, 'approve', { hash: approval?.hash, edits }), 404);
    await expectProblem(await approve(jobId, { hash: '0'.repeat(64), edits }), 409);
    const simple = await askBy(ada, 'No plan to edit', { agents: ['ops'], requireApproval: true });
    await waits(nubabel, simple);
    await expectProblem(await approve(simple, { edits }), 400);
    expect(await nubabel.status(jobId)).toMatchObject({ status: 'awaiting_approval', approval, plan: { revision: 1 } });
    for (const id of [jobId, simple]) await answer(ada, id, 'cancel');
  });
});

describe('a plan that is none', () => {
  const CIRCLE: readonly PlanStepReply[] = [
    { id: 'first', needs: ['second'] },
    { id: 'second', needs: ['first'] },
  ];

  it('is repaired once by the planner, who is told what is wrong', async () => {
    let drafts = 0;
    const good = plannedBy([{ id: 'look' }]);
    nubabel.model.setResponder((one) => (askerOf(one) === 'planner' && drafts++ === 0 ? planReply(CIRCLE) : good(one)));
    const jobId = await askBy(ada, 'Repair the plan', { plan: 'always' });
    const { approval } = await waits(nubabel, jobId, 'plan');
    const asked = nubabel.model.requests.filter((one) => askerOf(one) === 'planner').slice(-2);
    expect(JSON.stringify(asked[1]?.messages)).toMatch(/circle|each other|wait/i);
    await approve(jobId, { hash: approval?.hash });
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed', plan: { revision: 2 } });
  });

  it('twice, asks the human with what is wrong; APPROVE runs without a plan', async () => {
    nubabel.model.setResponder(plannedBy(CIRCLE));
    const jobId = await askBy(ada, 'Never a plan', { plan: 'always' });
    const { approval } = await waits(nubabel, jobId);
    expect(approval?.plan.evidence?.join('\n')).toMatch(/No valid plan could be made/);
    expect(approval?.plan.evidence?.length).toBeGreaterThan(1);
    expect((await approve(jobId, { hash: approval?.hash })).status).toBe(200);
    const job = await nubabel.ended(jobId);
    expect(job).toMatchObject({ status: 'completed', result: { coverage: { answered: 1, total: 1 } } });
    expect(workOf('Never a plan')).toHaveLength(1);
  });
});

describe('a dry run', () => {
  it('of a simple request spends nothing, calls nobody and says what it would cost', async () => {
    nubabel.model.setResponder(() => analysisReply());
    const before = nubabel.model.requests.length;
    const jobId = await askBy(ada, 'Draft a launch tweet', { dryRun: true, requireApproval: true });
    const job = await nubabel.ended(jobId);
    expect(job).toMatchObject({ status: 'completed', dryRun: true, costCents: 0, result: { agents_used: [] } });
    expect(job.result?.primary_result).toMatch(/Nothing was done[\s\S]+[\d.]+¢/);
    expect(job.agents.map(({ status }) => status)).not.toContain('done');
    expect(nubabel.model.requests).toHaveLength(before);
  });

  it('of a planned one shows the priced plan, asks nobody and runs no step', async () => {
    nubabel.model.setResponder(plannedBy(STEPS));
    const before = nubabel.model.requests.length;
    const jobId = await askBy(ada, 'Plan it dry', { dryRun: true, plan: 'always' });
    const job = await nubabel.ended(jobId);
    expect(job).toMatchObject({ status: 'completed', dryRun: true, plan: { revision: 1 } });
    expect(job.approval).toBeUndefined();
    for (const { id } of STEPS) expect(job.result?.primary_result).toContain(`Do the part ${id}`);
    expect(job.result?.primary_result).toContain(`${job.plan?.cents.toFixed(2)}¢`);
    expect(nubabel.model.requests.slice(before).map(askerOf)).toEqual(['planner']);
    expect(job.plan?.steps.map(({ status }) => status)).toEqual(['skipped', 'skipped', 'skipped']);
    const held = await nubabel.database.look('select 1 from envelopes where orchestration_id = $1', [jobId]);
    expect(held).toEqual([]);
  });
});
