import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AnswerPolicy } from '../../contracts/approval.ts';
import { FAILURE } from '../../contracts/failures.ts';
import type { Question } from '../../contracts/workflow.ts';
import { decideSignal } from '../../workflows/messages.ts';
import { replayHistory } from '../../workers/bundle.ts';
import { decision, failure, QUESTION, type Script } from './support/scripted-activities.ts';
import { callsOf, decide, gate, refusalOf, steer, untilAsked } from './support/people.ts';
import { openEnvironment, type StartedRun, type TestEnvironment } from './support/environment.ts';

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await openEnvironment();
}, 60_000);
afterAll(() => environment?.close());

const withPolicy = (changes: Partial<AnswerPolicy>, more: Partial<Question> = {}): Question => ({
  ...QUESTION,
  policy: { ...QUESTION.policy, ...changes },
  ...more,
});
const asking = async (approval: Question, script: Script = {}): Promise<StartedRun> => {
  const run = await environment.start({ approval, ...script });
  await untilAsked(run);
  return run;
};
const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();
const recorded = (run: StartedRun) =>
  callsOf(run, 'recordDecision').map(({ decision: given, partial = false }) => [
    given?.userId,
    given?.verdict,
    partial,
  ]);

describe('two of three', () => {
  const twoOf = () => asking(withPolicy({ roles: [], asker: false, users: ['ann', 'bob', 'cho'], quorum: 2 }));
  const by = (userId: string) => ({ userId, role: 'user' });

  it('have to approve: one waits, both are written down, and only then the work begins', async () => {
    const run = await twoOf();
    await expect(decide(run, by('ann'))).resolves.toEqual({ verdict: 'approve', waiting: true });
    await run.when(() => callsOf(run, 'recordDecision').length === 1);
    expect(run.names()).not.toContain('runAgent brand');
    await expect(decide(run, by('bob'))).resolves.toEqual({ verdict: 'approve' });
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(recorded(run)).toEqual([
      ['ann', 'approve', true],
      ['bob', 'approve', false],
    ]);
  });

  it('are two people: the same one twice is refused, as is anybody who is not listed', async () => {
    const run = await twoOf();
    await decide(run, by('ann'));
    expect(await refusalOf(decide(run, by('ann')))).toBe(FAILURE.alreadyApproved);
    expect(await refusalOf(decide(run, { userId: 'eve', role: 'admin', isAsker: true }))).toBe(FAILURE.notAllowed);
    await decide(run, by('cho'));
    await run.handle.result();
    expect(recorded(run)).toHaveLength(2);
  });

  it('have to be people when the last of them answers: whoever has lost their rights since does not count', async () => {
    let gone: string[] = [];
    const policy = { roles: [], asker: false, users: ['ann', 'bob', 'cho'], quorum: 2 };
    const run = await asking(withPolicy(policy), { gone: () => gone });
    await decide(run, by('ann'));
    gone = ['ann'];
    await expect(decide(run, by('bob'))).resolves.toEqual({ verdict: 'approve', waiting: true });
    expect(await refusalOf(decide(run, by('ann')))).toBe(FAILURE.notAllowed);
    await expect(decide(run, by('cho'))).resolves.toEqual({ verdict: 'approve' });
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
  });

  it('are stopped by one CANCEL, also of somebody who has approved', async () => {
    const run = await twoOf();
    await decide(run, by('ann'));
    await decide(run, { ...by('ann'), verdict: 'cancel' });
    await expect(run.handle.result()).resolves.toEqual({ status: 'cancelled' });
    expect(recorded(run).at(-1)).toEqual(['ann', 'cancel', false]);
  });

  it('who answer at the same moment are both written down, and nobody after them counts', async () => {
    const run = await twoOf();
    const answers = await Promise.allSettled(['ann', 'bob', 'cho'].map((who) => decide(run, by(who))));
    await run.handle.result();
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(recorded(run).map(([, , partial]) => partial)).toEqual([true, false]);
    expect(new Set(recorded(run).map(([who]) => who)).size).toBe(2);
  });

  it('may both have answered in the thread before the question was there', async () => {
    const routed = gate();
    const approval = withPolicy({ roles: ['user'], quorum: 2 });
    const run = await environment.start({ approval, analyze: () => routed.opened });
    await run.when(() => run.names().includes('analyzeRequest'));
    for (const who of ['ann', 'bob']) await run.handle.signal(decideSignal, decision({ ...by(who), via: 'slack' }));
    routed.open();
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(recorded(run).map(([who]) => who)).toEqual(['ann', 'bob']);
  });
});

