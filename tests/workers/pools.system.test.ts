import { WORKER_ARGS } from '../../dev/product.ts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Runtime, Worker } from '@temporalio/worker';
import { createDataConverter } from '../../adapters/temporal/payload-codec.ts';
import type { Activities } from '../../activities/index.ts';
import { createWorkflowHealth } from '../../adapters/temporal/workflow-client.ts';
import { healthRoutes } from '../../api/routes/health.ts';
import { POOLS, type PoolName } from '../../contracts/queues.ts';
import { startChild, type RunningChild } from '../../dev/child.ts';
import { createActivityWorker } from '../../workers/create-worker.ts';
import { selectPools } from '../../workers/pools.ts';
import { runAll, type RunningWorkers } from '../../workers/run-all.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { openTemporal } from '../workflows/support/environment.ts';
import type { callsWorkflow } from './calls.workflow.ts';

let temporal: TestWorkflowEnvironment;
let database: TestDatabase;
let dir: string;
beforeAll(async () => {
  [temporal, database] = await Promise.all([openTemporal(), openTestDatabase()]);
  dir = mkdtempSync(join(tmpdir(), 'nubabel-pools-'));
});
afterAll(async () => {
  await database?.drop();
  await temporal?.teardown();
  await Runtime.instance().shutdown();
  rmSync(dir, { recursive: true, force: true });
});

/** Activities that count who is in them, and stay until they are let go. */
function createGate() {
  const inside = new Map<string, number>();
  const most = new Map<string, number>();
  const done = new Map<string, number>();
  const waiting: { queue: string; go: () => void }[] = [];
  const open = new Set<string>();
  const add = (map: Map<string, number>, queue: string, by: number) => map.set(queue, (map.get(queue) ?? 0) + by);
  return {
    inside: (queue: string) => inside.get(queue) ?? 0,
    most: (queue: string) => most.get(queue) ?? 0,
    done: (queue: string) => done.get(queue) ?? 0,
    open(queue: string) {
      open.add(queue);
      for (const one of waiting) if (one.queue === queue) one.go();
    },
    async hold(queue: string): Promise<void> {
      add(inside, queue, 1);
      most.set(queue, Math.max(most.get(queue) ?? 0, inside.get(queue) ?? 0));
      if (!open.has(queue)) await new Promise<void>((go) => waiting.push({ queue, go }));
      add(inside, queue, -1);
      add(done, queue, 1);
    },
  };
}

const pollersOf = async (pool: PoolName, kind: 'workflow' | 'activity') => {
  const { pollers } = await temporal.connection.workflowService.describeTaskQueue({
    namespace: 'default',
    taskQueue: { name: POOLS[pool] },
    taskQueueType: kind === 'workflow' ? 1 : 2,
  });
  return pollers?.length ?? 0;
};

const startWorker = (names: readonly string[], more: Record<string, string> = {}): RunningChild =>
  startChild({
    name: 'worker',
    command: process.execPath,
    args: [...WORKER_ARGS, ...names],
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      DATABASE_URL: database.appUrl,
      TEMPORAL_ADDRESS: temporal.address,
      ANTHROPIC_API_KEY: 'sk-test',
      ...more,
    },
    logFile: join(dir, `worker-${randomUUID()}.log`),
    readyWhen: 'message',
  });

describe('a worker process', () => {
  const health = async () => {
    const workflowHealth = createWorkflowHealth(temporal.client);
    const answer = await healthRoutes({ db: database.db, workflowHealth }).request('/ready');
    const { status, checks, pools } = (await answer.json()) as {
      status: string;
      checks: { workers: { ok: boolean } };
      pools: Record<PoolName, { ok: boolean; detail?: string }>;
    };
    return { code: answer.status, status, workers: checks.workers.ok, pools };
  };

  it('works in the pools it was told to and in no other, and readiness says who is missing', async () => {
    const local = startWorker(['local-ops']);
    await local.ready;
    await eventually('a poller', async () => (await pollersOf('local-ops', 'activity')) > 0);
    expect(await pollersOf('local-ops', 'workflow')).toBe(0);
    expect(await pollersOf('orchestration', 'activity')).toBe(0);
    expect(await health()).toMatchObject({
      code: 503,
      status: 'unavailable',
      workers: false,
      pools: { 'local-ops': { ok: true } },
    });

    const main = startWorker(['orchestration']);
    await main.ready;
    await eventually('a poller', async () => (await pollersOf('orchestration', 'workflow')) > 0);
    expect(await health()).toEqual({
      code: 200,
      status: 'degraded',
      workers: true,
      pools: {
        orchestration: { ok: true },
        salesforce: { ok: false, detail: 'no worker polls the salesforce queue' },
        'local-ops': { ok: true },
      },
    });
    await Promise.all([local.stop(), main.stop()]);
    expect(await Promise.all([local.exited, main.exited])).toEqual(['exit code 0', 'exit code 0']);
  });

  it('works in all of them when it is told nothing, and stops in order', async () => {
    const worker = startWorker([]);
    await worker.ready;
    await eventually('all pools', async () => (await health()).status === 'ok');
    await worker.stop();
    expect(await worker.exited).toBe('exit code 0');
  });

  it('does not start for a pool that is not there, and names those that are', async () => {
    const worker = startWorker(['jira']);
    await expect(worker.ready).rejects.toThrow();
    expect(await worker.exited).toBe('exit code 1');
    expect(worker.recentOutput()).toMatch(
      /There is no pool jira\. The pools are orchestration, salesforce, local-ops\./,
    );
  });
});

describe('a pool', () => {
  it('never does more at once than it may, and does not wait for another one', async () => {
    const gate = createGate();
    const shared = {
      connection: temporal.nativeConnection,
      namespace: 'default',
      activities: { gate: { hold: gate.hold } } as unknown as Activities,
      dataConverter: createDataConverter(),
    };
    const settings = { WORKER_CONCURRENCY: 100, WORKER_COUNT: 3, LOCAL_WORKER_COUNT: 2 };
    const pools = selectPools(settings, ['salesforce', 'local-ops']);
    const workflowWorker = await Worker.create({
      connection: temporal.nativeConnection,
      taskQueue: 'calls',
      workflowsPath: fileURLToPath(new URL('calls.workflow.ts', import.meta.url)),
    });
    const workers = await Promise.all(pools.map((pool) => createActivityWorker(shared, pool)));
    const running: RunningWorkers = runAll([workflowWorker, ...workers]);
    try {
      const start = (taskQueue: string, count: number) =>
        temporal.client.workflow.start<typeof callsWorkflow>('callsWorkflow', {
          args: [{ taskQueue, count }],
          taskQueue: 'calls',
          workflowId: randomUUID(),
        });
      const local = await start(POOLS['local-ops'], 9);
      await eventually('two at work', () => gate.inside('local-ops') === 2);
      gate.open('salesforce');
      await (await start(POOLS.salesforce, 20)).result();
      expect(gate.done('salesforce')).toBe(20);
      expect({ inside: gate.inside('local-ops'), done: gate.done('local-ops') }).toEqual({ inside: 2, done: 0 });
      gate.open('local-ops');
      await local.result();
      expect({ most: gate.most('local-ops'), done: gate.done('local-ops') }).toEqual({ most: 2, done: 9 });
      expect(gate.most('salesforce')).toBeLessThanOrEqual(3);
    } finally {
      running.stop();
      await running.ended;
    }
  });
});
