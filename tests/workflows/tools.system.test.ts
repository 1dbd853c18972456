import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallOutline } from '../../contracts/workflow.ts';
import { decideUpdate, steerUpdate } from '../../workflows/messages.ts';
import { decision, failure, untilCancelled, type Script } from './support/scripted-activities.ts';
import { cancelledWith } from './support/people.ts';
import { openEnvironment, type StartedRun, type TestEnvironment } from './support/environment.ts';

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await openEnvironment();
});
afterAll(() => environment?.close());

const call = (id: string, changes: Partial<CallOutline> = {}): CallOutline => ({
  id,
  tool: 'notion__createTask',
  reads: false,
  asks: false,
  settled: false,
  queue: 'orchestration',
  signature: id,
  ...changes,
});

/** An agent whose rounds want these calls, and which answers after them. */
const wanting =
  (...rounds: readonly (readonly CallOutline[])[]): NonNullable<Script['agent']> =>
  async (_agent, _signal, _step, _attempt, round = 1) => {
    const calls = rounds[round - 1];
    return calls ? { calls } : undefined;
  };

const answer = (play: StartedRun, kind: string, nth: number, changes = {}) =>
  play.handle.executeUpdate(decideUpdate, {
    args: [decision({ approvalId: `approval-${kind}-${nth}`, hash: `hash-${kind}-${nth}`, ...changes })],
  });
const asked = (play: StartedRun, kind: string) => () =>
  play.calls.some((one) => one.name === 'askHuman' && one.kind === kind);
const made = (play: StartedRun) => play.calls.filter(({ name }) => name === 'callTool').map(({ ids }) => ids?.[0]);
const byName = (a = '', b = '') => (a < b ? -1 : 1);
const rounds = (play: StartedRun) => play.calls.filter(({ name }) => name === 'runAgent').length;

describe('an agent with tools', () => {
  it('goes on after the answers of its calls, round by round, until it has answered', async () => {
    const play = await environment.start({ agent: wanting([call('a')], [call('b'), call('c')]) });
    await play.over();
    expect(made(play)).toEqual(['a', 'b', 'c']);
    expect(rounds(play)).toBe(3);
    expect(play.ending()).toEqual({ kind: 'worked', failures: [] });
  });

  it('reads side by side and changes one after the other', async () => {
    let atOnce = 0;
    let most = 0;
    const changes: string[] = [];
    const play = await environment.start({
      agent: wanting([
        ...['r1', 'r2', 'r3'].map((id) => call(id, { reads: true })),
        ...['w1', 'w2'].map((id) => call(id)),
      ]),
      tool: async (id) => {
        most = Math.max(most, ++atOnce);
        if (id.startsWith('r')) while (atOnce < 3 && most < 3) await new Promise((resolve) => setImmediate(resolve));
        else changes.push(`${id}:${atOnce}`);
        atOnce--;
        return { status: 'done' };
      },
    });
    await play.over();
    expect(most).toBe(3);
    expect(changes).toEqual(['w1:1', 'w2:1']);
  });

  it('makes no call that needs nobody, and none that is settled already', async () => {
    const play = await environment.start({ agent: wanting([call('known', { settled: true })]) });
    await play.over();
    expect(made(play)).toEqual([]);
    expect(rounds(play)).toBe(2);
  });

  it('has to answer in its last round', async () => {
    const play = await environment.start({
      agent: async (_agent, _signal, _step, _attempt, round = 1) =>
        round < 16 ? { calls: [call(`c${round}`)] } : undefined,
    });
    await play.over();
    const all = play.calls.filter(({ name }) => name === 'runAgent');
    expect(all).toHaveLength(16);
    expect(all.filter(({ last }) => last).map(({ round }) => round)).toEqual([16]);
  });

  it('takes up what people say between two rounds', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const play = await environment.start({
      agent: wanting([call('a')]),
      tool: async () => {
        await held;
        return { status: 'done' };
      },
    });
    await play.when(() => made(play).length === 1);
    await play.handle.executeUpdate(steerUpdate, { args: [{ id: 'word-1', mode: 'steer' }] });
    release();
    await play.over();
    const last = play.calls.findLast(({ name }) => name === 'runAgent');
    expect(last).toMatchObject({ round: 2, steering: ['word-1'] });
  });
});

