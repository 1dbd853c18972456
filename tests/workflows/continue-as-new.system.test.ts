import { createWorkflowClient } from '../../adapters/temporal/workflow-client.ts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FAILURE } from '../../contracts/failures.ts';
import { QUEUE } from '../../contracts/queues.ts';
import type { SteeringMessage } from '../../contracts/workflow.ts';
import { decideSignal, stageQuery, steerSignal } from '../../workflows/messages.ts';
import { openEnvironment, type StartedRun, type TestEnvironment } from './support/environment.ts';
import { callsOf, decide, gate, refusalOf, steer, stepsRun, untilAsked, untilAskedFor } from './support/people.ts';
import { adopted, after, ask, askedAbout, step } from './support/plans.ts';
import { decision, QUESTION } from './support/scripted-activities.ts';

/** A server that suggests it after so few events that every plan goes on over several runs. */
let environment: TestEnvironment;
beforeAll(async () => {
  environment = await openEnvironment({ settings: { 'limit.historyCount.suggestContinueAsNew': '20' } });
}, 60_000);
afterAll(() => environment?.close());

const CHAIN = ['a', 'b', 'c', 'd', 'e', 'f'];
const chain = (ids: readonly string[] = CHAIN) =>
  ids.map((id, index) => after(id, ...ids.slice(Math.max(0, index - 1), index)));

/** Runs of the workflow so far, by the ids that each one's first event names, the latest first. */
async function runIds({ handle: { workflowId } }: StartedRun): Promise<string[]> {
  const ids: string[] = [];
  for (let runId: string | null | undefined; ;) {
    const handle = environment.client.workflow.getHandle(workflowId, runId ?? undefined);
    if (!runId) ids.push((await handle.describe()).runId);
    const [first] = (await handle.fetchHistory()).events ?? [];
    runId = first?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
    if (!runId) return ids;
    ids.push(runId);
  }
}

const signalWords = (run: StartedRun, message: SteeringMessage) => run.handle.signal(steerSignal, message);

/** As REST and the console do it. */
async function steerOverApi({ handle }: StartedRun, id: string): Promise<void> {
  const [, orchestrationId = '', organizationId = ''] = /^orchestration-(.{36})-(.{36})$/.exec(handle.workflowId) ?? [];
  const api = createWorkflowClient(environment.client);
  const { status } = await api.steer({ organizationId, orchestrationId }, { id, mode: 'steer' });
  if (status !== 'done') throw new Error(`${id}: ${status}`);
}

