import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AgentId } from '../../contracts/agents.ts';
import { FAILURE } from '../../contracts/failures.ts';
import { failure, type Script } from './support/scripted-activities.ts';
import { cancelledWith, callsOf, decide, gate, refusalOf, steer, stepsRun, untilAskedFor } from './support/people.ts';
import { adopted, after, step } from './support/plans.ts';
import { openEnvironment, type StartedRun, type TestEnvironment } from './support/environment.ts';

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await openEnvironment();
}, 60_000);
afterAll(() => environment?.close());

const DETAILS = { period: 'day', missingNanos: 12, limitNanos: 100 };
const noRoom = () => Promise.reject(failure(FAILURE.budgetExhausted, 'user', DETAILS));
const CHAIN: Pick<Script, 'agents' | 'mode'> = { agents: ['brand', 'ops', 'finance'], mode: 'sequential' };

/** Ops has no room so many times; everybody else has. */
function tight(times: number): NonNullable<Script['agent']> {
  let left = times;
  return (agent: AgentId) => (agent === 'ops' && left-- > 0 ? noRoom() : Promise.resolve());
}
const paused = async (
  script: Script,
): Promise<{ run: StartedRun; question: Awaited<ReturnType<typeof untilAskedFor>> }> => {
  const run = await environment.start(script);
  return { run, question: await untilAskedFor(run, 1) };
};
const tries = (run: StartedRun) => callsOf(run, 'runAgent').map(({ agent, attempt }) => [agent, attempt]);

describe('a budget without room', () => {
  it('before anything was done refuses every agent at once and asks nobody', async () => {
    const run = await environment.start({ agents: ['brand', 'ops'], agent: noRoom });
    await run.handle.result();
    expect(run.ending()?.failures).toEqual(
      ['brand', 'ops'].map((agent) => ({ step: agent, agent, reason: 'budget_exhausted_user' })),
    );
    expect(run.names()).not.toContain('askHuman');
    expect(run.names()).not.toContain('healStep');
  });

  it('in the midst of the work pauses it; RAISE makes the same try again', async () => {
    const { run, question } = await paused({ ...CHAIN, agent: tight(1) });
    expect(stepsRun(run)).toEqual(['brand', 'ops']);
    expect(callsOf(run, 'askHuman')).toMatchObject([{ kind: 'budget', refused: ['user', DETAILS] }]);
    await decide(run, { ...question, choice: 'raise' });
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(tries(run)).toEqual([
      ['brand', 0],
      ['ops', 0],
      ['ops', 0],
      ['finance', 0],
    ]);
    expect(run.ending()).toEqual({ kind: 'worked', failures: [] });
  });

  it('is raised by admins only where the question says so, whatever else others may choose', async () => {
    const policy = { roles: ['admin'], asker: true, thresholdCents: 100, adminChoices: ['raise' as const] };
    const { run, question } = await paused({ ...CHAIN, agent: tight(1), question: { policy } });
    const asker = { ...question, role: 'user', isAsker: true };
    expect(await refusalOf(decide(run, { ...asker, choice: 'raise' }))).toBe(FAILURE.notAllowed);
    expect(await refusalOf(decide(run, asker))).toBe(FAILURE.notAllowed);
    expect(await refusalOf(decide(run, { ...asker, choice: 'retry' }))).toBe(FAILURE.noSuchChoice);
    await decide(run, { ...asker, choice: 'skip' });
    await run.handle.result();
    expect(run.ending()?.failures).toMatchObject([{ step: 'ops', reason: 'skipped_by_person', skipped: true }]);
    expect(stepsRun(run)).toEqual(['brand', 'ops', 'finance']);
  });

  it.each(['stop', 'expired'] as const)('that is answered with %s stops with what is there', async (how) => {
    const run = await environment.start({
      ...CHAIN,
      agent: tight(1),
      ...(how === 'expired' && { question: { timeoutMs: 200 } }),
    });
    if (how === 'stop') await decide(run, { ...(await untilAskedFor(run, 1)), choice: 'stop' });
    await expect(run.handle.result()).resolves.toEqual({ status: 'partial' });
    expect(stepsRun(run)).toEqual(['brand', 'ops']);
    expect(run.ending()).toMatchObject({
      kind: 'stopped',
      stop: { mode: 'stop' },
      failures: [
        { step: 'ops', reason: 'budget_exhausted_user' },
        { step: 'finance', reason: 'stopped' },
      ],
    });
  });

  it('that is answered with CANCEL ends it', async () => {
    const { run, question } = await paused({ ...CHAIN, agent: tight(1) });
    await decide(run, { ...question, verdict: 'cancel' });
    await expect(run.handle.result()).resolves.toEqual({ status: 'cancelled' });
    expect(run.ending()).toEqual(cancelledWith(0));
  });

  it('asks once for all the steps that it refuses', async () => {
    const both = gate();
    let refusals = 0;
    const steps = [step('a'), after('b', 'a'), after('c', 'a')];
    const run = await environment.start({
      planning: true,
      drafts: [adopted(...steps)],
      agent: async (_, __, id) => {
        if (id === 'a' || refusals === 2) return;
        if (++refusals === 2) both.open();
        await both.opened;
        await noRoom();
      },
    });
    const question = await untilAskedFor(run, 1);
    await run.when(() => stepsRun(run).length === 3);
    await decide(run, question);
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(callsOf(run, 'askHuman')).toHaveLength(1);
    expect(stepsRun(run).toSorted((a = '', b = '') => a.localeCompare(b))).toEqual(['a', 'b', 'b', 'c', 'c']);
  });

  it('that is raised again and again is a circle that a person is asked about, and in the end is broken', async () => {
    const run = await environment.start({ ...CHAIN, agents: ['brand', 'ops'], agent: tight(99) });
    const answered = (async () => {
      for (let nth = 1; nth <= 12; nth++) await decide(run, await untilAskedFor(run, nth));
    })();
    await run.handle.result();
    await answered;
    const kinds = callsOf(run, 'askHuman').map(({ kind }) => kind);
    expect(kinds).toEqual(Array.from({ length: 4 }, () => ['budget', 'budget', 'loop']).flat());
    expect(callsOf(run, 'askHuman')[2]?.evidence).toEqual(['same_call', 'budget_exhausted_user']);
    expect(run.ending()?.failures).toMatchObject([{ step: 'ops', reason: 'loop_broken' }]);
    expect(stepsRun(run)).toHaveLength(13);
  });

  it('that waits for an answer is overtaken by a stop and by another plan', async () => {
    const stopped = await paused({ ...CHAIN, agent: tight(1) });
    await steer(stopped.run, 'stop');
    await stopped.run.handle.result();
    expect(stopped.run.ending()).toMatchObject({ kind: 'stopped', stop: { mode: 'stop' } });
    const replanned = await paused({ ...CHAIN, agent: tight(1), drafts: [adopted(step('cheaper'))] });
    await steer(replanned.run, 'replan');
    await replanned.run.handle.result();
    expect(stepsRun(replanned.run)).toEqual(['brand', 'ops', 'cheaper']);
    expect(replanned.run.ending()).toMatchObject({ kind: 'worked', failures: [{ step: 'ops' }] });
  });
});
