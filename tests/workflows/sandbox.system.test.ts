import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import type { counterWorkflow } from './support/counter.workflow.ts';
import { beSilent, openServer, stop } from './support/stage.ts';

/** One release of the SDK let workflows of one worker share their modules' state. */
let server: Awaited<ReturnType<typeof openServer>>;
let connection: NativeConnection;
let clientConnection: Connection;
let code: string;
beforeAll(async () => {
  beSilent();
  const workflowsPath = fileURLToPath(new URL('./support/counter.workflow.ts', import.meta.url));
  const nothing = () => {};
  const logger = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };
  [server, { code }] = await Promise.all([openServer(), bundleWorkflowCode({ workflowsPath, logger })]);
  connection = await NativeConnection.connect({ address: server.address });
  clientConnection = await Connection.connect({ address: server.address });
}, 60_000);
afterAll(async () => {
  await clientConnection?.close();
  await connection?.close();
  await server?.remove();
});

it.each([100, 0])('every workflow counts from 0 in its own modules, with %d cached', async (maxCachedWorkflows) => {
  const taskQueue = `counter-${maxCachedWorkflows}`;
  const worker = await Worker.create({ connection, taskQueue, workflowBundle: { code }, maxCachedWorkflows });
  const running = worker.run();
  const client = new Client({ connection: clientConnection });
  const start = () =>
    client.workflow.execute<typeof counterWorkflow>('counterWorkflow', { taskQueue, workflowId: randomUUID() });
  try {
    const counted = await Promise.all(Array.from({ length: 20 }, start));
    for (const one of counted) expect(one).toEqual({ module: [1, 2], global: [1, 2] });
  } finally {
    await stop(worker, running);
  }
});
