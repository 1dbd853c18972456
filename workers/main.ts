import { Runtime, type Worker } from '@temporalio/worker';
import { hurryStop } from '../activities/heartbeating.ts';
import { createActivities } from '../activities/index.ts';
import { removeLeftProxyFolders } from '../adapters/coding-agents/proxy-folders.ts';
import { createDataConverter } from '../adapters/temporal/payload-codec.ts';
import { describeConfig, loadConfig, type Config } from '../config.ts';
import { STOPS_CHANNEL } from '../contracts/events.ts';
import { openDatabase } from '../db/database.ts';
import { createNotificationListener } from '../db/notifications.ts';
import { assertTenancyHolds } from '../db/checks.ts';
import { createLogger, failStart, type Logger } from '../logging.ts';
import { buildWorkflowBundle } from './bundle.ts';
import { createActivityWorker, createOrchestrationWorker } from './create-worker.ts';
import { createActivityDeps } from './deps.ts';
import { startMaintenance } from './maintenance.ts';
import { selectPools, type Pool } from './pools.ts';
import { runAll } from './run-all.ts';
import { watchWorkflowThreads } from './workflow-watch.ts';
import { connectNative, ensureSearchAttributes, toRuntimeLogger } from './temporal.ts';

/**
 * A worker process: `node workers/main.ts [pool …]`, all pools without a name. Connects, works until it is told to
 * stop, finishes what it holds, closes.
 */
async function main(): Promise<void> {
  const config = loadConfig();
  const pools = selectPools(config, process.argv.slice(2));
  const log = createLogger('worker', config.LOG_LEVEL);
  log.info({ config: describeConfig(config) }, 'worker starts');
  // Nobody waits for it.
  void cleanTemporaryFolder(log);
  Runtime.install({ logger: toRuntimeLogger(log), shutdownSignals: [] });
  const database = openDatabase(config.DATABASE_URL, config.DATABASE_POOL_SIZE, (error) =>
    log.warn({ err: error }, 'an idle database connection was lost'),
  );
  const [deps, connection] = await Promise.all([
    createActivityDeps(config, database, log),
    connectNative(config.temporal, (error) => log.warn({ err: error }, 'Temporal is not there yet')),
    assertTenancyHolds(database.db),
  ]);
  const activities = createActivities(deps);
  const namespace = config.temporal.namespace ?? 'default';
  const { TEMPORAL_WORKER_BUILD_ID: buildId, TEMPORAL_WORKER_DEPLOYMENT: deploymentName } = config;
  const version = buildId === undefined ? undefined : { buildId, deploymentName };
  const dataConverter = createDataConverter(config.PAYLOAD_KEYS);
  const shared = { connection, namespace, activities, dataConverter, version };
  const stopWatching = watchWorkflowThreads({ onStuck: () => endStuck(log) });
  const [workers] = await Promise.all([
    Promise.all(pools.map((pool) => createWorker(pool, shared, config))),
    ensureSearchAttributes(connection, namespace).catch((error: unknown) =>
      log.warn({ err: error }, 'search attributes could not be registered; an operator has to'),
    ),
  ]);
  const stopMaintenance = startMaintenance(database.db, log, deps);
  const stops = listenForStops(config, log);
  const running = runAll(workers);
  for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.once(signal, running.stop);
  process.send?.({ type: 'ready' });
  log.info({ namespace, pools: pools.map(({ name, concurrency }) => `${name}: ${concurrency}`) }, 'worker is ready');
  await running.ended;
  stopWatching();
  stopMaintenance();
  await stops.close();
  await deps.closeTools();
  await connection.close();
  await database.close();
  log.info('worker has stopped');
  if (process.connected) process.disconnect();
}

/** What is under way is lost with the process, and done again by whoever takes its place. */
function endStuck(log: Logger): never {
  log.fatal('a workflow does not come back; the process ends, and its successor fails the tasks of that workflow');
  process.exit(1);
}

/** A worker that was killed could not remove what it had there. */
const cleanTemporaryFolder = (log: Logger): Promise<void> =>
  removeLeftProxyFolders()
    .then((removed) => log.info({ removed }, 'temporary folders of coding agents whose worker has ended were removed'))
    .catch((error: unknown) => log.warn({ err: error }, 'the temporary folder could not be cleaned'));

/** Cancellations come without it too, a few seconds later. */
function listenForStops({ DATABASE_URL: url }: Config, log: Logger) {
  const listener = createNotificationListener({
    url,
    channel: STOPS_CHANNEL,
    onPayload: hurryStop,
    onError: (error) => log.warn({ err: error }, 'not listening for stops yet; they come with the usual beat'),
  });
  listener.open();
  return listener;
}

type Shared = Parameters<typeof createActivityWorker>[0];

async function createWorker(pool: Pool, shared: Shared, config: Config): Promise<Worker> {
  if (pool.name !== 'orchestration') return createActivityWorker(shared, pool);
  return createOrchestrationWorker({
    ...shared,
    workflows: { codePath: config.NUBABEL_WORKFLOW_BUNDLE ?? (await buildWorkflowBundle()).path },
    cachedWorkflows: config.WORKER_CACHED_WORKFLOWS,
    concurrency: pool.concurrency,
  });
}

await main().catch(failStart);
