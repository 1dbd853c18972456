import { Runtime } from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import { describeConfig, loadConfig } from '../config.ts';
import { openDatabase } from '../db/database.ts';
import { assertTenancyHolds } from '../db/guard.ts';
import { createLogger, failStart } from '../logging.ts';
import { buildWorkflowBundle } from './bundle.ts';
import { createOrchestrationWorker } from './create-worker.ts';
import { createActivityDeps } from './deps.ts';
import { startMaintenance } from './maintenance.ts';
import { connectNative, ensureSearchAttributes } from './temporal.ts';
import { toRuntimeLogger } from './runtime-logger.ts';

/** A worker process: connects, works until it is told to stop, finishes what it holds, closes. */
async function main(): Promise<void> {
  const config = loadConfig();
  const log = createLogger('worker', config.LOG_LEVEL);
  log.info({ config: describeConfig(config) }, 'worker starts');
  Runtime.install({ logger: toRuntimeLogger(log), shutdownSignals: [] });
  const database = openDatabase(config.DATABASE_URL, config.DATABASE_POOL_SIZE, (error) =>
    log.warn({ err: error }, 'an idle database connection was lost'),
  );
  await assertTenancyHolds(database.db);
  const activities = createActivities(await createActivityDeps(config, database, log));
  const codePath = config.NUBABEL_WORKFLOW_BUNDLE ?? (await buildWorkflowBundle()).path;
  const connection = await connectNative(config.temporal, (error) =>
    log.warn({ err: error }, 'Temporal is not there yet'),
  );
  const namespace = config.temporal.namespace ?? 'default';
  await ensureSearchAttributes(connection, namespace).catch((error: unknown) =>
    log.warn({ err: error }, 'search attributes could not be registered; an operator has to'),
  );
  const worker = await createOrchestrationWorker({
    connection,
    namespace,
    activities,
    workflows: { codePath },
    cachedWorkflows: config.WORKER_CACHED_WORKFLOWS,
    concurrency: config.WORKER_CONCURRENCY,
  });
  const stopMaintenance = startMaintenance(database.db, log);
  const stop = () => {
    if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.once(signal, stop);
  const running = worker.run();
  process.send?.({ type: 'ready' });
  log.info({ namespace }, 'worker is ready');
  await running;
  stopMaintenance();
  await connection.close();
  await database.close();
  log.info('worker has stopped');
  if (process.connected) process.disconnect();
}

await main().catch(failStart);
