import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { watchWorkflowThreads } from '../../workers/workflow-watch.ts';
import { silenceRuntime } from '../workflows/support/environment.ts';

/** A worker whose workflows may not come back: address, queue, and for how long its calls are guarded, ms. */
const [address, taskQueue = '', guardedMs] = process.argv.slice(2);
silenceRuntime();
watchWorkflowThreads({ stuckMs: 8_000, guardedMs: Number(guardedMs), onStuck: () => process.exit(7) });
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue,
  workflowsPath: fileURLToPath(new URL('looping.workflow.ts', import.meta.url)),
});
const running = worker.run();
process.send?.('ready');
await running;
