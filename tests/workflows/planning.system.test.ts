import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FAILURE } from '../../contracts/failures.ts';
import { failure, QUESTION, untilCancelled, type Script } from './support/scripted-activities.ts';
import { cancelledWith, callsOf, decide, steer, stepsRun, untilAsked } from './support/people.ts';
import { adopted, after, askedAbout, REJECTED, step } from './support/plans.ts';
import { openEnvironment, type StartedRun, type TestEnvironment } from './support/environment.ts';

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await openEnvironment();
}, 60_000);
afterAll(() => environment?.close());

const planned = (script: Script): Promise<StartedRun> => environment.start({ planning: true, ...script });
const asked = async (script: Script): Promise<StartedRun> => {
  const run = await planned(script);
  await untilAsked(run);
  return run;
};
const drafts = (run: StartedRun) => callsOf(run, 'draftPlan').map(({ draft }) => draft);

describe('a plan', () => {
  it('is drafted, adopted, asked about, and runs once a person approves', async () => {
    const run = await asked({ drafts: [askedAbout({}, step('a'), after('b', 'a'))] });
    expect(run.names()).toEqual(['analyzeRequest', 'routeRequest', 'draftPlan', 'adoptPlan']);
    expect(drafts(run)).toEqual([{ revision: 1, why: 'first', constraints: [], repairs: false, failures: [] }]);
    await decide(run);
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(stepsRun(run)).toEqual(['a', 'b']);
    expect(run.ending()).toEqual({ kind: 'worked', failures: [] });
  });

  it('that nobody has to approve runs at once', async () => {
    const run = await planned({ drafts: [adopted(step('a'))] });
    await run.handle.result();
    expect(stepsRun(run)).toEqual(['a']);
    expect(run.names()).not.toContain('recordDecision');
  });

  it('that is cancelled runs nothing', async () => {
    const run = await asked({ drafts: [askedAbout({}, step('a'))] });
    await decide(run, { verdict: 'cancel' });
    await expect(run.handle.result()).resolves.toEqual({ status: 'cancelled' });
    expect(stepsRun(run)).toEqual([]);
  });

  it('with mistakes is drafted once more with them, and then adopted', async () => {
    const run = await planned({ drafts: [REJECTED, adopted(step('a'))] });
    await run.handle.result();
    expect(drafts(run).map((draft) => [draft?.revision, draft?.repairs])).toEqual([
      [1, false],
      [2, true],
    ]);
    expect(stepsRun(run)).toEqual(['a']);
  });

  it('of a dry run ends as planned, asks nobody and runs nothing', async () => {
    const run = await planned({ dryRun: true, drafts: [askedAbout({}, step('a'))] });
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(run.ending()).toEqual({ kind: 'planned' });
    expect(stepsRun(run)).toEqual([]);
  });

  it('that the budget has no room for ends the request before anything ran', async () => {
    const draft = () => Promise.reject(failure(FAILURE.budgetExhausted, 'user'));
    const run = await planned({ draft });
    await expect(run.handle.result()).resolves.toEqual({ status: 'failed' });
    expect(run.ending()).toEqual({ kind: 'failed', code: 'budget_exhausted_user' });
    expect(run.names()).toEqual(['analyzeRequest', 'routeRequest', 'draftPlan', 'finishOrchestration']);
  });

  it('that is cancelled while it is made ends with one model call interrupted', async () => {
    const run = await planned({ draft: (_, signal) => untilCancelled(signal) });
    await run.when(() => run.names().includes('draftPlan'));
    await run.handle.cancel();
    await run.over();
    expect(run.ending()).toEqual(cancelledWith(1));
    expect(run.names().at(-1)).toBe('finishOrchestration');
  });

  it('that is stopped while it is made is not asked about and does not run', async () => {
    let open = () => {};
    const thinking = new Promise<void>((resolve) => (open = resolve));
    const run = await planned({ draft: () => thinking, drafts: [askedAbout({}, step('a'))] });
    await run.when(() => run.names().includes('draftPlan'));
    await steer(run, 'stop');
    open();
    await run.handle.result();
    expect(run.ending()).toMatchObject({ kind: 'stopped', stop: { mode: 'stop', callsInFlight: 1 } });
    expect(stepsRun(run)).toEqual([]);
  });
});

describe('without a valid plan', () => {
  const AGENTS = ['brand', 'ops'] as const;

  it('a person is offered the routed agents, who run once it is approved', async () => {
    const run = await asked({ agents: AGENTS, drafts: [REJECTED] });
    expect(run.names()).toEqual([
      'analyzeRequest',
      'routeRequest',
      'draftPlan',
      'adoptPlan',
      'draftPlan',
      'adoptPlan',
      'proposeWithoutPlan',
    ]);
    await decide(run);
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(stepsRun(run)).toEqual([...AGENTS]);
  });

  it('a planner that is away counts as one without a plan', async () => {
    const draft = () => Promise.reject(failure(FAILURE.modelUnavailable));
    const run = await asked({ draft });
    expect(callsOf(run, 'draftPlan')).toHaveLength(2);
    expect(run.names()).not.toContain('adoptPlan');
    await decide(run);
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
  });

  it('a cancel ends it', async () => {
    const run = await asked({ drafts: [REJECTED] });
    await decide(run, { verdict: 'cancel' });
    await expect(run.handle.result()).resolves.toEqual({ status: 'cancelled' });
    expect(stepsRun(run)).toEqual([]);
  });

  it('nobody’s answer lets it expire', async () => {
    const run = await planned({ drafts: [REJECTED], offer: { timeoutMs: 200 } });
    await expect(run.handle.result()).resolves.toEqual({ status: 'expired' });
    expect(stepsRun(run)).toEqual([]);
  });

  it('a dry run still only says what would happen', async () => {
    const run = await planned({ dryRun: true, drafts: [REJECTED] });
    await run.handle.result();
    expect(run.ending()).toEqual({ kind: 'planned' });
  });
});

describe('while a plan waits for its approval', () => {
  it('a wish for another one takes the question back and asks about the new plan', async () => {
    const first = askedAbout({}, step('a'));
    const second = askedAbout({ id: 'approval-2', hash: 'hash-2' }, step('b'));
    const run = await asked({ drafts: [first, second] });
    const wish = await steer(run, 'replan');
    await run.when(() => callsOf(run, 'adoptPlan').length === 2);
    await untilAsked(run);
    expect(callsOf(run, 'closeQuestion')).toEqual([
      { name: 'closeQuestion', approvalId: QUESTION.id, verdict: 'withdrawn' },
    ]);
    expect(drafts(run).at(-1)).toMatchObject({ revision: 2, why: 'asked', constraints: [wish] });
    await expect(decide(run)).rejects.toThrow();
    await decide(run, { approvalId: 'approval-2', hash: 'hash-2' });
    await run.handle.result();
    expect(stepsRun(run)).toEqual(['b']);
  });

  it('a stop ends it', async () => {
    const run = await asked({ drafts: [askedAbout({}, step('a'))] });
    await steer(run, 'stop');
    await run.handle.result();
    expect(run.ending()).toMatchObject({ kind: 'stopped', stop: { mode: 'stop', callsInFlight: 0 } });
    expect(stepsRun(run)).toEqual([]);
  });
});
