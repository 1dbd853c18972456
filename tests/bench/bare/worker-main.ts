import { NativeConnection, Runtime, Worker, DefaultLogger } from '@temporalio/worker';
import { bareActivities } from './activities.ts';
import { BARE_QUEUE } from './shape.ts';

/** A worker for the bare workflows, with the product's settings: `node worker-main.ts <bundle>`. */
Runtime.install({ logger: new DefaultLogger('WARN'), shutdownSignals: [] });
const connection = await NativeConnection.connect({ address: process.env['TEMPORAL_ADDRESS'] });
const worker = await Worker.create({
  connection,
  taskQueue: BARE_QUEUE,
  workflowBundle: { codePath: process.argv[2] ?? '' },
  activities: bareActivities,
  maxCachedWorkflows: 100,
  maxConcurrentActivityTaskExecutions: 100,
  maxConcurrentLocalActivityExecutions: 100,
});
for (const signal of ['SIGTERM', 'disconnect'] as const)
  process.once(signal, () => worker.getState() === 'RUNNING' && worker.shutdown());
const running = worker.run();
process.send?.({ type: 'ready' });
await running;
await connection.close();
if (process.connected) process.disconnect();
