import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import type { counterWorkflow } from './support/counter.workflow.ts';
import { openTemporal, SILENT, stop } from './support/environment.ts';

/** One release of the SDK let workflows of one worker share their modules' state. */
let temporal: TestWorkflowEnvironment;
let code: string;
beforeAll(async () => {
  const workflowsPath = fileURLToPath(new URL('./support/counter.workflow.ts', import.meta.url));
  [temporal, { code }] = await Promise.all([openTemporal(), bundleWorkflowCode({ workflowsPath, logger: SILENT })]);
}, 60_000);
afterAll(() => temporal?.teardown());

it.each([100, 0])('every workflow counts from 0 in its own modules, with %d cached', async (maxCachedWorkflows) => {
  const taskQueue = `counter-${maxCachedWorkflows}`;
  const { client, nativeConnection: connection } = temporal;
  const worker = await Worker.create({ connection, taskQueue, workflowBundle: { code }, maxCachedWorkflows });
  const running = worker.run();
  const start = () =>
    client.workflow.execute<typeof counterWorkflow>('counterWorkflow', { taskQueue, workflowId: randomUUID() });
  try {
    const counted = await Promise.all(Array.from({ length: 20 }, start));
    for (const one of counted) expect(one).toEqual({ module: [1, 2], global: [1, 2] });
  } finally {
    await stop(worker, running);
  }
});
