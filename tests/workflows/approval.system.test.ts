import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FAILURE } from '../../contracts/failures.ts';
import type { Decision } from '../../contracts/workflow.ts';
import { decideSignal, stageQuery } from '../../workflows/messages.ts';
import { decision, QUESTION, type Script, type ScriptedDecision } from './support/scripted-activities.ts';
import { cancelledWith, decide, refusalOf } from './support/people.ts';
import { openEnvironment, type StartedRun, type TestEnvironment } from './support/environment.ts';

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await openEnvironment();
}, 60_000);
afterAll(() => environment?.close());

const asking = async (script: Script = {}, slack = false): Promise<StartedRun> => {
  const run = await environment.start({ approval: QUESTION, ...script }, { slack });
  await run.when(async () => (await run.handle.query(stageQuery)) === 'awaiting_approval');
  return run;
};
describe('a question', () => {
  it('holds every agent back until a person approves', async () => {
    const run = await asking();
    expect(run.names()).toEqual(['analyzeRequest', 'routeRequest']);
    await expect(decide(run)).resolves.toEqual({ verdict: 'approve' });
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(run.names()).toEqual([
      'analyzeRequest',
      'routeRequest',
      'recordDecision',
      'runAgent brand',
      'finishOrchestration',
    ]);
  });

  it('can be looked for by its status and by what kind of work it is about', async () => {
    const run = await asking();
    const found = (await run.handle.describe()).typedSearchAttributes.getAll();
    const attributes = Object.fromEntries(found.map(({ key, value }) => [key.name, value]));
    expect(attributes).toMatchObject({ NubabelStatus: 'awaiting_approval', NubabelCategory: 'quick' });
    await decide(run, { verdict: 'cancel' });
    await run.handle.result();
  });

  it('answered with cancel ends the work before it began', async () => {
    const run = await asking();
    await expect(decide(run, { verdict: 'cancel' })).resolves.toEqual({ verdict: 'cancel' });
    await expect(run.handle.result()).resolves.toEqual({ status: 'cancelled' });
    expect(run.names()).toEqual(['analyzeRequest', 'routeRequest', 'recordDecision', 'finishOrchestration']);
  });

  it('that nobody answers expires into an end of its own', async () => {
    const run = await environment.start({ approval: { ...QUESTION, timeoutMs: 200 } });
    await expect(run.handle.result()).resolves.toEqual({ status: 'expired' });
    expect(run.ending()).toEqual({ kind: 'expired' });
    expect(run.names()).not.toContain('recordDecision');
  });

  it('can be cancelled from outside while it waits', async () => {
    const run = await asking({}, true);
    await run.handle.cancel();
    await run.over();
    expect(run.ending()).toEqual(cancelledWith(0));
    expect(run.names().at(-1)).toBe('reportToSlack');
    expect(run.names()).not.toContain('runAgent brand');
  });
});

describe('a decision that does not count', () => {
  it.each<[string, Partial<Decision>, string]>([
    ['of another hash', { hash: 'hash-2' }, FAILURE.approvalMismatch],
    ['of another approval', { approvalId: 'approval-2' }, FAILURE.approvalMismatch],
  ])('%s is refused at once and leaves nothing in the history', async (_, changes, type) => {
    const run = await asking();
    const before = await run.events();
    expect(await refusalOf(decide(run, changes))).toBe(type);
    expect(await run.events()).toEqual(before);
    await expect(run.handle.query(stageQuery)).resolves.toBe('awaiting_approval');
    await decide(run);
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
  });

  it.each<[string, Partial<ScriptedDecision>]>([
    ['of somebody the policy does not name', { role: 'user' }],
    ['of a guest, even of the asker', { role: 'guest', isAsker: true }],
    ['of a made-up role', { role: 'superadmin' }],
    ['that no entry has accepted, whoever it names', { isForged: true }],
  ])('%s is refused and written down, and the question waits on', async (_, changes) => {
    const run = await asking();
    expect(await refusalOf(decide(run, changes))).toBe(FAILURE.notAllowed);
    await run.handle.signal(decideSignal, decision(changes));
    await run.when(() => run.names().filter((name) => name === 'recordRefusal').length === 2);
    await expect(run.handle.query(stageQuery)).resolves.toBe('awaiting_approval');
    await decide(run);
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
  });

  it('before the question is refused', async () => {
    let open: () => void = () => {};
    const routed = new Promise<void>((resolve) => (open = resolve));
    const run = await environment.start({ approval: QUESTION, analyze: () => routed });
    await run.when(() => run.names().includes('analyzeRequest'));
    expect(await refusalOf(decide(run))).toBe(FAILURE.notWaiting);
    open();
    await run.when(async () => (await run.handle.query(stageQuery)) === 'awaiting_approval');
    await decide(run);
    await run.handle.result();
  });

  it('after another one is refused, and the first stands', async () => {
    let open: () => void = () => {};
    const working = new Promise<void>((resolve) => (open = resolve));
    const run = await asking({ agent: () => working });
    await decide(run);
    expect(await refusalOf(decide(run, { verdict: 'cancel' }))).toBe(FAILURE.notWaiting);
    open();
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
  });

  it('after the work was cancelled is refused, even while the end is still being written', async () => {
    let open: () => void = () => {};
    const written = new Promise<void>((resolve) => (open = resolve));
    const run = await asking({ report: (_, isFinal) => (isFinal ? written : Promise.resolve()) }, true);
    await run.handle.cancel();
    await run.when(() => run.names().includes('finishOrchestration'));
    expect(await refusalOf(decide(run))).toBe(FAILURE.notWaiting);
    open();
    await run.over();
    expect(run.ending()).toEqual(cancelledWith(0));
  });

  it('is one of fifty at once, but for the first', async () => {
    const run = await asking();
    const answers = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) =>
        decide(run, { verdict: i % 2 === 0 ? 'approve' : 'cancel', userId: `u${i}` }),
      ),
    );
    const counted = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.verdict] : []));
    expect(counted).toHaveLength(1);
    await run.handle.result();
    // What is written is what counted: nothing is written of a decision that a lost task had taken.
    const recorded = run.calls.filter(({ name }) => name === 'recordDecision');
    expect(recorded.map((call) => call.decision?.verdict)).toEqual(counted);
    expect(run.ending()?.kind).toBe(counted[0] === 'approve' ? 'worked' : 'cancelled');
  });
});

