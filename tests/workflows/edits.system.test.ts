import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FAILURE } from '../../contracts/failures.ts';
import type { Question, RevisedPlan } from '../../contracts/workflow.ts';
import { QUESTION, type Script } from './support/scripted-activities.ts';
import { cancelledWith, callsOf, decide, gate, refusalOf, steer, stepsRun, untilAsked } from './support/people.ts';
import { askedAbout, outline, step } from './support/plans.ts';
import { openEnvironment, type StartedRun, type TestEnvironment } from './support/environment.ts';

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await openEnvironment();
}, 60_000);
afterAll(() => environment?.close());

const SECOND: Question = { ...QUESTION, id: 'approval-2', hash: 'hash-2' };
const APPROVED: RevisedPlan = { verdict: 'approved', plan: outline(2, step('edited')) };
const ASKED: RevisedPlan = { verdict: 'asked', plan: outline(2, step('edited')), question: SECOND };

const asking = async (script: Script): Promise<StartedRun> => {
  const run = await environment.start({ planning: true, drafts: [askedAbout({}, step('a'))], ...script });
  await untilAsked(run);
  return run;
};
const edit = (run: StartedRun) => decide(run, { editId: 'edit-1' });
const second = { approvalId: SECOND.id, hash: SECOND.hash };

describe('edits to a plan that waits', () => {
  it('with mistakes change nothing, and the plan can still be approved as it was shown', async () => {
    const problems = [{ step: 'a', field: 'needs', message: 'There is no step “x”.' }];
    const run = await asking({ revise: () => ({ verdict: 'rejected', problems }) });
    await expect(edit(run)).resolves.toEqual({ verdict: 'approve', waiting: true, problems });
    expect(run.names()).not.toContain('recordDecision');
    await decide(run);
    await run.handle.result();
    expect(stepsRun(run)).toEqual(['a']);
  });

  it('that the policy is content with are approved with them, and the edited plan runs', async () => {
    const run = await asking({ revise: () => APPROVED });
    await expect(edit(run)).resolves.toEqual({ verdict: 'approve' });
    await run.handle.result();
    expect(stepsRun(run)).toEqual(['edited']);
    expect(callsOf(run, 'recordDecision').map(({ decision }) => decision?.editId)).toEqual(['edit-1']);
  });

  it('that have to be asked about make the old question void, and the answer to the new one counts', async () => {
    const run = await asking({ revise: () => ASKED });
    await expect(edit(run)).resolves.toEqual({ verdict: 'approve', waiting: true });
    expect(await refusalOf(decide(run))).toBe(FAILURE.approvalMismatch);
    expect(await refusalOf(decide(run, { ...second, hash: QUESTION.hash }))).toBe(FAILURE.approvalMismatch);
    await decide(run, second);
    await run.handle.result();
    expect(stepsRun(run)).toEqual(['edited']);
  });

  it('that are asked about anew start the deadline anew, and expire as any question', async () => {
    const run = await asking({ revise: () => ({ ...ASKED, question: { ...SECOND, timeoutMs: 300 } }) });
    await edit(run);
    await expect(run.handle.result()).resolves.toEqual({ status: 'expired' });
    expect(stepsRun(run)).toEqual([]);
  });

  it('begin the quorum anew: who approved the old plan has not approved the new one', async () => {
    const policy = { ...QUESTION.policy, roles: ['user'], quorum: 2 };
    const run = await asking({
      drafts: [askedAbout({ policy }, step('a'))],
      revise: () => ({ ...ASKED, question: { ...SECOND, policy } }),
    });
    await decide(run, { userId: 'ann', role: 'user' });
    await decide(run, { userId: 'ann', role: 'user', editId: 'edit-1' });
    await expect(decide(run, { ...second, userId: 'ann', role: 'user' })).resolves.toMatchObject({ waiting: true });
    await decide(run, { ...second, userId: 'bob', role: 'user' });
    await run.handle.result();
    expect(stepsRun(run)).toEqual(['edited']);
  });

  it('let nobody else answer while they are looked at', async () => {
    const looked = gate();
    const run = await asking({ revise: () => looked.opened.then(() => APPROVED) });
    const editing = edit(run);
    await run.when(() => run.names().includes('revisePlan'));
    expect(await refusalOf(decide(run))).toBe(FAILURE.notWaiting);
    expect(await refusalOf(decide(run, { verdict: 'cancel' }))).toBe(FAILURE.notWaiting);
    looked.open();
    await expect(editing).resolves.toEqual({ verdict: 'approve' });
    await run.handle.result();
  });

  it('outlast a deadline that passes while they are looked at', async () => {
    const looked = gate();
    const run = await environment.start({
      planning: true,
      drafts: [askedAbout({ timeoutMs: 1_500 }, step('a'))],
      revise: () => looked.opened.then(() => APPROVED),
    });
    await untilAsked(run);
    const editing = edit(run);
    await run.when(() => isPast(run));
    looked.open();
    await expect(editing).resolves.toEqual({ verdict: 'approve' });
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
  });

  it('that a wish for another plan overtakes do not count, and leave no question behind', async () => {
    const looked = gate();
    const third = { id: 'approval-3', hash: 'hash-3' };
    const run = await asking({
      drafts: [askedAbout({}, step('a')), askedAbout(third, step('b'))],
      revise: () => looked.opened.then(() => ASKED),
    });
    const editing = refusalOf(edit(run));
    await run.when(() => run.names().includes('revisePlan'));
    await steer(run, 'replan');
    looked.open();
    expect(await editing).toBe(FAILURE.notWaiting);
    await run.when(() => callsOf(run, 'adoptPlan').length === 2);
    expect(callsOf(run, 'closeQuestion')).toMatchObject([{ approvalId: SECOND.id, verdict: 'withdrawn' }]);
    // The edited plan was the second revision, whether it counts or not.
    expect(callsOf(run, 'draftPlan').map(({ draft }) => draft?.revision)).toEqual([1, 3]);
    await untilAsked(run);
    await decide(run, { approvalId: third.id, hash: third.hash });
    await run.handle.result();
    expect(stepsRun(run)).toEqual(['b']);
  });

  it('that a cancel overtakes do not count', async () => {
    const looked = gate();
    const run = await asking({ revise: () => looked.opened.then(() => ASKED) });
    const editing = edit(run).catch((error: unknown) => error);
    await run.when(() => run.names().includes('revisePlan'));
    await run.handle.cancel();
    await run.over();
    looked.open();
    expect(await editing).toBeInstanceOf(Error);
    expect(run.ending()).toEqual(cancelledWith(0));
  });
});

/** The deadline of the question has passed. */
async function isPast(run: StartedRun): Promise<boolean> {
  const { events } = await run.handle.fetchHistory();
  return events?.some(({ timerFiredEventAttributes: fired }) => Boolean(fired)) ?? false;
}
