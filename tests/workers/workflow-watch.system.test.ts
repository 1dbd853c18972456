import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { WORKER_ARGS } from '../../dev/product.ts';
import { eventually } from '../support/eventually.ts';
import { openTemporal } from '../workflows/support/environment.ts';
import type { calmWorkflow, endlessWorkflow, waitingWorkflow } from './looping.workflow.ts';

/** Threads of workflows without the SDK's timer and stack traces, in processes that run like a worker. */
let temporal: TestWorkflowEnvironment;
const children: ChildProcess[] = [];
beforeAll(async () => {
  temporal = await openTemporal();
}, 60_000);
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => temporal?.teardown());

async function openWorker(taskQueue: string, guardedMs: number): Promise<ChildProcess> {
  const args = [temporal.address, taskQueue, String(guardedMs)];
  const execArgv = WORKER_ARGS.slice(0, 2);
  const child = fork(join(import.meta.dirname, 'looping-main.ts'), args, { execArgv });
  children.push(child);
  await once(child, 'message');
  return child;
}

const start = <W extends () => Promise<unknown>>(name: string, taskQueue: string) =>
  temporal.client.workflow.start<() => ReturnType<W>>(name, { taskQueue, workflowId: randomUUID(), args: [] });

async function failedTasksOf(workflowId: string): Promise<string[]> {
  const { events } = await temporal.client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).flatMap(({ workflowTaskFailedEventAttributes: failed }) => failed?.failure?.message ?? []);
}

const attemptOf = async (workflowId: string): Promise<number> =>
  (await temporal.client.workflow.getHandle(workflowId).describe()).raw.pendingWorkflowTask?.attempt ?? 0;

describe('a workflow that does not come back', () => {
  it('ends a process that watches; the next one fails its task, again and again, and works for the others', async () => {
    const taskQueue = randomUUID();
    const first = await openWorker(taskQueue, 0);
    const before = await start<typeof calmWorkflow>('calmWorkflow', taskQueue);
    await expect(before.result()).resolves.toBe('done');
    const endless = await start<typeof endlessWorkflow>('endlessWorkflow', taskQueue);
    expect(await once(first, 'exit')).toEqual([7, null]);

    // Its calls are free again long before the third attempt.
    const second = await openWorker(taskQueue, 12_000);
    await eventually('a third attempt', async () => (await attemptOf(endless.workflowId)) >= 4, 90_000);
    expect(await failedTasksOf(endless.workflowId)).toContainEqual(expect.stringContaining('timed out'));
    const after = await start<typeof calmWorkflow>('calmWorkflow', taskQueue);
    await expect(after.result()).resolves.toBe('done');
    expect(second.exitCode).toBeNull();
  }, 180_000);
});

it('keeps no stack traces of promises, and says so to whoever asks for them', async () => {
  const taskQueue = randomUUID();
  await openWorker(taskQueue, 0);
  const waiting = await start<typeof waitingWorkflow>('waitingWorkflow', taskQueue);
  await expect(waiting.query('__stack_trace')).rejects.toThrow('not enabled');
});
