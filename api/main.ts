import type { WebClient } from '@slack/web-api';
import { serve, type ServerType } from '@hono/node-server';
import { Client, Connection } from '@temporalio/client';
import { ConfigurationError, describeConfig, loadConfig, type Config } from '../config.ts';
import { isLoopbackHost, NOT_THIS_HOST } from '../contracts/loopback.ts';
import { toDefaultPolicy } from '../contracts/money.ts';
import { openDatabase, isPassing } from '../db/database.ts';
import { assertTenancyHolds } from '../db/checks.ts';
import { environmentAccountId, createSealer } from '../db/sealing.ts';
import { createNotificationListener, createNotifier } from '../db/notifications.ts';
import { toDefaultLimits } from '../db/queries/budget.ts';
import { clientIdDocument } from '../adapters/mcp/host/oauth/client.ts';
import { progressTo } from '../adapters/mcp/servers/call-result.ts';
import { createSlackClient } from '../adapters/slack/slack-port.ts';
import { createWorkflowClient, createWorkflowHealth } from '../adapters/temporal/workflow-client.ts';
import { EVENTS_CHANNEL, STOPS_CHANNEL } from '../contracts/events.ts';
import { createDispatcher } from '../domain/inbox/dispatcher.ts';
import { startRelay } from '../domain/inbox/relay.ts';
import { createLogger, failStart } from '../logging.ts';
import { createMcpSessions } from './mcp/sessions.ts';
import { DELEGATION_TOOLS } from '../contracts/tools.ts';
import { DELEGATION_DEFINITIONS } from '../adapters/coding-agents/tools.ts';
import { withDelegation } from '../domain/delegation/delegate.ts';
import { createToolPorts } from '../adapters/mcp/tool-ports.ts';
import { createGrantStore } from '../domain/connections/grant-store.ts';
import { createToolHost } from '../domain/tools/create-tool-host.ts';
import { loadAgents } from '../domain/agents/load.ts';
import { openSkills } from '../domain/skills/catalogue.ts';
import { createApp } from './app.ts';
import { bootstrapDefaultOrganization, DEFAULT_ORGANIZATION_ID } from '../domain/organizations/organizations.ts';
import type { ApiDeps } from './deps.ts';
import { createDataConverter, createPayloadCodec } from '../adapters/temporal/payload-codec.ts';
import { openLocalRouter } from '../domain/routing/local-router.ts';
import type { OpenSlack } from './slack/app.ts';
import { listChannels, loadProfile } from './slack/people.ts';
import { createMembershipRefresh } from '../domain/organizations/memberships.ts';
import { createEventHub } from '../domain/events/event-hub.ts';

/** An API process: serves, relays what waits, and closes in order when told to stop. */
async function main(): Promise<void> {
  const config = loadConfig();
  const log = createLogger('api', config.LOG_LEVEL);
  log.info({ config: describeConfig(config) }, 'api starts');
  const { db, close } = openPool(config, log);
  const [router, agents] = await Promise.all([openLocalRouter(), loadAgents(), prepareDatabase(db, config)]);
  const { connection, temporal } = connectTemporal(config);
  const hurryStop = createNotifier(db, (error) => log.warn({ err: error }, 'a stop was not hurried'), STOPS_CHANNEL);
  const workflows = createWorkflowClient(temporal, hurryStop);
  const hub = openHub(config, db, log);
  const slackClient = openSlackClient(config);
  const deps: ApiDeps = {
    db,
    isDatabaseAway: isPassing,
    log,
    hub,
    workflows,
    workflowHealth: createWorkflowHealth(temporal),
    dispatcher: createDispatcher({ db, workflows, log }),
    router,
    routingCache: config.ROUTING_CACHE,
    wakeReaders: createNotifier(db, (error) => log.warn({ err: error }, 'waking event readers failed')),
    demo: config.NUBABEL_DEMO_MODEL,
    temporalUiUrl: namespaceUrl(config.TEMPORAL_UI_URL, temporal.options.namespace),
    agents,
    skills: openBuiltInSkills(log),
    payloadCodec: createPayloadCodec(config.PAYLOAD_KEYS ?? []),
    ...fromConfig(config),
    ...openTools(config, db, log),
    ...(slackClient && askSlack(slackClient, { db, log })),
  };
  const slack = await openConfiguredSlack(config, deps, slackClient);
  hub.start();
  const stopRelay = startRelay(deps);
  const server = await listen(createApp(deps, slack?.http?.routes).fetch, config);
  process.send?.({ type: 'ready' });
  log.info({ port: config.PORT }, 'api is ready');

  stopWhenTold(async () => {
    // Streams first: the server would wait for them for ever.
    await Promise.all([hub.stop(), deps.mcpSessions.close()]);
    await new Promise((resolve) => server.close(resolve));
    await slack?.receiver.stop();
    await stopRelay();
    await deps.tools.close();
    await connection.close();
    await close();
    log.info('api has stopped');
    if (process.connected) process.disconnect();
  });
}