describe('an orchestration that continues as new', () => {
  it('runs every step once, pays for nothing twice, and is found by its workflow id', async () => {
    const run = await environment.start({ planning: true, drafts: [adopted(...chain())] }, { slack: true });
    const found = environment.client.workflow.getHandle(run.handle.workflowId);
    await expect(found.result()).resolves.toEqual({ status: 'completed' });
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect((await runIds(run)).length).toBeGreaterThan(2);
    expect(run.names().filter((name) => name !== 'reportToSlack')).toEqual([
      'analyzeRequest',
      'routeRequest',
      'draftPlan',
      'adoptPlan',
      ...CHAIN.map(() => 'runAgent engineering'),
      'finishOrchestration',
    ]);
    expect(stepsRun(run)).toEqual(CHAIN);
    expect(run.names().at(-1)).toBe('reportToSlack');
  });

  it('loses no message and takes none twice, whenever it comes', async () => {
    const answers = new Map<string, Promise<void>>();
    const isInTime = (id: string) => !id.startsWith('f');
    const failures: unknown[] = [];
    const send = (id: string, sent: Promise<void>) =>
      answers.set(
        id,
        sent.catch((error: unknown) => void (isInTime(id) && failures.push(error))),
      );
    const run: StartedRun = await environment.start({
      planning: true,
      drafts: [adopted(...chain())],
      agent: async (_, __, id) => {
        if (!CHAIN.includes(id)) return;
        // No step before the last waits for these, so that they arrive while it ends and the next run begins.
        if (!isInTime(id)) await Promise.all(answers.values());
        send(`${id}-1`, steerOverApi(run, `${id}-1`));
        send(`${id}-2`, signalWords(run, { id: `${id}-2`, mode: 'steer' }));
      },
    });
    await run.handle.result();
    // What comes after the last step has begun may find nobody there any more; everything else counts.
    await Promise.all(answers.values());
    expect(failures).toEqual([]);
    const given = callsOf(run, 'runAgent').flatMap(({ steering = [] }) => steering);
    const inTime = [...answers.keys()].filter(isInTime);
    expect(given).toEqual([...new Set(given)]);
    expect(given).toEqual(expect.arrayContaining(inTime));
    expect((await runIds(run)).length).toBeGreaterThan(2);
  });

  it('ends as cancelled when a cancel comes at any of its steps', async () => {
    const runs = ['b', 'c', 'd'].map(async (last) => {
      let cancelled: Promise<unknown> = Promise.resolve();
      const run: StartedRun = await environment.start({
        planning: true,
        drafts: [adopted(...chain())],
        agent: (_, __, id) => {
          if (id === last) cancelled = environment.client.workflow.getHandle(run.handle.workflowId).cancel();
          return Promise.resolve();
        },
      });
      await run.over();
      await cancelled;
      return run;
    });
    for (const run of await Promise.all(runs)) {
      expect(run.ending()).toMatchObject({ kind: 'cancelled', stop: { mode: 'cancel' } });
      // A local activity may run again when its workflow task is lost, and then says the same.
      expect(new Set(callsOf(run, 'finishOrchestration').map(({ ending }) => ending?.kind)).size).toBe(1);
      expect(stepsRun(run)).toEqual([...new Set(stepsRun(run))]);
      expect(stepsRun(run)).not.toContain('f');
    }
  });

  it('ends, and tells Slack so, when a cancel comes while a report keeps it from going on', async () => {
    const { opened, open } = gate();
    const run = await environment.start(
      { planning: true, drafts: [adopted(...chain())], report: (nth) => (nth === 1 ? opened : Promise.resolve()) },
      { slack: true },
    );
    await run.when(async () => (await run.handle.describe()).historyLength >= 20);
    const { length } = stepsRun(run);
    await run.when(async () => (await run.handle.query(stageQuery)) === 'running', 1_000);
    expect(stepsRun(run)).toHaveLength(length);
    await environment.client.workflow.getHandle(run.handle.workflowId).cancel();
    open();
    await run.over();
    expect(run.ending()).toMatchObject({ kind: 'cancelled' });
    expect(run.names().at(-1)).toBe('reportToSlack');
  }, 20_000);

  it('numbers its questions and plans on, and keeps what is done', async () => {
    const { opened, open } = gate();
    const drafts = [
      adopted(
        ...chain(['a', 'b', 'c']),
        ask('sure', 'c'),
        after('d', 'sure'),
        after('held', 'd'),
        after('old', 'held'),
      ),
      adopted(after('e', 'a'), ask('surely', 'e')),
    ];
    const run = await environment.start({
      planning: true,
      drafts,
      agent: (_, __, id) => (id === 'held' ? opened : Promise.resolve()),
    });
    await decide(run, await untilAskedFor(run, 1));
    await run.when(() => stepsRun(run).includes('held'));
    const constraint = await steer(run, 'replan');
    open();
    await decide(run, await untilAskedFor(run, 2));
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(callsOf(run, 'askHuman').map(({ nth, step: id }) => [nth, id])).toEqual([
      [1, 'sure'],
      [2, 'surely'],
    ]);
    expect(callsOf(run, 'draftPlan').map(({ draft }) => [draft?.revision, draft?.constraints])).toEqual([
      [1, []],
      [2, [constraint]],
    ]);
    expect(stepsRun(run)).toEqual(['a', 'b', 'c', 'd', 'held', 'e']);
    expect((await runIds(run)).length).toBeGreaterThan(2);
  });

  it('holds back no step while another one asks people', async () => {
    const run = await environment.start({ planning: true, drafts: [adopted(ask('sure'), ...chain())] });
    const named = await untilAskedFor(run, 1);
    await run.when(() => stepsRun(run).length === CHAIN.length);
    expect(await runIds(run)).toHaveLength(1);
    await decide(run, named);
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
  });

  it('lets steps that it has held back go on when one that still runs asks people', async () => {
    const { opened, open } = gate();
    const call = { id: 'call-1', tool: 'wiki__write', signature: 'w', queue: QUEUE.orchestration };
    const run = await environment.start({
      planning: true,
      drafts: [adopted(step('slow'), ...chain())],
      agent: async (_, __, id, ___, round = 1) => {
        if (id !== 'slow' || round > 1) return undefined;
        await opened;
        return { calls: [{ ...call, reads: false, asks: true, settled: false }] };
      },
    });
    await run.when(async () => (await run.handle.describe()).historyLength >= 20);
    expect(stepsRun(run)).not.toContain('f');
    open();
    const named = await untilAskedFor(run, 1);
    await run.when(() => stepsRun(run).includes('f'));
    await decide(run, named);
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(callsOf(run, 'callTool')).toHaveLength(1);
  });

  it('is not held up for long by a Slack that keeps a report', async () => {
    const { opened, open } = gate();
    const run = await environment.start(
      { planning: true, drafts: [adopted(...chain())], report: (nth) => (nth === 1 ? opened : Promise.resolve()) },
      { slack: true },
    );
    await run.when(() => stepsRun(run).length === CHAIN.length);
    expect(await runIds(run)).toHaveLength(1);
    open();
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(run.names().at(-1)).toBe('reportToSlack');
  }, 60_000);
});

