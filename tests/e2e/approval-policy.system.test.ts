import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { DEFAULT_ORGANIZATION_ID } from '../../domain/organizations/organizations.ts';
import { answer, askBy, auditOf, policyOf, putPolicy, waits } from '../support/approvals.ts';
import { expectProblem } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { addPerson, type Person } from '../support/people.ts';
import { plannedBy, specialist } from '../support/replies.ts';

let nubabel: Nubabel;
let ada: Person;
let bob: Person;
let boss: Person;
let guest: Person;
beforeAll(async () => {
  nubabel = await startSharedNubabel();
  [ada, bob, boss, guest] = await Promise.all([
    addPerson(nubabel),
    addPerson(nubabel),
    addPerson(nubabel, { role: 'admin' }),
    addPerson(nubabel, { role: 'guest' }),
  ]);
}, 60_000);
beforeEach(() => nubabel.model.setResponder(specialist()));
afterEach(() => putPolicy(nubabel, {}));
afterAll(() => nubabel?.close());

const asks = async (by: Pick<Person, 'request'>, message: string, more = {}) =>
  waits(nubabel, await askBy(by, message, { agents: ['ops'], requireApproval: true, ...more }));
const put = async (policy: unknown) => expect((await putPolicy(nubabel, policy)).status).toBe(200);
const worked = (message: string) =>
  nubabel.model.requests.filter(({ userText }) => userText.startsWith(message)).length;

describe('the approval policy of an organization', () => {
  it('is for admins, counts its versions, and who set it is written down', async () => {
    for (const person of [ada, guest]) {
      await expectProblem(await putPolicy(person, {}), 403);
      await expectProblem(await person.request('/api/admin/approval-policy'), 403);
    }
    const { version } = await policyOf(nubabel);
    await put({ quorum: 2, users: [bob.userId] });
    expect(await policyOf(boss)).toMatchObject({
      version: version + 1,
      policy: { quorum: 2, users: [bob.userId], roles: ['admin'], plans: 'always' },
    });
    const [line] = (await auditOf(nubabel, DEFAULT_ORGANIZATION_ID)).slice(-1);
    expect(line).toMatchObject({ action: 'approval-policy.set', outcome: 'done', details: { quorum: 2 } });
  });

  it.each([
    ['a quorum of nobody', { quorum: 0 }, 'quorum'],
    ['a role that may never answer', { roles: ['guest'] }, 'roles'],
    ['nobody who could answer', { roles: [], asker: false }, 'roles'],
    ['only the asker under four eyes', { roles: [], notAsker: true }, 'roles'],
    ['fewer people than the quorum', { roles: [], asker: false, users: [randomUUID()], quorum: 2 }, 'quorum'],
    ['a deadline of no time', { deadlineMs: 5 }, 'deadlineMs'],
    ['a field that there is not', { quorumm: 2 }, ''],
    ['a category that there is not', { categories: ['everything'] }, 'categories'],
  ])('refuses %s and stays as it is', async (_what, policy, path) => {
    const before = await policyOf(nubabel);
    const problem = await expectProblem(await putPolicy(nubabel, policy), 400);
    expect(JSON.stringify(problem['errors'])).toContain(path);
    expect(await policyOf(nubabel)).toEqual(before);
  });

  it('names only people of the organization', async () => {
    const outsider = await addPerson(nubabel, { role: 'admin', newOrganization: 'Elsewhere' });
    const before = await policyOf(nubabel);
    for (const policy of [
      { users: [outsider.userId] },
      { escalation: { afterMs: 1_000, users: [randomUUID()] } },
      { delegates: [{ userId: bob.userId, delegateId: outsider.userId }] },
    ])
      expect(await expectProblem(await putPolicy(nubabel, policy), 400)).toMatchObject({
        errors: [{ path: expect.stringMatching(/^(users|escalation\.users|delegates)$/) }],
      });
    expect(await policyOf(nubabel)).toEqual(before);
    expect((await policyOf(outsider)).version).toBe(0);
  });
});