/** @throws when tenancy would not hold there. */
async function prepareDatabase(db: ApiDeps['db'], { NUBABEL_DEV_TOKEN: devToken }: Config): Promise<void> {
  await assertTenancyHolds(db);
  await bootstrapDefaultOrganization(db, devToken);
}

/** Lazy, so that requests are accepted while Temporal is away. */
function connectTemporal(config: Config): { connection: Connection; temporal: Client } {
  const connection = Connection.lazy(config.temporal.connectionOptions);
  const namespace = config.temporal.namespace ?? 'default';
  const dataConverter = createDataConverter(config.PAYLOAD_KEYS);
  return { connection, temporal: new Client({ connection, namespace, dataConverter }) };
}

/** Once, whatever says so first. */
function stopWhenTold(stop: () => Promise<void>): void {
  let stopping = false;
  const once = () => {
    if (!stopping) void stop();
    stopping = true;
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.once(signal, once);
}

/** What the configuration says where an organization has decided nothing, and what encrypts its secrets. */
const fromConfig = (
  config: Config,
): Pick<ApiDeps, 'webDir' | 'defaultLimits' | 'defaultPolicy' | 'sharedAccounts' | 'sealer'> => ({
  webDir: config.NUBABEL_WEB_DIR,
  defaultLimits: toDefaultLimits({
    userDay: config.DEFAULT_DAILY_BUDGET_CENTS,
    organizationMonth: config.DEFAULT_ORG_MONTHLY_BUDGET_CENTS,
  }),
  defaultPolicy: toDefaultPolicy(config.COST_WARNING_THRESHOLD, config.COST_CRITICAL_THRESHOLD),
  sharedAccounts: config.modelKeys.map(environmentAccountId),
  sealer: config.CREDENTIAL_KEYS && createSealer(config.CREDENTIAL_KEYS),
});

const openPool = (config: Config, log: ApiDeps['log']) =>
  openDatabase(config.DATABASE_URL, config.DATABASE_POOL_SIZE, (error) =>
    log.warn({ err: error }, 'an idle database connection was lost'),
  );

const openBuiltInSkills = (log: ApiDeps['log']) =>
  openSkills(undefined, { onProblems: (problems) => log.warn({ problems }, 'a skill is broken') });

const openHub = (config: Config, db: ApiDeps['db'], log: ApiDeps['log']) =>
  createEventHub({
    db,
    log,
    listen: (onPayload) =>
      createNotificationListener({
        url: config.DATABASE_URL,
        channel: EVENTS_CHANNEL,
        onPayload,
        onError: (error) => log.warn({ err: error }, 'not listening for events yet; the slow look goes on'),
      }),
  });

/** What organizations are connected to. */
function openTools(
  config: Config,
  db: ApiDeps['db'],
  log: ApiDeps['log'],
): Pick<
  ApiDeps,
  | 'tools'
  | 'authorizations'
  | 'checkAddress'
  | 'publicUrl'
  | 'allowPrivateAddresses'
  | 'mcpSessions'
  | 'mcpProgress'
  | 'describeClient'
> {
  const { publicUrl, EGRESS_ALLOW_PRIVATE: allowPrivate, CREDENTIAL_KEYS: keys } = config;
  const sealer = keys && createSealer(keys);
  const onError = (error: unknown, { connectionId }: { readonly connectionId: string }) =>
    log.warn({ err: error, connectionId }, 'a connection had a fault that nobody waited for');
  const ports = createToolPorts({ grants: createGrantStore(db, sealer), allowPrivate });
  const tools = createToolHost({ ...ports, db, publicUrl, onError });
  // Whether they are there only workers know: whoever calls one that is not is told what to set.
  const codingAgents = { tools: () => DELEGATION_DEFINITIONS, available: async () => [...DELEGATION_TOOLS] };
  return {
    tools: withDelegation(tools, { db, delegation: codingAgents }),
    authorizations: ports.authorizations,
    checkAddress: ports.checkAddress,
    publicUrl,
    allowPrivateAddresses: allowPrivate,
    mcpSessions: createMcpSessions(),
    mcpProgress: progressTo,
    describeClient: clientIdDocument,
  };
}

const openSlackClient = ({ SLACK_BOT_TOKEN: token, SLACK_API_URL: apiUrl }: Config) =>
  token ? createSlackClient({ token, apiUrl }) : undefined;

/** What Slack is asked about people. */
const askSlack = (
  client: WebClient,
  deps: Pick<ApiDeps, 'db' | 'log'>,
): Pick<ApiDeps, 'loadProfile' | 'refreshMemberships'> => ({
  loadProfile: (teamId, userId) => loadProfile(client, teamId, userId),
  refreshMemberships: createMembershipRefresh({
    ...deps,
    listChannels: (teamId, userId) => listChannels(client, teamId, userId),
  }),
});

/** Undefined when no bot token is set; then what speaks with Slack is not loaded either. */
async function openConfiguredSlack(
  config: Config,
  deps: ApiDeps,
  client: ReturnType<typeof openSlackClient>,
): Promise<OpenSlack | undefined> {
  const { SLACK_BOT_TOKEN: botToken } = config;
  const { loadProfile: load } = deps;
  if (!botToken || !client || !load) return undefined;
  const { openSlack } = await import('./slack/app.ts');
  return openSlack(
    { ...deps, client, loadProfile: load },
    {
      botToken,
      signingSecret: config.SLACK_SIGNING_SECRET,
      appToken: config.SLACK_APP_TOKEN,
      unknownUsers: config.SLACK_UNKNOWN_USERS,
      organizationId: DEFAULT_ORGANIZATION_ID,
    },
  );
}

const namespaceUrl = (uiUrl: string | undefined, namespace: string): string | null =>
  uiUrl ? `${uiUrl.replace(/\/+$/, '')}/namespaces/${namespace}` : null;

const listen = (fetch: Fetch, config: Config): Promise<ServerType> =>
  new Promise((resolve, reject) => {
    const { PORT: port, HOST: hostname } = config;
    const server = serve({ fetch: ofThisMachine(fetch, config), port, hostname }, () => resolve(server));
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new ConfigurationError(`Port ${port} is taken by another program. Set PORT.`)
          : error,
      ),
    );
  });

type Fetch = Parameters<typeof serve>[0]['fetch'];

/** Where only this machine reaches the API, it answers to this machine's names and to its public one alone. */
function ofThisMachine(fetch: Fetch, { HOST, publicUrl }: Config): Fetch {
  if (!isLoopbackHost(HOST)) return fetch;
  const { host: publicHost } = new URL(publicUrl);
  return (request, ...rest) => {
    const host = request.headers.get('host') ?? undefined;
    if (isLoopbackHost(host) || host === publicHost) return fetch(request, ...rest);
    const problem = { type: 'about:blank', title: 'Misdirected request', status: 421, detail: NOT_THIS_HOST.trim() };
    const headers = { 'content-type': 'application/problem+json', connection: 'close' };
    return new Response(JSON.stringify(problem), { status: 421, headers });
  };
}

await main().catch(failStart);
