import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { FAILURE } from '../../contracts/failures.ts';
import type { Refusal } from '../../contracts/workflow.ts';
import { stageQuery } from '../../workflows/messages.ts';
import { failure, untilCancelled } from './support/scripted-activities.ts';
import { cancelledWith } from './support/people.ts';
import { openEnvironment, type TestEnvironment } from './support/environment.ts';

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await openEnvironment();
}, 60_000);
afterAll(() => environment?.close());

describe('a request', () => {
  it('is understood, routed, worked on and finished, in this order', async () => {
    const run = await environment.start({ agents: ['brand'] });
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(run.names()).toEqual(['analyzeRequest', 'routeRequest', 'runAgent brand', 'finishOrchestration']);
    expect(run.ending()).toEqual({ kind: 'worked', failures: [] });
  });

  it('that names its agents asks no model what it means', async () => {
    const run = await environment.start({}, { analyze: false });
    await run.handle.result();
    expect(run.names()).not.toContain('analyzeRequest');
  });

  it.each<Refusal>(['unknown_user', 'guest', 'empty_message', 'message_too_long'])(
    'refused as %s runs nothing and ends with that reason',
    async (refusal) => {
      const run = await environment.start({}, { refusal });
      await expect(run.handle.result()).resolves.toEqual({ status: 'failed' });
      expect(run.names()).toEqual(['finishOrchestration']);
      expect(run.ending()).toEqual({ kind: 'failed', code: refusal });
    },
  );

  it('goes on with its words alone when the model cannot say what it means', async () => {
    const run = await environment.start({ analyze: () => Promise.reject(failure(FAILURE.modelUnavailable)) });
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(run.names()).toEqual(['analyzeRequest', 'routeRequest', 'runAgent brand', 'finishOrchestration']);
  });

  it.each([
    ['user', 'budget_exhausted_user'],
    ['organization', 'budget_exhausted_organization'],
  ])('ends when the %s’s budget has no room for understanding it', async (scope, code) => {
    const run = await environment.start({ analyze: () => Promise.reject(failure(FAILURE.budgetExhausted, scope)) });
    await expect(run.handle.result()).resolves.toEqual({ status: 'failed' });
    expect(run.ending()).toEqual({ kind: 'failed', code });
    expect(run.names()).toEqual(['analyzeRequest', 'finishOrchestration']);
  });

  it('shows operators its status, category and agents, and nothing of its content', async () => {
    const run = await environment.start({ agents: ['brand', 'finance'], mode: 'sequential' });
    await run.handle.result();
    const description = await run.handle.describe();
    const attributes = Object.fromEntries(
      description.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]),
    );
    expect(attributes).toMatchObject({ NubabelStatus: 'completed', NubabelCategory: 'quick' });
    const { events = [] } = await run.handle.fetchHistory();
    const written = events?.filter((event) => event.upsertWorkflowSearchAttributesEventAttributes);
    // One command for both: each is an event and a write of the server's own.
    expect(written).toHaveLength(1);
  });
});

describe('a database that is away', () => {
  it('is waited for without holding the workflow’s task: messages are taken meanwhile', async () => {
    let [away, tries] = [true, 0];
    const run = await environment.start({
      agents: ['brand'],
      finish: () => (++tries && away ? Promise.reject(new Error('the database is away')) : Promise.resolve()),
    });
    // 0.2, 0.4, 0.8 and 1.6 s apart; what is longer is a timer.
    await run.when(() => tries >= 5);
    const askedAt = Date.now();
    await run.handle.query(stageQuery);
    expect(Date.now() - askedAt).toBeLessThan(1_500);
    away = false;
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
  });
});

