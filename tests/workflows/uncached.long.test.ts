import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decideSignal, decideUpdate, stageQuery } from '../../workflows/messages.ts';
import { cancelledWith, decision, QUESTION, untilCancelled } from './support/actors.ts';
import { openStage, type Stage } from './support/stage.ts';

/** G6: a worker that forgets every workflow after each task, so that every task is a replay. */
let stage: Stage;
beforeAll(async () => {
  stage = await openStage(0);
}, 60_000);
afterAll(() => stage?.close());

describe('without any cache', () => {
  it('ten orchestrations with several agents and Slack come to their ends, each step in its turn', async () => {
    const agents = ['brand', 'ops', 'finance'] as const;
    const runs = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        stage.play({ agents, mode: i % 2 === 0 ? 'parallel' : 'sequential' }, { slack: true }),
      ),
    );
    for (const run of runs) {
      await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
      const steps = run.names().filter((name) => name !== 'reportToSlack');
      // A local activity runs again when its workflow task is lost; those on the queue never do.
      expect(steps.filter((name) => name.startsWith('runAgent'))).toHaveLength(agents.length);
      expect([...new Set(steps)]).toEqual([
        'analyzeRequest',
        'routeRequest',
        'runAgent brand',
        'runAgent ops',
        'runAgent finance',
        'finishOrchestration',
      ]);
    }
  });

  it('a question is still waiting, and its answer still counts', async () => {
    const run = await stage.play({ approval: QUESTION });
    // Without a cache every query is a replay too: asking often would leave no time for the work.
    await run.when(async () => (await run.handle.query(stageQuery)) === 'awaiting_approval', 1_000);
    await run.handle.signal(decideSignal, decision({ hash: 'another' }));
    await run.handle.executeUpdate(decideUpdate, { args: [decision()] });
    await expect(run.handle.result()).resolves.toEqual({ status: 'completed' });
    expect(run.names().filter((name) => name === 'recordApproval')).toHaveLength(1);
  });

  it('a cancel still interrupts, and the end is still told', async () => {
    const run = await stage.play({ agent: (_, signal) => untilCancelled(signal) }, { slack: true });
    await run.when(() => run.names().includes('runAgent brand'));
    await run.handle.cancel();
    await run.over();
    expect(run.ending()).toEqual(cancelledWith(1));
    expect(run.names().at(-1)).toBe('reportToSlack');
  });
});
