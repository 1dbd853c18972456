import { serve, type ServerType } from '@hono/node-server';
import { Client, Connection } from '@temporalio/client';
import type { WebClient } from '@slack/web-api';
import type { Receiver } from '@slack/bolt';
import { ConfigurationError, describeConfig, loadConfig, type Config } from '../config.ts';
import { openDatabase } from '../db/database.ts';
import { assertTenancyHolds } from '../db/guard.ts';
import { createNotifier } from '../db/notifier.ts';
import { createLogger } from '../logging.ts';
import { detectLanguage } from '../routing/language.ts';
import { createSlackClient } from '../slack-client.ts';
import { createApp } from './app.ts';
import { bootstrapDefaultOrganization, DEFAULT_ORGANIZATION_ID } from './bootstrap.ts';
import type { ApiDeps } from './deps.ts';
import { createHandOver } from './hand-over.ts';
import { openLocalRouter } from './local-router.ts';
import { startRelay } from './relay.ts';
import { createRecentKeys, createSlackApp, createSocketReceiver } from './slack/app.ts';
import { createHonoReceiver, type HonoReceiver } from './slack/receiver.ts';
import { mapOwnWorkspace } from './slack/workspace.ts';
import { createEventHub } from './sse/hub.ts';

const RECENT_SLACK_MESSAGES = 5_000;

/** An API process: opens the doors, relays what waits, closes them in order when told to stop. */
async function main(): Promise<void> {
  const config = loadConfig();
  const log = createLogger('api', config.LOG_LEVEL);
  log.info({ config: describeConfig(config) }, 'api starts');
  const { db, close } = openDatabase(config.DATABASE_URL, config.DATABASE_POOL_SIZE, (error) =>
    log.warn({ err: error }, 'an idle database connection was lost'),
  );
  await assertTenancyHolds(db);
  await bootstrapDefaultOrganization(db, config.NUBABEL_DEV_TOKEN);
  // Lazy, so that requests are accepted while Temporal is away.
  const connection = Connection.lazy(config.temporal.connectionOptions);
  const temporal = new Client({ connection, namespace: config.temporal.namespace ?? 'default' });
  const hub = createEventHub({ db, url: config.DATABASE_URL, log });
  const deps: ApiDeps = {
    db,
    temporal,
    log,
    hub,
    handOver: createHandOver({ db, temporal, log }),
    routeLocally: await openLocalRouter(),
    detectLanguage,
    wakeReaders: createNotifier(db, (error) => log.warn({ err: error }, 'waking event readers failed')),
    demo: config.NUBABEL_DEMO_MODEL,
    temporalUiUrl: config.TEMPORAL_UI_URL
      ? `${config.TEMPORAL_UI_URL.replace(/\/+$/, '')}/namespaces/${temporal.options.namespace}`
      : null,
    webDir: config.NUBABEL_WEB_DIR,
  };
  const slack = await openSlack(config, deps);
  hub.start();
  const stopRelay = startRelay(deps);
  const server = await listen(createApp(deps, slack?.http?.routes).fetch, config);
  process.send?.({ type: 'ready' });
  log.info({ port: config.PORT }, 'api is ready');

  const stop = async () => {
    // Streams first: the server would wait for them for ever.
    await hub.stop();
    await new Promise((resolve) => server.close(resolve));
    await slack?.receiver.stop();
    await stopRelay();
    await connection.close();
    await close();
    log.info('api has stopped');
    if (process.connected) process.disconnect();
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.once(signal, () => void stop());
}

interface OpenSlack {
  readonly receiver: Receiver;
  readonly http: HonoReceiver | undefined;
}

/** Slack over HTTP, or over a socket when there is an app token; undefined when none is configured. */
async function openSlack(config: Config, deps: ApiDeps): Promise<OpenSlack | undefined> {
  const botToken = config.SLACK_BOT_TOKEN;
  if (!botToken) return undefined;
  const client: WebClient = createSlackClient({ token: botToken, apiUrl: config.SLACK_API_URL });
  const mapping = mapOwnWorkspace({ db: deps.db, client, log: deps.log }, DEFAULT_ORGANIZATION_ID);
  const door = {
    ...deps,
    people: { client, unknownUsers: config.SLACK_UNKNOWN_USERS },
    firstTime: createRecentKeys(RECENT_SLACK_MESSAGES),
  };
  const http = config.SLACK_APP_TOKEN ? undefined : createHonoReceiver(config.SLACK_SIGNING_SECRET ?? '');
  const onError = (error: unknown) => deps.log.error({ err: error }, 'a Slack event failed and comes again');
  const receiver = http?.receiver ?? createSocketReceiver(config.SLACK_APP_TOKEN ?? '', client, onError);
  await createSlackApp({ door, botToken, mapping }, receiver);
  await receiver.start();
  return { receiver, http };
}

const listen = (
  fetch: Parameters<typeof serve>[0]['fetch'],
  { PORT: port, HOST: hostname }: Config,
): Promise<ServerType> =>
  new Promise((resolve, reject) => {
    const server = serve({ fetch, port, hostname }, () => resolve(server));
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new ConfigurationError(`Port ${port} is taken by another program. Set PORT.`)
          : error,
      ),
    );
  });

await main().catch((error: unknown) => {
  const sentence =
    error instanceof Error ? (error instanceof ConfigurationError ? error.message : error.stack) : String(error);
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
});
