import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FAILURE } from '../../contracts/failures.ts';
import type { Healing } from '../../contracts/workflow.ts';
import { failure, untilCancelled, type Script } from './support/scripted-activities.ts';
import { cancelledWith, callsOf, decide, steer, stepsRun, untilAskedFor } from './support/people.ts';
import { adopted, ask, step } from './support/plans.ts';
import { openEnvironment, type StartedRun, type TestEnvironment } from './support/environment.ts';

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await openEnvironment();
}, 60_000);
afterAll(() => environment?.close());

const refuses = () => Promise.reject(failure(FAILURE.modelRefused));
/** Brand fails until this try. */
const until =
  (works: number): Script['agent'] =>
  (_, __, ___, attempt) =>
    attempt < works ? refuses() : Promise.resolve();
const heals =
  (...healings: Healing[]): Script['heal'] =>
  (_, attempt) =>
    healings[attempt - 1] ?? { action: 'stop' };
const tries = (run: StartedRun) =>
  callsOf(run, 'runAgent').map(({ agent, attempt, tier = null }) => [agent, attempt, tier]);
const STANDS = { kind: 'worked', failures: [{ step: 'brand', agent: 'brand', reason: 'model_refused' }] };
const OVER = { kind: 'worked', failures: [] };

describe('a failed step', () => {
  it('is tried again with another model when that may help', async () => {
    const run = await environment.start({ agent: until(1), heal: heals({ action: 'retry', tier: 'fast' }) });
    await run.handle.result();
    expect(tries(run)).toEqual([
      ['brand', 0, null],
      ['brand', 1, 'fast'],
    ]);
    expect(callsOf(run, 'healStep')).toMatchObject([{ step: 'brand', attempt: 1, code: 'model_refused' }]);
    expect(run.ending()).toEqual(OVER);
  });

  it('goes to another agent', async () => {
    const run = await environment.start({ agent: until(1), heal: heals({ action: 'another_agent', agent: 'ops' }) });
    await run.handle.result();
    expect(tries(run)).toEqual([
      ['brand', 0, null],
      ['ops', 1, null],
    ]);
    expect(run.ending()).toEqual(OVER);
  });

  it('is healed twice at most, and then its failure stands', async () => {
    const run = await environment.start({ agent: refuses, heal: () => ({ action: 'retry' }) });
    await run.handle.result();
    expect(tries(run).map(([, attempt]) => attempt)).toEqual([0, 1, 2]);
    expect(callsOf(run, 'healStep').map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(run.ending()).toEqual(STANDS);
  });

  it('is left out without being missing for others', async () => {
    const steps = [step('a'), step('b', { needs: ['a'] })];
    const run = await environment.start({
      planning: true,
      drafts: [adopted(...steps)],
      agent: (_, __, id) => (id === 'a' ? refuses() : Promise.resolve()),
      heal: heals({ action: 'skip' }),
    });
    await run.handle.result();
    expect(stepsRun(run)).toEqual(['a', 'b']);
    expect(run.ending()?.failures).toMatchObject([{ step: 'a', reason: 'skipped_by_healing', skipped: true }]);
  });

  it('stands when nothing would help', async () => {
    const run = await environment.start({ agent: refuses, heal: heals({ action: 'stop' }) });
    await run.handle.result();
    expect(tries(run)).toHaveLength(1);
    expect(run.ending()).toEqual(STANDS);
  });

  it('stands when healing fails itself, and the others go on', async () => {
    const run = await environment.start({
      agents: ['brand', 'ops'],
      agent: (agent) => (agent === 'brand' ? refuses() : Promise.resolve()),
      heal: () => Promise.reject(failure(FAILURE.alreadyOver)),
    });
    await run.handle.result();
    expect(run.ending()).toEqual(STANDS);
  });

  it('is not healed among fallbacks, which are its healing', async () => {
    const run = await environment.start({ agents: ['ops', 'brand'], mode: 'fallback', agent: refuses });
    await run.handle.result();
    expect(run.names()).not.toContain('healStep');
  });

  it('interrupted by a cancel while it is healed ends with that call counted', async () => {
    const run = await environment.start({ agent: refuses, heal: (_, __, signal) => untilCancelled(signal) });
    await run.when(() => run.names().includes('healStep'));
    await run.handle.cancel();
    await run.over();
    expect(run.ending()).toEqual(cancelledWith(1));
    expect(run.names().at(-1)).toBe('finishOrchestration');
  });
});

describe('a failed step that a person is asked about', () => {
  const asks = async (script: Script = {}) => {
    const run = await environment.start({ agent: until(1), heal: heals({ action: 'ask' }), ...script });
    return { run, question: await untilAskedFor(run, 1) };
  };

  it('is tried again when they say so, and APPROVE alone says so', async () => {
    for (const choice of ['retry', undefined] as const) {
      const { run, question } = await asks();
      await decide(run, { ...question, ...(choice && { choice }) });
      await run.handle.result();
      expect(tries(run).map(([, attempt]) => attempt)).toEqual([0, 1]);
      expect(run.ending()).toEqual(OVER);
      expect(callsOf(run, 'askHuman')).toMatchObject([{ kind: 'healing', step: 'brand', evidence: ['model_refused'] }]);
    }
  });

  it('is left out when they say so', async () => {
    const { run, question } = await asks();
    await decide(run, { ...question, choice: 'skip' });
    await run.handle.result();
    expect(run.ending()?.failures).toMatchObject([{ step: 'brand', reason: 'skipped_by_person', skipped: true }]);
  });

  it('stops everything when they say so, with a receipt', async () => {
    const { run, question } = await asks({
      agents: ['brand', 'ops'],
      mode: 'sequential',
    });
    await decide(run, { ...question, choice: 'stop' });
    await run.handle.result();
    expect(stepsRun(run)).toEqual(['brand']);
    expect(run.ending()).toMatchObject({ kind: 'stopped', stop: { mode: 'stop', callsInFlight: 0 } });
  });

  it('ends everything with CANCEL, also when a choice is named with it', async () => {
    for (const choice of ['skip', undefined] as const) {
      const { run, question } = await asks();
      await decide(run, { ...question, verdict: 'cancel', ...(choice && { choice }) });
      await expect(run.handle.result()).resolves.toEqual({ status: 'cancelled' });
      expect(run.ending()).toEqual(cancelledWith(0));
    }
  });

  it('stands when nobody answers', async () => {
    const run = await environment.start({
      agent: refuses,
      heal: heals({ action: 'ask' }),
      question: { timeoutMs: 200 },
    });
    await run.handle.result();
    expect(run.ending()).toEqual(STANDS);
  });

  it('stands when the work is planned anew meanwhile, and the new plan may name it again', async () => {
    const run = await environment.start({
      planning: true,
      drafts: [adopted(step('a'), ask('never', 'a')), adopted(step('a'), step('b'))],
      agent: (_, __, id) => (id === 'a' && callsOf(run, 'draftPlan').length === 1 ? refuses() : Promise.resolve()),
      heal: heals({ action: 'ask' }),
    });
    await untilAskedFor(run, 1);
    await steer(run, 'replan');
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(stepsRun(run)).toEqual(['a', 'a', 'b']);
    expect(run.ending()).toEqual(OVER);
  });
});