describe('who may answer', () => {
  it('is not the asker where four eyes are wanted, not even as an admin or listed', async () => {
    const run = await asking(withPolicy({ roles: ['admin'], users: ['ada'], asker: true, notAsker: true }));
    expect(await refusalOf(decide(run, { userId: 'ada', role: 'admin', isAsker: true }))).toBe(FAILURE.notAllowed);
    await decide(run, { userId: 'bob', role: 'admin' });
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
  });

  it('is whoever is listed, with any role but guest', async () => {
    const run = await asking(withPolicy({ roles: [], asker: false, users: ['ann'] }));
    expect(await refusalOf(decide(run, { userId: 'ann', role: 'guest' }))).toBe(FAILURE.notAllowed);
    expect(await refusalOf(decide(run, { userId: 'bob', role: 'admin' }))).toBe(FAILURE.notAllowed);
    await decide(run, { userId: 'ann', role: 'user' });
    await run.handle.result();
  });

  it('is a delegate until the last day, and never a guest', async () => {
    const delegates = [
      { userId: 'ann', delegateId: 'dan', until: inMs(60_000) },
      { userId: 'ann', delegateId: 'old', until: inMs(-1) },
    ];
    const run = await asking(withPolicy({ roles: [], asker: false, users: ['ann'], delegates }));
    expect(await refusalOf(decide(run, { userId: 'old', role: 'user' }))).toBe(FAILURE.notAllowed);
    expect(await refusalOf(decide(run, { userId: 'dan', role: 'guest' }))).toBe(FAILURE.notAllowed);
    await decide(run, { userId: 'dan', role: 'user' });
    await run.handle.result();
  });

  it('is more people once the question escalates, and not before; they are told', async () => {
    const escalation = { at: inMs(2_500), roles: ['user'], users: [] };
    const run = await asking(withPolicy({ asker: false, escalation }));
    expect(await refusalOf(decide(run, { role: 'user' }))).toBe(FAILURE.notAllowed);
    await run.when(() => callsOf(run, 'remindApprovers').length === 1);
    expect(callsOf(run, 'remindApprovers')[0]).toMatchObject({ approvalId: QUESTION.id, nth: 1, escalates: true });
    await decide(run, { role: 'user' });
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
  });
});

describe('reminders', () => {
  it('come as often as the policy says, and none after the question has expired', async () => {
    const reminders = [inMs(600), inMs(1_200), inMs(60_000)];
    const run = await environment.start({ approval: withPolicy({ reminders }, { timeoutMs: 2_500 }) });
    await expect(run.handle.result()).resolves.toEqual({ status: 'expired' });
    expect(callsOf(run, 'remindApprovers').map(({ nth, escalates }) => [nth, escalates])).toEqual([
      [1, false],
      [2, false],
    ]);
  });

  it('that do not land keep no answer waiting and end nothing', async () => {
    const never = gate();
    const run = await asking(withPolicy({ reminders: [inMs(1)] }), { remind: () => never.opened });
    await run.when(() => run.names().includes('remindApprovers'));
    await decide(run);
    await run.when(() => run.names().includes('runAgent brand'));
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    never.open();
    const refused = await asking(withPolicy({ reminders: [inMs(1)] }), {
      remind: () => Promise.reject(failure(FAILURE.slackRefused)),
    });
    await refused.when(() => refused.names().includes('remindApprovers'));
    await decide(refused);
    await expect(refused.handle.result()).resolves.toEqual({ status: 'completed' });
  });
});

describe('an attack on a question', () => {
  it('with an answer to another run’s question is refused', async () => {
    const mine = await asking({ ...QUESTION, id: 'mine', hash: 'hash-mine' });
    const yours = await asking({ ...QUESTION, id: 'yours', hash: 'hash-yours' });
    expect(await refusalOf(decide(mine, { approvalId: 'yours', hash: 'hash-yours' }))).toBe(FAILURE.approvalMismatch);
    expect(await refusalOf(decide(yours, { approvalId: 'yours', hash: 'hash-mine' }))).toBe(FAILURE.approvalMismatch);
    expect(await refusalOf(decide(yours, { approvalId: 'mine', hash: 'hash-yours' }))).toBe(FAILURE.approvalMismatch);
    await decide(mine, { approvalId: 'mine', hash: 'hash-mine' });
    await decide(yours, { approvalId: 'yours', hash: 'hash-yours', verdict: 'cancel' });
    await expect(mine.handle.result()).resolves.toEqual({ status: 'completed' });
    await expect(yours.handle.result()).resolves.toEqual({ status: 'cancelled' });
  });

  it('with a choice that it does not have is refused', async () => {
    const run = await asking(QUESTION);
    for (const choice of ['raise', 'retry', 'skip', 'stop'] as const)
      expect(await refusalOf(decide(run, { choice }))).toBe(FAILURE.noSuchChoice);
    await decide(run);
    await run.handle.result();
  });

  it('by a word in the thread that names no question is not kept for the next one', async () => {
    const routed = gate();
    const run = await environment.start({ approval: QUESTION, analyze: () => routed.opened });
    await run.when(() => run.names().includes('analyzeRequest'));
    await run.handle.signal(decideSignal, decision({ via: 'slack', approvalId: undefined, hash: undefined }));
    routed.open();
    await untilAsked(run);
    await decide(run, { verdict: 'cancel' });
    await expect(run.handle.result()).resolves.toEqual({ status: 'cancelled' });
  });
});

describe('answers and messages that come at once', () => {
  /** Later answers are looked up sooner, so that they are found in another order than they came. */
  const judging = ({ userId }: { userId: string }) => delay(60 - 5 * Number(userId.slice(1)));

  it('make a history that replays, also where the looked-up ones overtake each other', async () => {
    for (let round = 0; round < 3; round++) {
      const run = await asking(withPolicy({ roles: ['admin'] }), { judging });
      const answers = Array.from({ length: 10 }, (_, nth) =>
        nth % 3 ? decide(run, { userId: `u${nth}`, role: 'admin' }) : steer(run),
      );
      await Promise.allSettled<unknown>(answers);
      await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
      expect(recorded(run)).toHaveLength(1);
      const history = await run.handle.fetchHistory();
      await expect(replayHistory(history, run.handle.workflowId)).resolves.toBeUndefined();
    }
  }, 60_000);
});