describe('agents', () => {
  const AGENTS = ['brand', 'ops', 'finance'] as const;
  const opsFails = (agent: string) =>
    agent === 'ops' ? Promise.reject(failure(FAILURE.modelUnavailable)) : Promise.resolve();

  it('in parallel all start at once, and one’s failure loses no answer', async () => {
    let together = 0;
    let open: () => void = () => {};
    const everyone = new Promise<void>((resolve) => (open = resolve));
    const run = await environment.start({
      agents: AGENTS,
      agent: async (agent) => {
        if (++together === AGENTS.length) open();
        await everyone;
        await opsFails(agent);
      },
    });
    await run.handle.result();
    expect(run.ending()).toEqual({
      kind: 'worked',
      failures: [{ step: 'ops', agent: 'ops', reason: 'model_unavailable' }],
    });
    expect(run.calls.filter(({ name }) => name === 'runAgent').every((call) => call.withEarlierAnswers === false)).toBe(
      true,
    );
  });

  it('in sequence come one after the other with the earlier answers, over a failure', async () => {
    const ended: string[] = [];
    const run = await environment.start({
      agents: AGENTS,
      mode: 'sequential',
      agent: async (agent) => {
        await opsFails(agent);
        ended.push(agent);
      },
    });
    await run.handle.result();
    expect(ended).toEqual(['brand', 'finance']);
    const calls = run.calls.filter(({ name }) => name === 'runAgent');
    expect(calls.map(({ agent, withEarlierAnswers }) => [agent, withEarlierAnswers])).toEqual([
      ['brand', true],
      ['ops', true],
      ['finance', true],
    ]);
    expect(run.ending()).toMatchObject({ failures: [{ agent: 'ops' }] });
  });

  it('as fallbacks stop at the first answer', async () => {
    const run = await environment.start({ agents: ['ops', 'brand', 'finance'], mode: 'fallback', agent: opsFails });
    await run.handle.result();
    expect(run.names().filter((name) => /^(runAgent|healStep|askHuman)/.test(name))).toEqual([
      'runAgent ops',
      'runAgent brand',
    ]);
    expect(run.ending()).toEqual({
      kind: 'worked',
      failures: [
        { step: 'ops', agent: 'ops', reason: 'model_unavailable' },
        { step: 'finance', agent: 'finance', reason: 'condition_false', skipped: true },
      ],
    });
  });

  it('as fallbacks are all tried when nobody answers', async () => {
    const run = await environment.start({
      agents: AGENTS,
      mode: 'fallback',
      agent: () => Promise.reject(failure(FAILURE.modelRefused)),
    });
    await run.handle.result();
    expect(run.ending()).toMatchObject({
      kind: 'worked',
      failures: AGENTS.map((agent) => ({ step: agent, agent, reason: 'model_refused' })),
    });
  });

  it.each([
    [FAILURE.modelRefused, [], 'model_refused'],
    [FAILURE.modelRateLimited, [], 'model_overloaded'],
    [FAILURE.modelUnauthorized, [], 'model_unauthorized'],
    [FAILURE.budgetExhausted, ['user'], 'budget_exhausted_user'],
    [FAILURE.budgetExhausted, ['organization'], 'budget_exhausted_organization'],
    [FAILURE.alreadyOver, [], 'internal'],
  ] as const)('that fail as %s %j are named with %s', async (type, details, reason) => {
    const run = await environment.start({ agent: () => Promise.reject(failure(type, ...details)) });
    await run.handle.result();
    expect(run.ending()).toEqual({ kind: 'worked', failures: [{ step: 'brand', agent: 'brand', reason }] });
  });

  it('that fail for a while are tried again until they answer', async () => {
    let tries = 0;
    const run = await environment.start({
      agent: () =>
        ++tries < 3
          ? Promise.reject(ApplicationFailure.create({ type: FAILURE.modelRateLimited, nextRetryDelay: 20 }))
          : Promise.resolve(),
    });
    await run.handle.result();
    expect(tries).toBe(3);
    expect(run.ending()).toEqual({ kind: 'worked', failures: [] });
  });

  it('that take longer than the work may are stopped and named', async () => {
    const run = await environment.start({
      agents: ['brand', 'ops'],
      maxExecutionMs: 1_500,
      agent: (agent, signal) => (agent === 'brand' ? untilCancelled(signal) : Promise.resolve()),
    });
    await run.handle.result();
    expect(run.ending()).toEqual({
      kind: 'worked',
      failures: [{ step: 'brand', agent: 'brand', reason: 'timed_out' }],
    });
  });
});

describe('a cancel', () => {
  it('while agents work interrupts them, and the end is written all the same', async () => {
    const interrupted: string[] = [];
    const run = await environment.start(
      {
        agents: ['brand', 'ops'],
        agent: (agent, signal) => untilCancelled(signal).finally(() => interrupted.push(agent)),
      },
      { slack: true },
    );
    await run.when(() => run.names().filter((name) => name.startsWith('runAgent')).length === 2);
    await expect(run.handle.query(stageQuery)).resolves.toBe('running');
    await run.handle.cancel();
    await run.over();
    expect(interrupted.sort()).toEqual(['brand', 'ops']);
    expect(run.ending()).toEqual(cancelledWith(2));
    expect(run.names().lastIndexOf('reportToSlack')).toBeGreaterThan(run.names().indexOf('finishOrchestration'));
  });

  it('keeps what is written while it comes in the middle of the end', async () => {
    let open: () => void = () => {};
    const written = new Promise<void>((resolve) => (open = resolve));
    const run = await environment.start({ finish: () => written }, { slack: true });
    await run.when(() => run.names().includes('finishOrchestration'));
    await run.handle.cancel();
    open();
    await run.over();
    expect(run.ending()).toEqual({ kind: 'worked', failures: [] });
    expect(run.names().at(-1)).toBe('reportToSlack');
  });

  it('while the request is being understood runs no agent', async () => {
    const run = await environment.start({ analyze: untilCancelled });
    await run.when(() => run.names().includes('analyzeRequest'));
    await run.handle.cancel();
    await run.over();
    expect(run.names()).toEqual(['analyzeRequest', 'finishOrchestration']);
    expect(run.ending()).toEqual(cancelledWith(1));
  });
});
