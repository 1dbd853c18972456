import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { BudgetView } from '../../contracts/money.ts';
import type { JobStatus } from '../../contracts/orchestration.ts';
import { answer, askBy, auditOf, jobIn, putPolicy, waits } from '../support/approvals.ts';
import { expectProblem, finalMessage, json, wordsOf } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson, type Person } from '../support/people.ts';
import { askerOf, plannedBy, planReply, type PlanStepReply } from '../support/replies.ts';

/** A plan's money: set aside at its approval, given back at its end, and asked for when it runs out. */
let nubabel: Nubabel;
let ada: Person;
beforeAll(async () => {
  nubabel = await startSharedNubabel({ slack: { limits: 'off' } });
}, 60_000);
beforeEach(async () => void (ada = await addPerson(nubabel)));
afterEach(() => nubabel.model.resume());
afterEach(() => putPolicy(nubabel, {}));
afterAll(() => nubabel?.close());

const CHAIN: readonly PlanStepReply[] = [
  { id: 'first' },
  { id: 'second', needs: ['first'] },
  { id: 'third', needs: ['second'] },
];
const budgets = async () =>
  ((await (await nubabel.request('/api/admin/budgets')).json()) as { budgets: BudgetView[] }).budgets;
const dayOf = async ({ userId }: Person) =>
  (await budgets()).find((one) => one.scope === 'user' && one.userId === userId && one.period === 'day');
const limit = (userId: string, limitCents: number) =>
  nubabel.request('/api/admin/budgets', {
    ...json({ scope: 'user', userId, period: 'day', limitCents }),
    method: 'PUT',
  });
const reservedOf = async (person: Person) => (await dayOf(person))?.reservedCents ?? 0;
const workOf = (message: string) =>
  nubabel.model.requests.filter((one) => !one.schema && one.userText.includes(`<request>\n${message}`)).length;
async function planned(message: string, steps = CHAIN): Promise<JobStatus> {
  nubabel.model.setResponder(plannedBy(steps));
  return waits(nubabel, await askBy(ada, message, { plan: 'always' }), 'plan');
}
/** A job without an envelope whose second step finds no room: its budget is used up while the first one works. */
async function dry(message: string, steps = CHAIN): Promise<JobStatus> {
  await putPolicy(nubabel, { plans: 'never' });
  nubabel.model.setResponder((one) => {
    if (!one.schema) nubabel.model.pause();
    return plannedBy(steps)(one);
  });
  const jobId = await askBy(ada, message, { plan: 'always' });
  await eventually('the first step', () => workOf(message) === 1);
  nubabel.model.setResponder(plannedBy(steps));
  await limit(ada.userId, 0.01);
  nubabel.model.resume();
  return waits(nubabel, jobId, 'budget');
}

