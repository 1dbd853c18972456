import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FAILURE } from '../../contracts/failures.ts';
import { steerSignal } from '../../workflows/messages.ts';
import { failure, QUESTION, type Script } from './support/scripted-activities.ts';
import { eventually } from '../support/eventually.ts';
import { callsOf, decide, gate, refusalOf, steer, stepsRun, untilAsked } from './support/people.ts';
import { adopted, after, askedAbout, step } from './support/plans.ts';
import { openEnvironment, type StartedRun, type TestEnvironment } from './support/environment.ts';

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await openEnvironment();
}, 60_000);
afterAll(() => environment?.close());

const heard = (run: StartedRun) => callsOf(run, 'runAgent').map(({ step: id, steering }) => [id, steering]);

/** A run whose first try of step `held` waits at a gate. */
async function holding(held: string, script: Script): Promise<{ run: StartedRun; open: () => void }> {
  const { opened, open } = gate();
  let tries = 0;
  const run = await environment.start({
    planning: true,
    ...script,
    agent: async (agent, signal, id, attempt) => {
      if (id === held && tries++ === 0) await opened;
      await script.agent?.(agent, signal, id, attempt);
    },
  });
  await run.when(() => stepsRun(run).includes(held));
  return { run, open };
}

describe('words to running work', () => {
  it('join the next step that starts, once', async () => {
    const { run, open } = await holding('a', { drafts: [adopted(step('a'), after('b', 'a'), after('c', 'b'))] });
    const words = [await steer(run), await steer(run)];
    open();
    await run.handle.result();
    expect(heard(run)).toEqual([
      ['a', []],
      ['b', words],
      ['c', []],
    ]);
  });

  it('count once when they come twice, and from the thread as from the console', async () => {
    const { run, open } = await holding('a', { drafts: [adopted(step('a'), after('b', 'a'))] });
    const id = await steer(run);
    await steer(run, 'steer', id);
    await run.handle.signal(steerSignal, { id, mode: 'steer' });
    await run.handle.signal(steerSignal, { id: 'from-thread', mode: 'steer' });
    await run.when(() => callsOf(run, 'isSteeringAccepted').some(({ ids }) => ids?.includes('from-thread')));
    open();
    await run.handle.result();
    expect(heard(run).at(-1)).toEqual(['b', [id, 'from-thread']]);
  });

  it('count only when somebody who may has said them: whoever reaches Temporal can send one', async () => {
    const drafts = [adopted(step('a'), after('b', 'a'))];
    const { run, open } = await holding('a', { drafts, forged: ['forged'] });
    expect(await refusalOf(steer(run, 'stop', 'forged'))).toBe(FAILURE.notAllowed);
    await run.handle.signal(steerSignal, { id: 'forged', mode: 'replan' });
    await run.when(() => callsOf(run, 'isSteeringAccepted').length === 2);
    open();
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(heard(run).at(-1)).toEqual(['b', []]);
  });

  it('before anything runs join the first step', async () => {
    const run = await environment.start({ approval: QUESTION });
    await untilAsked(run);
    const id = await steer(run);
    await decide(run);
    await run.handle.result();
    expect(heard(run)).toEqual([['brand', [id]]]);
  });

  it('that come while the last step runs get a step of their own', async () => {
    const { run, open } = await holding('b', { drafts: [adopted(step('a'), after('b', 'a'))] });
    const id = await steer(run);
    open();
    await run.handle.result();
    expect(callsOf(run, 'addFollowUpStep')).toHaveLength(1);
    expect(heard(run).at(-1)).toEqual(['followup_1', [id]]);
    expect(run.ending()).toEqual({ kind: 'worked', failures: [] });
  });

  it('stay with a step whose try failed, for its next one', async () => {
    const { run, open } = await holding('a', {
      drafts: [adopted(step('a'), after('b', 'a'))],
      heal: () => ({ action: 'retry' }),
      agent: (_, __, id, attempt) =>
        id === 'b' && attempt === 0 ? Promise.reject(failure(FAILURE.modelRefused)) : Promise.resolve(),
    });
    const id = await steer(run);
    open();
    await run.handle.result();
    expect(heard(run)).toEqual([
      ['a', []],
      ['b', [id]],
      ['b', [id]],
    ]);
  });

  it('are refused after the fiftieth', async () => {
    const { run, open } = await holding('a', { drafts: [adopted(step('a'))] });
    for (let i = 0; i < 50; i++) await run.handle.signal(steerSignal, { id: `m${i}`, mode: 'steer' });
    expect(await refusalOf(steer(run))).toBe(FAILURE.tooManyMessages);
    await run.handle.signal(steerSignal, { id: 'm50', mode: 'stop' });
    open();
    await run.handle.result();
    expect(run.ending()).toMatchObject({ kind: 'worked' });
    expect(heard(run).at(-1)?.[1]).toHaveLength(50);
  });

  it('are refused once the end is being written', async () => {
    const written = gate();
    const run = await environment.start({ finish: () => written.opened });
    await run.when(() => run.names().includes('finishOrchestration'));
    expect(await refusalOf(steer(run))).toBe(FAILURE.alreadyOver);
    await run.handle.signal(steerSignal, { id: 'late', mode: 'stop' });
    written.open();
    await run.handle.result();
    expect(run.ending()).toEqual({ kind: 'worked', failures: [] });
  });
});