describe('a quorum of two', () => {
  it('waits after the first approval and shows it, counts nobody twice, and runs after the second', async () => {
    await put({ quorum: 2, users: [bob.userId] });
    const { jobId, approval } = await asks(ada, 'Quorum');
    const { hash, id: approvalId } = approval ?? {};
    const first = await answer(ada, jobId, 'approve', { hash, approvalId });
    expect(await first.json()).toEqual({ jobId, status: 'awaiting_approval' });
    const shown = await nubabel.jobWhen(jobId, (job) => job.approval?.approvals?.length === 1);
    expect(shown).toMatchObject({
      status: 'awaiting_approval',
      approval: { hash, policy: { quorum: 2 }, approvals: [{ by: ada.userId, via: 'rest' }] },
    });
    await expectProblem(await answer(ada, jobId, 'approve', { hash }), 409);
    expect(worked('Quorum')).toBe(0);
    expect(await (await answer(bob, jobId, 'approve', { hash })).json()).toEqual({ jobId, status: 'running' });
    const done = await nubabel.ended(jobId);
    expect(done).toMatchObject({ status: 'completed', approval: { decision: { verdict: 'approve', by: bob.userId } } });
    expect(done.approval?.approvals?.map(({ by }) => by)).toEqual([ada.userId, bob.userId]);
  });

  it('is stopped by one CANCEL, of somebody listed too', async () => {
    await put({ quorum: 2, users: [bob.userId] });
    const { jobId, approval } = await asks(ada, 'Quorum that one stops');
    await answer(ada, jobId, 'approve', { hash: approval?.hash });
    expect((await answer(bob, jobId, 'cancel', { hash: approval?.hash })).status).toBe(200);
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'cancelled', costCents: 0 });
  });
});

describe('who may answer', () => {
  it('is not the asker under four eyes, an admin included; the attempt is written down', async () => {
    await put({ notAsker: true });
    const { jobId, approval } = await asks(boss, 'Four eyes');
    await expectProblem(await answer(boss, jobId, 'approve', { hash: approval?.hash }), 403);
    expect(await auditOf(nubabel, jobId)).toMatchObject([
      { action: 'approval.decide', outcome: 'rejected', user_id: boss.userId },
    ]);
    expect(worked('Four eyes')).toBe(0);
    expect((await answer(nubabel, jobId, 'approve', { hash: approval?.hash })).status).toBe(200);
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed' });
  });

  it('may always take back a request of their own, four eyes or not', async () => {
    await put({ notAsker: true });
    const { jobId } = await asks(ada, 'Taken back');
    expect((await answer(ada, jobId, 'cancel')).status).toBe(200);
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'cancelled', costCents: 0 });
  });

  it('is whom the list names, and no admin that it does not name', async () => {
    await put({ roles: [], asker: false, users: [bob.userId] });
    const { jobId, approval } = await asks(ada, 'Listed');
    for (const person of [ada, boss, guest])
      await expectProblem(await answer(person, jobId, 'approve', { hash: approval?.hash }), 403);
    expect((await answer(bob, jobId, 'approve', { hash: approval?.hash })).status).toBe(200);
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed' });
  });

  it('is a delegate while the delegation lasts', async () => {
    const stands = (until: number) => ({
      roles: [],
      users: [boss.userId],
      asker: false,
      delegates: [{ userId: boss.userId, delegateId: bob.userId, until: new Date(until).toISOString() }],
    });
    await put(stands(Date.now() - 1_000));
    const over = await asks(ada, 'Delegation over');
    await expectProblem(await answer(bob, over.jobId, 'approve'), 403);
    await put(stands(Date.now() + 60_000));
    const { jobId } = await asks(ada, 'Delegation');
    expect((await answer(bob, jobId, 'approve')).status).toBe(200);
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed' });
    await answer(boss, over.jobId, 'cancel');
  });

  it('is nobody who stands for the asker, where four eyes are wanted', async () => {
    await put({ roles: ['user'], notAsker: true, delegates: [{ userId: ada.userId, delegateId: bob.userId }] });
    const { jobId, approval } = await asks(ada, 'Four eyes of two people');
    await expectProblem(await answer(bob, jobId, 'approve', { hash: approval?.hash }), 403);
    expect(await auditOf(nubabel, jobId)).toMatchObject([{ outcome: 'rejected', user_id: bob.userId }]);
    await answer(ada, jobId, 'cancel');
    await nubabel.ended(jobId);
  });

  it('counts only as long as they may: a vote of somebody who is a guest by now is none', async () => {
    const setRole = (role: string) =>
      nubabel.database.look('update users set role = $1 where id = $2', [role, bob.userId]);
    await put({ roles: ['admin', 'user'], asker: false, quorum: 2 });
    const { jobId, approval } = await asks(ada, 'Votes of people who may');
    const shown = { hash: approval?.hash };
    expect((await answer(bob, jobId, 'approve', shown)).status).toBe(200);
    await setRole('guest');
    expect((await answer(boss, jobId, 'approve', shown)).status).toBe(200);
    expect(await nubabel.status(jobId)).toMatchObject({ status: 'awaiting_approval' });
    await setRole('user');
    expect((await answer(ada, jobId, 'approve', shown)).status).toBe(200);
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed' });
  });

  it('is nobody that a message to Temporal’s port makes up, whoever it names and whatever role it claims', async () => {
    await put({ roles: ['admin'], asker: false });
    const { jobId, approval } = await asks(ada, 'Nothing forged');
    const handle = nubabel.temporal.workflow.getHandle(nubabel.workflowId(jobId));
    const claim = { verdict: 'approve', role: 'admin', isAsker: true, via: 'rest' };
    const shown = { approvalId: approval?.id, hash: approval?.hash };
    const forged = [boss, bob, ada, guest].map(({ userId }) => ({ ...claim, ...shown, userId, id: randomUUID() }));
    for (const decision of [...forged, { ...claim, ...shown, userId: 'nobody', id: 'nothing' }]) {
      await expect(handle.executeUpdate('decide', { args: [decision] })).rejects.toThrow();
      await handle.signal('decideFromSlack', decision);
    }
    await expect(handle.executeUpdate('steer', { args: [{ id: randomUUID(), mode: 'stop' }] })).rejects.toThrow();
    await handle.signal('steerFromSlack', { id: randomUUID(), mode: 'stop' });
    await eventually('the refusals', async () => (await auditOf(nubabel, jobId)).length === 12);
    expect((await auditOf(nubabel, jobId)).every(({ outcome }) => outcome === 'rejected')).toBe(true);
    expect(await nubabel.status(jobId)).toMatchObject({
      status: 'awaiting_approval',
      approval: { hash: approval?.hash },
    });
    expect((await answer(boss, jobId, 'approve', { hash: approval?.hash })).status).toBe(200);
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed' });
  });

  it('grows with an escalation once its time has come, and not before', async () => {
    await put({
      roles: [],
      users: [boss.userId],
      asker: false,
      escalation: { afterMs: 2_500, roles: [], users: [bob.userId] },
    });
    const { jobId, approval } = await asks(ada, 'Escalated');
    await expectProblem(await answer(bob, jobId, 'approve', { hash: approval?.hash }), 403);
    await nubabel.jobWhen(jobId, (job) => job.approval?.reminded === 1);
    expect((await answer(bob, jobId, 'approve', { hash: approval?.hash })).status).toBe(200);
    expect(await nubabel.ended(jobId)).toMatchObject({ status: 'completed' });
  });
});