describe('what is set aside for a plan', () => {
  it('is reserved with the approval and given back with the end', async () => {
    const { jobId, approval } = await planned('Envelope to the end');
    expect(await reservedOf(ada)).toBe(0);
    nubabel.model.pause();
    await answer(ada, jobId, 'approve', { hash: approval?.hash });
    await eventually('the first step', () => workOf('Envelope to the end') === 1);
    const held = await reservedOf(ada);
    expect(held).toBeCloseTo(approval?.plan.worstCaseCents ?? 0, 3);
    nubabel.model.resume();
    const job = await nubabel.ended(jobId);
    expect(job.status).toBe('completed');
    expect(await dayOf(ada)).toMatchObject({ reservedCents: 0, spentCents: expect.closeTo(job.costCents, 5) });
  });

  it('is given back after a cancel, and after a step that nobody approved in time', async () => {
    const { jobId, approval } = await planned('Envelope cancelled');
    nubabel.model.pause();
    await answer(ada, jobId, 'approve', { hash: approval?.hash });
    await eventually('the first step', () => workOf('Envelope cancelled') === 1);
    await answer(ada, jobId, 'cancel');
    expect((await nubabel.ended(jobId)).status).toBe('cancelled');
    nubabel.model.resume();
    expect(await reservedOf(ada)).toBe(0);
    await putPolicy(nubabel, { deadlineMs: 1_500 });
    const steps = [
      { id: 'first' },
      { id: 'gate', kind: 'approval' as const, needs: ['first'] },
      { id: 'last', needs: ['gate'] },
    ];
    const second = await planned('Envelope expired', steps);
    await answer(ada, second.jobId, 'approve', { hash: second.approval?.hash });
    await waits(nubabel, second.jobId, 'step');
    expect(await reservedOf(ada)).toBeGreaterThan(0);
    await nubabel.jobWhen(second.jobId, ({ approval: now }) => now?.decision?.verdict === 'expired');
    expect(await nubabel.ended(second.jobId)).toMatchObject({
      status: 'partial',
      result: { coverage: { answered: 1 } },
    });
    expect(await reservedOf(ada)).toBe(0);
  });

  it('is nothing where only the expected price has room; then each call finds its own, or asks', async () => {
    const roomy = await planned('Room for each');
    await limit(ada.userId, (roomy.approval?.plan.worstCaseCents ?? 0) * 0.9);
    await answer(ada, roomy.jobId, 'approve', { hash: roomy.approval?.hash });
    expect(await nubabel.ended(roomy.jobId)).toMatchObject({ status: 'completed', approval: { kind: 'plan' } });
    ada = await addPerson(nubabel);
    const { jobId, approval } = await planned('Room for none');
    await limit(ada.userId, (approval?.plan.estimatedCents ?? 0) * 2);
    await answer(ada, jobId, 'approve', { hash: approval?.hash });
    for (let nth = 1; nth <= CHAIN.length; nth++) {
      const asking = await nubabel.jobWhen(jobId, (job) => job.approval?.kind === 'budget' && !job.approval.decision);
      await answer(nubabel, jobId, 'approve', { choice: 'raise', hash: asking.approval?.hash });
      const raised = (job: JobStatus) =>
        job.approval?.hash !== asking.approval?.hash || job.status !== 'awaiting_approval';
      if ((await nubabel.jobWhen(jobId, raised)).status === 'completed') break;
      await nubabel.jobWhen(jobId, (job) => job.status !== 'running');
      if ((await nubabel.status(jobId)).status === 'completed') break;
    }
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed' });
    expect(workOf('Room for none')).toBe(3);
    expect(await reservedOf(ada)).toBe(0);
  });
});