describe('a call that a human has to see', () => {
  it('is made only after somebody has approved it, with all of its turn in one question', async () => {
    const play = await environment.start({
      agent: wanting([call('a', { asks: true }), call('b', { asks: true }), call('r', { reads: true })]),
    });
    await play.when(asked(play, 'tool'));
    expect(made(play)).toEqual([]);
    expect(play.calls.find(({ name }) => name === 'askHuman')).toMatchObject({ ids: ['a', 'b'], step: 'brand' });
    await answer(play, 'tool', 1);
    await play.over();
    expect(made(play).toSorted(byName)).toEqual(['a', 'b', 'r']);
  });

  it('is left out by SKIP, and the agent is told', async () => {
    const play = await environment.start({ agent: wanting([call('a', { asks: true }), call('r', { reads: true })]) });
    await play.when(asked(play, 'tool'));
    await answer(play, 'tool', 1, { choice: 'skip' });
    await play.over();
    expect(made(play)).toEqual(['r']);
    expect(play.calls.find(({ name }) => name === 'closeCalls')).toMatchObject({ ids: ['a'], as: 'declined' });
    expect(rounds(play)).toBe(2);
    expect(play.ending()).toEqual({ kind: 'worked', failures: [] });
  });

  it('is never made when nobody answers in time', async () => {
    const play = await environment.start({
      agent: wanting([call('a', { asks: true })]),
      question: { timeoutMs: 1_000 },
    });
    await play.over();
    expect(made(play)).toEqual([]);
    expect(play.ending()?.failures).toMatchObject([{ step: 'brand', reason: 'not_approved' }]);
  });

  it('is never made after CANCEL', async () => {
    const play = await environment.start({ agent: wanting([call('a', { asks: true })]) });
    await play.when(asked(play, 'tool'));
    await answer(play, 'tool', 1, { verdict: 'cancel' });
    await play.over();
    expect(made(play)).toEqual([]);
    expect(play.ending()).toEqual(cancelledWith(0));
  });
});

describe('a change whose outcome nobody knows', () => {
  const script = (): Script => ({
    agent: wanting([call('a')]),
    tool: (_call, nth) => ({ status: nth === 1 ? 'unknown' : 'done' }),
  });

  it.each([
    ['done', 1, 'done'],
    ['retry', 2, 'retry'],
    ['skip', 1, 'open'],
  ] as const)('is asked about, and %s is taken at its word', async (choice, times, verdict) => {
    const play = await environment.start(script());
    await play.when(asked(play, 'effect'));
    await answer(play, 'effect', 1, { choice });
    await play.over();
    expect(made(play)).toHaveLength(times);
    expect(play.calls.find(({ name }) => name === 'settleUnknownEffect')).toMatchObject({ ids: ['a'], verdict });
    expect(play.ending()).toEqual({ kind: 'worked', failures: [] });
  });

  it('stops the work at STOP, and stays open', async () => {
    const play = await environment.start(script());
    await play.when(asked(play, 'effect'));
    await answer(play, 'effect', 1, { choice: 'stop' });
    await play.over();
    expect(play.calls.find(({ name }) => name === 'settleUnknownEffect')).toMatchObject({ verdict: 'open' });
    expect(play.ending()).toMatchObject({ kind: 'stopped' });
  });
});