describe('when somebody is asked', () => {
  const asksFor = async (message: string, more = {}) => {
    const jobId = await askBy(ada, message, { agents: ['ops'], ...more });
    const job = await nubabel.jobWhen(jobId, ({ status }) => status !== 'pending' && status !== 'running');
    if (job.status === 'awaiting_approval') await answer(nubabel, jobId, 'cancel');
    return job.status === 'awaiting_approval' && job.approval?.kind;
  };

  it('follows costs and categories', async () => {
    expect(await asksFor('Free to go')).toBe(false);
    await put({ costAboveCents: 0 });
    expect(await asksFor('Too dear')).toBe('cost');
    await put({ categories: ['artistry'] });
    expect(await asksFor('Words', { category: 'artistry' })).toBe('requested');
    expect(await asksFor('Quick words', { category: 'quick' })).toBe(false);
  });

  it.each([
    ['never', 'production', undefined, false],
    ['risky', 'read', undefined, false],
    ['risky', 'write', undefined, 'plan'],
    ['risky', 'read', 0, 'plan'],
    ['always', 'read', undefined, 'plan'],
  ] as const)(
    'follows what it says of plans: %s, with a step that is %s, from %s cents',
    async (plans, risk, cents, kind) => {
      await put({ plans, ...(cents !== undefined && { costAboveCents: cents }) });
      nubabel.model.setResponder(plannedBy([{ id: 'first', risk }]));
      expect(await asksFor(`Plan ${plans} ${risk}`, { agents: undefined, plan: 'always' })).toBe(kind);
    },
  );

  it('ends unanswered at the deadline, with nothing spent', async () => {
    await put({ deadlineMs: 1_000 });
    const { jobId, approval } = await asks(ada, 'Too late');
    const job = await nubabel.ended(jobId, 8_000);
    expect(job).toMatchObject({ status: 'expired', costCents: 0, approval: { decision: { verdict: 'expired' } } });
    await expectProblem(await answer(nubabel, jobId, 'approve', { hash: approval?.hash }), 409);
    expect(worked('Too late')).toBe(0);
  });
});