describe('a plan that waits for its approval when the workflow continues as new', () => {
  const policy = { ...QUESTION.policy, quorum: 2 };
  /** Says so much that the workflow continues as new; answers what was said. */
  const untilContinued = async (run: StartedRun): Promise<string[]> => {
    const [before] = await runIds(run);
    const said: string[] = [];
    while ((await runIds(run))[0] === before) {
      const id = `words-${before}-${said.length}`;
      said.push(id);
      await signalWords(run, { id, mode: 'steer' });
      // One after the other: no work takes more than fifty, and it continues only when none is being looked up.
      await run.when(() => run.calls.some(({ name, ids }) => name === 'isSteeringAccepted' && ids?.[0] === id));
    }
    await untilAsked(run);
    return said;
  };

  it('still waits, with what has been said to it', async () => {
    const run = await environment.start({
      planning: true,
      drafts: [askedAbout({ policy }, step('a'), after('b', 'a'))],
    });
    await untilAsked(run);
    await decide(run, { userId: 'ann' });
    const first = await untilContinued(run);
    expect(await refusalOf(decide(run, { userId: 'ann' }))).toBe(FAILURE.alreadyApproved);
    expect(await refusalOf(decide(run, { userId: 'bob', hash: 'another' }))).toBe(FAILURE.approvalMismatch);
    const second = await untilContinued(run);
    await decide(run, { userId: 'bob' });
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(callsOf(run, 'recordDecision').map(({ decision: given, partial }) => [given?.userId, partial])).toEqual([
      ['ann', true],
      ['bob', undefined],
    ]);
    expect(callsOf(run, 'adoptPlan')).toHaveLength(1);
    expect(callsOf(run, 'runAgent')[0]?.steering).toEqual([...first, ...second]);
    expect((await runIds(run)).length).toBeGreaterThan(2);
  });

  it('keeps its deadline, and decisions for a question that is still to come', async () => {
    const run = await environment.start({
      planning: true,
      drafts: [askedAbout({ timeoutMs: 15_000 }, ask('sure'), after('a', 'sure'))],
    });
    const started = Date.now();
    await untilAsked(run);
    await untilContinued(run);
    const untilLate = async () => Date.now() - started > 9_000;
    await run.when(untilLate, 500);
    await untilContinued(run);
    await expect(run.handle.result()).resolves.toEqual({ status: 'expired' });
    expect(Date.now() - started).toBeLessThan(21_000);
    expect(run.ending()).toEqual({ kind: 'expired' });
  }, 60_000);

  it('counts a reply from Slack that overtakes it', async () => {
    const run = await environment.start({ planning: true, drafts: [askedAbout({}, ...chain())] });
    await untilAsked(run);
    await untilContinued(run);
    await run.handle.signal(decideSignal, decision());
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(callsOf(run, 'recordDecision')).toHaveLength(1);
  });
});