describe('a budget that runs out midway', () => {
  it('pauses the plan; RAISE is an admin’s, raises by what was shown, and the same run goes on', async () => {
    const { jobId, approval } = await dry('Raise it');
    expect(approval).toMatchObject({
      kind: 'budget',
      choices: ['raise', 'skip', 'stop'],
      policy: { adminChoices: ['raise'] },
    });
    const { raise } = approval?.plan ?? {};
    const given = { hash: approval?.hash, choice: 'raise' };
    await expectProblem(await answer(ada, jobId, 'approve', given), 403);
    await expectProblem(await answer(ada, jobId, 'approve', { hash: approval?.hash }), 403);
    await expectProblem(await answer(nubabel, jobId, 'approve', { ...given, choice: 'retry' }), 409);
    const before = (await dayOf(ada))?.limitCents ?? 0;
    const resetsAt = new Date(new Date().setUTCHours(24, 0, 0, 0)).toISOString();
    expect(raise).toMatchObject({ scope: 'user', limitCents: before, resetsAt });
    expect((await answer(nubabel, jobId, 'approve', given)).status).toBe(200);
    await nubabel.jobWhen(
      jobId,
      ({ status, approval: now }) => status !== 'awaiting_approval' || now?.hash !== approval?.hash,
    );
    expect((await dayOf(ada))?.limitCents).toBeCloseTo(before + (raise?.byCents ?? 0), 5);
    expect(await auditOf(nubabel, jobId)).toMatchObject([
      { outcome: 'rejected' },
      { outcome: 'rejected' },
      { outcome: 'rejected' },
      { outcome: 'done', details: { choice: 'raise' } },
    ]);
    expect(await auditOf(nubabel, ada.userId)).toMatchObject([
      { action: 'budget.set' },
      { action: 'budget.raised', details: { byCents: raise?.byCents, orchestrationId: jobId, via: 'rest' } },
    ]);
    await limit(ada.userId, 1_000);
    const next = await nubabel.jobWhen(jobId, ({ status }) => status !== 'running');
    if (next.status === 'awaiting_approval') await answer(nubabel, jobId, 'approve', { hash: next.approval?.hash });
    expect(await nubabel.ended(jobId)).toMatchObject({
      status: 'completed',
      result: { coverage: { answered: 3, total: 3 } },
    });
    expect(workOf('Raise it')).toBe(3);
    expect(await reservedOf(ada)).toBe(0);
  });

  it('goes on without the step after SKIP, and ends with what is there after STOP', async () => {
    const skip = await dry('Skip it', [{ id: 'first' }, { id: 'second', needs: ['first'] }]);
    expect((await answer(ada, skip.jobId, 'approve', { hash: skip.approval?.hash, choice: 'skip' })).status).toBe(200);
    const skipped = await nubabel.ended(skip.jobId);
    expect(skipped).toMatchObject({ status: 'partial', result: { coverage: { answered: 1, total: 2 } } });
    expect(skipped.result?.coverage?.missing).toMatchObject([
      { step: 'second', reason: expect.stringMatching(/skip this step/) },
    ]);
    expect(workOf('Skip it')).toBe(1);
    ada = await addPerson(nubabel);
    const stop = await dry('Stop it');
    expect((await answer(ada, stop.jobId, 'approve', { hash: stop.approval?.hash, choice: 'stop' })).status).toBe(200);
    expect(await nubabel.ended(stop.jobId)).toMatchObject({
      status: 'partial',
      receipt: { mode: 'stop', stepsDone: 1, stepsTotal: 3 },
      result: { coverage: { answered: 1, total: 3 } },
    });
    expect(workOf('Stop it')).toBe(1);
  });

  it('is asked about in the thread with its words, and answered there', async () => {
    await putPolicy(nubabel, { plans: 'never' });
    const text = 'Look at the code, fix the bugs, test the fix';
    nubabel.model.setResponder((one) => {
      if (!one.schema) nubabel.model.pause();
      return plannedBy(CHAIN)(one);
    });
    const { ts } = await nubabel.slack.mention({ user: 'U_LINUS', channel: 'C_LAUNCH', text });
    await eventually('the first step', () => workOf(text) === 1);
    const [linus] = await nubabel.database.look<{ id: string }>(`select id from users where slack_user_id = 'U_LINUS'`);
    await limit(linus?.id ?? '', 0.01);
    nubabel.model.resume();
    const jobId = await jobIn(nubabel, ts);
    const asking = await nubabel.slack.waitForMessage({
      channel: 'C_LAUNCH',
      thread: ts,
      where: (one) => /RAISE/.test(wordsOf(one)),
    });
    expect(wordsOf(asking)).toMatch(/💰 Limit of the person \(day\)/u);
    expect(wordsOf(asking)).toMatch(/only an admin can answer RAISE/);
    await nubabel.slack.say({ user: 'U_LINUS', channel: 'C_LAUNCH', text: 'RAISE', thread_ts: ts });
    await eventually('the refusal', async () =>
      (await auditOf(nubabel, jobId)).some(({ outcome }) => outcome === 'rejected'),
    );
    await nubabel.slack.say({ user: 'U_LINUS', channel: 'C_LAUNCH', text: 'stop', thread_ts: ts });
    const message = await finalMessage(nubabel, 'C_LAUNCH', ts);
    expect(message.text).toMatch(/^⚠️/u);
    expect(wordsOf(message)).toContain('1 of 3 steps');
  });
});

describe('a plan dearer than the budget', () => {
  it('is refused with its price, repaired once, and then the human is asked', async () => {
    const dear = Array.from({ length: 20 }, (_, nth) => ({ id: `step_${nth}`, agent: 'product' }));
    nubabel.model.setResponder(plannedBy(dear));
    await limit(ada.userId, 30);
    const drafts = () => nubabel.model.requests.filter((one) => askerOf(one) === 'planner');
    const before = drafts().length;
    const jobId = await askBy(ada, 'Too dear', { plan: 'always' });
    const { approval } = await waits(nubabel, jobId);
    expect(drafts().slice(before)).toHaveLength(2);
    expect(JSON.stringify(drafts().at(-1)?.messages)).toContain('Use fewer or cheaper steps.');
    expect(approval?.plan.evidence?.join('\n')).toMatch(
      /expected to cost [\d.]+ cents, and the budget has [\d.]+ left/,
    );
    await answer(ada, jobId, 'cancel');
    nubabel.model.setResponder((one) =>
      askerOf(one) === 'planner' && JSON.stringify(one.messages).includes('cheaper steps')
        ? planReply([{ id: 'only', agent: 'finance' }])
        : plannedBy(dear)(one),
    );
    const second = await askBy(ada, 'Cheaper at last', { plan: 'always' });
    expect((await waits(nubabel, second)).approval?.plan.steps?.map(({ id }) => id)).toEqual(['only']);
    await answer(ada, second, 'cancel');
  });
});
