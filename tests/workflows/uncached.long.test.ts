import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FAILURE } from '../../contracts/failures.ts';
import { decideSignal, decideUpdate, stageQuery } from '../../workflows/messages.ts';
import { decision, failure, QUESTION, untilCancelled } from './support/scripted-activities.ts';
import { cancelledWith, callsOf, decide, gate, steer, stepsRun } from './support/people.ts';
import { adopted, after, ask, askedAbout, outline, REJECTED, step } from './support/plans.ts';
import { openEnvironment, type TestEnvironment } from './support/environment.ts';

/** G6: a worker that forgets every workflow after each task, so that every task is a replay. */
let environment: TestEnvironment;
beforeAll(async () => {
  environment = await openEnvironment({ cachedWorkflows: 0 });
}, 60_000);
afterAll(() => environment?.close());

describe('without any cache', () => {
  it('ten orchestrations with several agents and Slack come to their ends, each step in its turn', async () => {
    const agents = ['brand', 'ops', 'finance'] as const;
    const runs = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        environment.start({ agents, mode: i % 2 === 0 ? 'parallel' : 'sequential' }, { slack: true }),
      ),
    );
    for (const run of runs) {
      await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
      const steps = run.names().filter((name) => name !== 'reportToSlack');
      // A local activity runs again when its workflow task is lost; those on the queue never do.
      expect(steps.filter((name) => name.startsWith('runAgent'))).toHaveLength(agents.length);
      expect([...new Set(steps)]).toEqual([
        'analyzeRequest',
        'routeRequest',
        'runAgent brand',
        'runAgent ops',
        'runAgent finance',
        'finishOrchestration',
      ]);
    }
  });

  it('a question is still waiting, and its answer still counts', async () => {
    const run = await environment.start({ approval: QUESTION });
    // Without a cache every query is a replay too: asking often would leave no time for the work.
    await run.when(async () => (await run.handle.query(stageQuery)) === 'awaiting_approval', 1_000);
    await run.handle.signal(decideSignal, decision({ hash: 'another' }));
    await run.handle.executeUpdate(decideUpdate, { args: [decision()] });
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(run.names().filter((name) => name === 'recordDecision')).toHaveLength(1);
  });

  it('a cancel still interrupts, and the end is still told', async () => {
    const run = await environment.start({ agent: (_, signal) => untilCancelled(signal) }, { slack: true });
    await run.when(() => run.names().includes('runAgent brand'));
    await run.handle.cancel();
    await run.over();
    expect(run.ending()).toEqual(cancelledWith(1));
    expect(run.names().at(-1)).toBe('reportToSlack');
  });

  it('a plan is repaired, edited, asked about anew, steered, healed and replanned, each thing once', async () => {
    const { opened, open } = gate();
    const drafts = [
      REJECTED,
      askedAbout({}, step('a')),
      adopted(step('x'), after('blocked', 'x')),
      adopted(after('around', 'a')),
    ];
    const second = { ...QUESTION, id: 'approval-2', hash: 'hash-2' };
    const run = await environment.start({
      planning: true,
      drafts,
      revise: () => ({ verdict: 'asked', question: second, plan: outline(3, step('a'), ask('sure', 'a')) }),
      heal: (_, attempt) => ({ action: attempt === 1 ? 'retry' : 'stop' }),
      agent: (_, __, id) => {
        if (id === 'x') return Promise.reject(failure(FAILURE.modelRefused));
        return id === 'a' ? opened : Promise.resolve();
      },
    });
    await run.when(() => callsOf(run, 'adoptPlan').length >= 2, 200);
    await whenTaken(() => decide(run, { editId: 'edit-1' }));
    await decide(run, { approvalId: second.id, hash: second.hash });
    await run.when(() => stepsRun(run).includes('a'), 200);
    const words = await steer(run);
    await steer(run, 'replan');
    open();
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(stepsRun(run)).toEqual(['a', 'x', 'x', 'around']);
    expect(callsOf(run, 'runAgent')[1]?.steering).toEqual([words]);
    expect(callsOf(run, 'draftPlan').map(({ draft }) => [draft?.revision, draft?.why])).toEqual([
      [1, 'first'],
      [2, 'first'],
      [4, 'asked'],
      [5, 'failure'],
    ]);
    for (const name of ['revisePlan', 'recordDecision']) expect(callsOf(run, name)).toHaveLength(1);
  });

  it('two of two, an approval step, a refused budget and a stop still count', async () => {
    let refused = false;
    const run = await environment.start({
      planning: true,
      drafts: [
        askedAbout(
          { policy: { ...QUESTION.policy, quorum: 2 } },
          step('a'),
          ask('sure', 'a'),
          after('b', 'sure'),
          after('c', 'b'),
        ),
      ],
      agent: async (_, __, id) => {
        if (id === 'b' && !refused) {
          refused = true;
          throw failure(FAILURE.budgetExhausted, 'user');
        }
      },
    });
    await run.when(() => callsOf(run, 'adoptPlan').length > 0, 200);
    await whenTaken(() => decide(run, { userId: 'ann' }));
    await decide(run, { userId: 'bob' });
    await run.when(() => callsOf(run, 'askHuman').length > 0, 200);
    await whenTaken(() => decide(run, { approvalId: 'approval-step-1', hash: 'hash-step-1' }));
    await run.when(() => callsOf(run, 'askHuman').some(({ kind }) => kind === 'budget'), 200);
    await whenTaken(() => decide(run, { approvalId: 'approval-budget-2', hash: 'hash-budget-2', choice: 'stop' }));
    await expect(run.handle.result()).resolves.toEqual({ status: 'partial' });
    expect(callsOf(run, 'recordDecision').map(({ partial = false }) => partial)).toEqual([true, false, false, false]);
    expect(run.ending()).toMatchObject({ kind: 'stopped', stop: { mode: 'stop' } });
  });
});

/** Without a cache a query is a replay too, so the answer itself is given again until its question is there. */
async function whenTaken(give: () => Promise<unknown>): Promise<void> {
  for (let left = 50; ; left--) {
    const refused = await give().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refused === undefined) return;
    if (left === 0) throw refused;
  }
}