describe('a stop', () => {
  it('lets running steps finish, starts nothing more, and tells what was under way', async () => {
    const { run, open } = await holding('a', { drafts: [adopted(step('a'), after('b', 'a'), after('c', 'b'))] });
    await steer(run, 'stop');
    open();
    await expect(run.handle.result()).resolves.toEqual({ status: 'partial' });
    expect(stepsRun(run)).toEqual(['a']);
    expect(run.ending()).toEqual({
      kind: 'stopped',
      stop: { mode: 'stop', at: expect.any(String), callsInFlight: 1 },
      failures: ['b', 'c'].map((id) => ({ step: id, agent: 'engineering', reason: 'stopped', skipped: true })),
    });
  });

  it('heals nothing that fails afterwards', async () => {
    const { run, open } = await holding('a', {
      drafts: [adopted(step('a'))],
      agent: () => Promise.reject(failure(FAILURE.modelRefused)),
      heal: () => ({ action: 'retry' }),
    });
    await steer(run, 'stop');
    open();
    await run.handle.result();
    expect(run.names()).not.toContain('healStep');
    expect(run.ending()).toMatchObject({ kind: 'stopped', failures: [{ step: 'a', reason: 'model_refused' }] });
  });

  it('counts from when it was said: no step begins while it is looked up', async () => {
    const [working, looking] = [gate(), gate()];
    const run = await environment.start({
      agents: ['brand', 'ops'],
      mode: 'sequential',
      agent: () => working.opened,
      lookUp: async (id) => (id === 'first' ? looking.opened : undefined),
    });
    await run.when(() => stepsRun(run).length === 1);
    // While this one is looked up Temporal keeps what comes, and gives it to the work at once: the stop and the answer.
    await run.handle.signal(steerSignal, { id: 'first', mode: 'steer' });
    await run.when(() => callsOf(run, 'isSteeringAccepted').length === 1);
    await run.handle.signal(steerSignal, { id: 'stop', mode: 'stop' });
    working.open();
    const { workflowId } = run.handle;
    await eventually('the answer to arrive', async () => {
      const { raw } = await environment.client.workflow.getHandle(workflowId).describe();
      return raw.pendingActivities?.length === 0;
    });
    looking.open();
    await run.handle.result();
    expect(stepsRun(run)).toEqual(['brand']);
    expect(run.ending()).toMatchObject({ kind: 'stopped' });
  });

  it('works from the thread and without a plan', async () => {
    const working = gate();
    const run = await environment.start({ agents: ['brand', 'ops'], mode: 'sequential', agent: () => working.opened });
    await run.when(() => stepsRun(run).length === 1);
    await run.handle.signal(steerSignal, { id: 's', mode: 'stop' });
    working.open();
    await run.handle.result();
    expect(stepsRun(run)).toEqual(['brand']);
    expect(run.ending()).toMatchObject({ kind: 'stopped' });
  });
});

describe('a wish for another plan', () => {
  const PLAN = adopted(step('a'), after('b', 'a'));

  it('keeps what is done, plans the rest anew and asks about it', async () => {
    const { run, open } = await holding('a', { drafts: [PLAN, askedAbout({}, after('c', 'a'))] });
    const wish = await steer(run, 'replan');
    open();
    await untilAsked(run);
    expect(stepsRun(run)).toEqual(['a']);
    expect(callsOf(run, 'draftPlan').at(-1)?.draft).toMatchObject({ why: 'asked', constraints: [wish], revision: 2 });
    await decide(run);
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(stepsRun(run)).toEqual(['a', 'c']);
    expect(run.ending()).toEqual({ kind: 'worked', failures: [] });
  });

  it('that is not approved stops the work with what is done', async () => {
    const { run, open } = await holding('a', { drafts: [PLAN, askedAbout({ timeoutMs: 200 }, after('c', 'a'))] });
    await steer(run, 'replan');
    open();
    await run.handle.result();
    expect(run.ending()).toMatchObject({ kind: 'stopped', stop: { mode: 'stop' } });
    expect(stepsRun(run)).toEqual(['a']);
  });

  it('that is answered with CANCEL ends it', async () => {
    const { run, open } = await holding('a', { drafts: [PLAN, askedAbout({}, after('c', 'a'))] });
    await steer(run, 'replan');
    open();
    await untilAsked(run);
    await decide(run, { verdict: 'cancel' });
    await expect(run.handle.result()).resolves.toEqual({ status: 'cancelled' });
    expect(run.ending()).toMatchObject({ kind: 'cancelled', stop: { mode: 'cancel', callsInFlight: 0 } });
  });
});
