import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FAILURE } from '../../contracts/failures.ts';
import { failure, QUESTION, type Script } from './support/scripted-activities.ts';
import { callsOf, decide, gate, steer, stepsRun, untilAsked, untilAskedFor } from './support/people.ts';
import { adopted, after, askedAbout, REJECTED, step } from './support/plans.ts';
import { openEnvironment, type StartedRun, type TestEnvironment } from './support/environment.ts';

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await openEnvironment();
}, 60_000);
afterAll(() => environment?.close());

/** Steps of these names always fail. */
const failing =
  (...names: string[]): Script['agent'] =>
  (_, __, id) =>
    names.includes(id) ? Promise.reject(failure(FAILURE.modelRefused)) : Promise.resolve();
const play = (script: Script): Promise<StartedRun> => environment.start({ planning: true, ...script });
const drafts = (run: StartedRun) => callsOf(run, 'draftPlan').map(({ draft }) => draft);

describe('a failure that blocks other steps', () => {
  it('is planned around: finished steps stay, and the planner knows what failed', async () => {
    const run = await play({
      drafts: [adopted(step('a'), after('b', 'a'), after('c', 'b')), adopted(after('around', 'a'))],
      agent: failing('b'),
    });
    await run.handle.result();
    expect(stepsRun(run)).toEqual(['a', 'b', 'around']);
    expect(drafts(run)[1]).toMatchObject({
      revision: 2,
      why: 'failure',
      failures: [{ step: 'b', agent: 'engineering', reason: 'model_refused' }],
    });
    expect(run.ending()?.failures).toMatchObject([{ step: 'b', reason: 'model_refused' }]);
  });

  it('is planned around twice at most', async () => {
    const plan = (n: number) => adopted(step(`x${n}`), after(`y${n}`, `x${n}`));
    const run = await play({ drafts: [plan(1), plan(2), plan(3), plan(4)], agent: failing('x1', 'x2', 'x3', 'x4') });
    await run.handle.result();
    expect(stepsRun(run)).toEqual(['x1', 'x2', 'x3']);
    expect(drafts(run).map((draft) => draft?.why)).toEqual(['first', 'failure', 'failure']);
  });

  it('stands when no valid plan goes around it, without asking anybody', async () => {
    const run = await play({ drafts: [adopted(step('a'), after('b', 'a')), REJECTED], agent: failing('a') });
    await run.handle.result();
    expect(run.ending()?.failures?.map(({ reason }) => reason)).toEqual(['model_refused', 'dependency_failed']);
    expect(run.names()).not.toContain('askHuman');
    expect(drafts(run).length).toBeLessThanOrEqual(5);
  });

  it('is asked about when the new plan needs it', async () => {
    const run = await play({
      drafts: [adopted(step('a'), after('b', 'a')), askedAbout({}, step('c'))],
      agent: failing('a'),
    });
    await untilAsked(run);
    expect(stepsRun(run)).toEqual(['a']);
    await decide(run);
    await run.handle.result();
    expect(stepsRun(run)).toEqual(['a', 'c']);
  });
});

describe('a failure that blocks nothing', () => {
  it('is not planned around', async () => {
    const run = await play({ drafts: [adopted(step('a'), step('b'))], agent: failing('a') });
    await run.handle.result();
    expect(drafts(run)).toHaveLength(1);
  });

  it('of a request without a plan brings no plan', async () => {
    const run = await environment.start({ agents: ['brand', 'ops'], mode: 'sequential', agent: failing('brand') });
    await run.handle.result();
    expect(drafts(run)).toEqual([]);
    expect(stepsRun(run)).toEqual(['brand', 'ops']);
  });
});

describe('a wish that no valid plan fulfils', () => {
  const held = async (script: Script = {}) => {
    const { opened, open } = gate();
    const run = await play({
      drafts: [adopted(step('a'), after('b', 'a')), REJECTED, REJECTED, adopted(step('c'))],
      agent: (_, __, id) => (id === 'a' ? opened : Promise.resolve()),
      ...script,
    });
    await run.when(() => stepsRun(run).length === 1);
    await steer(run, 'replan');
    open();
    return { run, question: await untilAskedFor(run, 1) };
  };

  it('is asked about, and RETRY goes on with the plan that is there', async () => {
    const { run, question } = await held();
    expect(callsOf(run, 'askHuman')).toMatchObject([{ kind: 'replan', evidence: ['plan_refused'] }]);
    await decide(run, { ...question, choice: 'retry' });
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(stepsRun(run)).toEqual(['a', 'b']);
  });

  it('is asked about, and STOP stops with what is done', async () => {
    const { run, question } = await held();
    await decide(run, { ...question, choice: 'stop' });
    await expect(run.handle.result()).resolves.toEqual({ status: 'partial' });
    expect(stepsRun(run)).toEqual(['a']);
  });

  it('is asked about, and CANCEL ends it', async () => {
    const { run, question } = await held();
    await decide(run, { ...question, verdict: 'cancel' });
    await expect(run.handle.result()).resolves.toEqual({ status: 'cancelled' });
    expect(stepsRun(run)).toEqual(['a']);
  });

  it('may be said in other words while the question waits, and is planned again', async () => {
    const { run } = await held();
    await steer(run, 'replan');
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(stepsRun(run)).toEqual(['a', 'c']);
  });
});

describe('a wish for a plan where there was none', () => {
  it('is planned before the routed agents have run', async () => {
    const run = await environment.start({ approval: QUESTION, drafts: [adopted(step('a'))] });
    await untilAsked(run);
    await steer(run, 'replan');
    await run.handle.result();
    expect(stepsRun(run)).toEqual(['a']);
  });
});
