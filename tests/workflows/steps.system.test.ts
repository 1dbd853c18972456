import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FAILURE } from '../../contracts/failures.ts';
import { type Script } from './support/scripted-activities.ts';
import { cancelledWith, callsOf, decide, gate, refusalOf, steer, stepsRun, untilAskedFor } from './support/people.ts';
import { adopted, after, ask, step } from './support/plans.ts';
import { openEnvironment, type StartedRun, type TestEnvironment } from './support/environment.ts';

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await openEnvironment();
}, 60_000);
afterAll(() => environment?.close());

const runPlan = (steps: Parameters<typeof adopted>, script: Script = {}): Promise<StartedRun> =>
  environment.start({ planning: true, drafts: [adopted(...steps)], ...script });
const failures = (run: StartedRun) =>
  run.ending()?.failures?.map(({ step: id, reason, skipped = false }) => [id, reason, skipped]);

describe('the steps of a plan', () => {
  it('that need nothing start together', async () => {
    const all = gate();
    let together = 0;
    const run = await runPlan([step('a'), step('b'), step('c')], {
      agent: async () => {
        if (++together === 3) all.open();
        await all.opened;
      },
    });
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
  });

  it('come after what they need with its answers, in a diamond too', async () => {
    const run = await runPlan([step('a'), after('b', 'a'), after('c', 'a'), after('d', 'b', 'c')]);
    await run.handle.result();
    const order = stepsRun(run);
    expect([order[0], order[3], new Set(order.slice(1, 3))]).toEqual(['a', 'd', new Set(['b', 'c'])]);
    expect(callsOf(run, 'runAgent').map(({ withEarlierAnswers }) => withEarlierAnswers)).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });

  it.each([
    ['yes', ['a', 'b', 'c'], []],
    ['no', ['a', 'c'], [['b', 'condition_false', true]]],
    [
      'broken',
      ['a'],
      [
        ['b', 'condition_broken', false],
        ['c', 'dependency_failed', true],
      ],
    ],
  ] as const)('with a condition that says %s run as %j', async (verdict, wanted, left) => {
    const run = await runPlan([step('a'), step('b', { needs: ['a'], conditional: true }), after('c', 'b')], {
      condition: () => verdict,
      drafts: [
        adopted(step('a'), step('b', { needs: ['a'], conditional: true }), after('c', 'b')),
        { verdict: 'rejected' },
      ],
    });
    await run.handle.result();
    expect(stepsRun(run)).toEqual(wanted);
    expect(failures(run)).toEqual(left);
    expect(callsOf(run, 'evaluateStepCondition')).toHaveLength(1);
  });
});

describe('a step that asks a human', () => {
  it('holds back what needs it until it is approved, while the rest goes on', async () => {
    const run = await runPlan([ask('sure', 'a'), step('a'), after('ship', 'sure'), step('other')]);
    const question = await untilAskedFor(run, 1);
    await run.when(() => stepsRun(run).length === 2);
    expect(new Set(stepsRun(run))).toEqual(new Set(['a', 'other']));
    await decide(run, question);
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(callsOf(run, 'completeApprovalStep')).toEqual([{ name: 'completeApprovalStep', step: 'sure' }]);
    expect(stepsRun(run).at(-1)).toBe('ship');
  });

  it('takes its turn after another one, and each is answered by its own name only', async () => {
    const run = await runPlan([ask('one'), ask('two'), after('x', 'one'), after('y', 'two')]);
    const first = await untilAskedFor(run, 1);
    // People are shown one question at a time: the second one is not even written down yet.
    expect(callsOf(run, 'askHuman')).toHaveLength(1);
    expect(await refusalOf(decide(run, { approvalId: 'approval-step-2', hash: 'hash-step-2' }))).toBe(
      FAILURE.approvalMismatch,
    );
    await decide(run, first);
    const second = await untilAskedFor(run, 2);
    expect(await refusalOf(decide(run, first))).toBe(FAILURE.approvalMismatch);
    await decide(run, second);
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(callsOf(run, 'askHuman').map(({ step: id }) => id)).toEqual(['one', 'two']);
    expect(stepsRun(run)).toEqual(['x', 'y']);
  });

  it('that nobody answers is not approved, and what needs it does not run', async () => {
    const run = await runPlan([ask('sure'), after('ship', 'sure'), step('a')], {
      drafts: [adopted(ask('sure'), after('ship', 'sure'), step('a')), { verdict: 'rejected' }],
      question: { timeoutMs: 200 },
    });
    await run.handle.result();
    expect(stepsRun(run)).toEqual(['a']);
    expect(callsOf(run, 'closeQuestion')[0]).toMatchObject({ approvalId: 'approval-step-1', verdict: 'expired' });
    expect(failures(run)).toEqual([
      ['sure', 'not_approved', false],
      ['ship', 'dependency_failed', true],
    ]);
  });

  it('that is answered with CANCEL ends all of it and interrupts what runs', async () => {
    const never = gate();
    const run = await runPlan([ask('sure'), step('a')], {
      agent: (_, signal) => Promise.race([never.opened, aborted(signal)]),
    });
    const question = await untilAskedFor(run, 1);
    await run.when(() => stepsRun(run).length === 1);
    await decide(run, { ...question, verdict: 'cancel' });
    await expect(run.handle.result()).resolves.toEqual({ status: 'cancelled' });
    expect(run.ending()).toEqual(cancelledWith(1));
  });

  it('is taken back by a stop, and so is one that waits behind it', async () => {
    const run = await runPlan([ask('one'), ask('two'), step('a'), after('x', 'one')]);
    await untilAskedFor(run, 1);
    await run.when(() => stepsRun(run).length === 1);
    await steer(run, 'stop');
    await run.handle.result();
    expect(run.ending()).toMatchObject({ kind: 'stopped', stop: { mode: 'stop' } });
    expect(callsOf(run, 'askHuman')).toHaveLength(1);
    expect(failures(run)).toEqual([
      ['one', 'stopped', true],
      ['two', 'stopped', true],
      ['x', 'stopped', true],
    ]);
  });

  it('is interrupted by a cancel from outside', async () => {
    const run = await runPlan([ask('sure')]);
    const question = await untilAskedFor(run, 1);
    await run.handle.cancel();
    await run.over();
    expect(run.ending()).toEqual(cancelledWith(0));
    await expect(decide(run, question)).rejects.toThrow();
  });
});

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));