describe('a connection whose grant is over', () => {
  it('holds the step until it is renewed, and the same run goes on', async () => {
    const play = await environment.start({
      agent: wanting([call('a')]),
      tool: (_call, nth) => ({ status: nth === 1 ? 'reconnect' : 'done' }),
    });
    await play.when(asked(play, 'reconnect'));
    expect(rounds(play)).toBe(1);
    await answer(play, 'reconnect', 1, { choice: 'retry' });
    await play.over();
    expect(made(play)).toEqual(['a', 'a']);
    expect(play.ending()).toEqual({ kind: 'worked', failures: [] });
  });

  it('is gone without at SKIP', async () => {
    const play = await environment.start({ agent: wanting([call('a')]), tool: () => ({ status: 'reconnect' }) });
    await play.when(asked(play, 'reconnect'));
    await answer(play, 'reconnect', 1, { choice: 'skip' });
    await play.over();
    expect(play.calls.find(({ name }) => name === 'closeCalls')).toMatchObject({ ids: ['a'], as: 'failed' });
    expect(rounds(play)).toBe(2);
  });
});

describe('calls that go in circles', () => {
  it('are shown to a human at the third time, before they are made again', async () => {
    const play = await environment.start({
      agent: async (_agent, _signal, _step, _attempt, round = 1) =>
        round < 9 ? { calls: [call(`c${round}`, { signature: 'same' })] } : undefined,
    });
    await play.when(asked(play, 'loop'));
    expect(made(play)).toEqual(['c1', 'c2']);
    await answer(play, 'loop', 1, { choice: 'skip' });
    await play.over();
    expect(made(play)).toEqual(['c1', 'c2']);
    expect(play.ending()?.failures).toMatchObject([{ reason: 'skipped_by_person' }]);
  });
});

describe('a call that fails', () => {
  it('by a fault of ours is told to the agent, and harms no sibling', async () => {
    const play = await environment.start({
      agent: wanting([call('a', { reads: true }), call('b', { reads: true })]),
      tool: (id) => {
        if (id === 'a') throw failure('ToolCallGone');
        return { status: 'done' };
      },
    });
    await play.over();
    expect(made(play).toSorted(byName)).toEqual(['a', 'b']);
    expect(play.calls.find(({ name }) => name === 'closeCalls')).toMatchObject({ ids: ['a'], as: 'failed' });
    expect(play.ending()).toEqual({ kind: 'worked', failures: [] });
  });

  it('is interrupted by a cancel, which waits until it has wound down', async () => {
    let stopped = false;
    const play = await environment.start({
      agent: wanting([call('a')]),
      tool: (_call, _nth, signal) =>
        untilCancelled(signal).finally(() => {
          stopped = true;
        }),
    });
    await play.when(() => made(play).length === 1);
    await play.handle.cancel();
    await play.over();
    expect(stopped).toBe(true);
    expect(play.ending()).toEqual(cancelledWith(1));
  });
});

describe('a job that is nothing but a call', () => {
  it('makes it and asks no model', async () => {
    const play = await environment.start({ toolJob: [call('call/0')] }, { tool: true, analyze: false });
    await play.over();
    expect(play.names().filter((name) => name !== 'reportToSlack')).toEqual(['callTool', 'finishOrchestration']);
    expect(play.ending()).toEqual({ kind: 'worked' });
  });

  it('asks as an agent’s would', async () => {
    const play = await environment.start({ toolJob: [call('call/0', { asks: true })] }, { tool: true, analyze: false });
    await play.when(asked(play, 'tool'));
    expect(made(play)).toEqual([]);
    await answer(play, 'tool', 1);
    await play.over();
    expect(made(play)).toEqual(['call/0']);
  });

  it('ends as expired when nobody answers', async () => {
    const play = await environment.start(
      { toolJob: [call('call/0', { asks: true })], question: { timeoutMs: 1_000 } },
      { tool: true, analyze: false },
    );
    await play.over();
    expect(play.ending()).toMatchObject({ kind: 'expired' });
    expect(made(play)).toEqual([]);
  });

  it('fails when there is no such tool', async () => {
    const play = await environment.start({ toolJob: [] }, { tool: true, analyze: false });
    await play.over();
    expect(play.ending()).toMatchObject({ kind: 'failed', code: 'tool_missing' });
  });
});