describe('who may answer', () => {
  it('nobody who names no hash, for nobody knows what they have seen', async () => {
    const run = await asking();
    expect(await refusalOf(decide(run, { hash: undefined }))).toBe(FAILURE.approvalMismatch);
    await decide(run, { hash: undefined, verdict: 'cancel' });
    await expect(run.handle.result()).resolves.toEqual({ status: 'cancelled' });
  });

  it.each<[string, Partial<ScriptedDecision>]>([
    ['an admin', { role: 'admin', isAsker: false }],
    ['the asker', { role: 'user', isAsker: true }],
    ['an admin who names the hash alone', { approvalId: undefined }],
  ])('%s', async (_, changes) => {
    const run = await asking();
    await decide(run, changes);
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
  });

  it('the asker may not when the policy says so', async () => {
    const run = await asking({ approval: { ...QUESTION, policy: { ...QUESTION.policy, asker: false } } });
    expect(await refusalOf(decide(run, { role: 'user', isAsker: true }))).toBe(FAILURE.notAllowed);
    await decide(run, { verdict: 'cancel' });
    await run.handle.result();
  });
});

describe('a reply in the thread', () => {
  it('counts as an answer', async () => {
    const run = await asking();
    await run.handle.signal(decideSignal, decision({ via: 'slack' }));
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(run.calls.find(({ name }) => name === 'recordDecision')?.decision).toMatchObject({ via: 'slack' });
  });

  it('that overtakes its question counts as soon as it is asked', async () => {
    let open: () => void = () => {};
    const routed = new Promise<void>((resolve) => (open = resolve));
    const run = await environment.start({ approval: QUESTION, analyze: () => routed });
    await run.when(() => run.names().includes('analyzeRequest'));
    await run.handle.signal(decideSignal, decision({ via: 'slack', verdict: 'cancel' }));
    // A query is answered after the signals before it, so the workflow has the reply and no question yet.
    await expect(run.handle.query(stageQuery)).resolves.toBe('understanding');
    open();
    await expect(run.handle.result()).resolves.toEqual({ status: 'cancelled' });
  });

  it('that overtakes its question and means another one does not count, nor do a hundred of them', async () => {
    let open: () => void = () => {};
    const routed = new Promise<void>((resolve) => (open = resolve));
    const run = await environment.start({ approval: QUESTION, analyze: () => routed });
    await run.when(() => run.names().includes('analyzeRequest'));
    for (let i = 0; i < 20; i++) await run.handle.signal(decideSignal, decision({ hash: `other-${i}` }));
    open();
    await run.when(async () => (await run.handle.query(stageQuery)) === 'awaiting_approval');
    await run.handle.signal(decideSignal, decision({ role: 'user' }));
    await expect(run.handle.query(stageQuery)).resolves.toBe('awaiting_approval');
    await run.handle.signal(decideSignal, decision());
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
  });

  it('after the end of the question changes nothing', async () => {
    let open: () => void = () => {};
    const working = new Promise<void>((resolve) => (open = resolve));
    const run = await asking({ agent: () => working });
    await decide(run);
    await run.handle.signal(decideSignal, decision({ verdict: 'cancel' }));
    open();
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
  });
});
