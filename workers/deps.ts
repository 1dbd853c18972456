import type { ActivityDeps } from '../activities/index.ts';
import { createKillPoint } from '../domain/kill-points.ts';
import { createKeyPool } from '../domain/models/key-pool.ts';
import { createPriceTable } from '../domain/models/prices.ts';
import type { ModelPort } from '../domain/models/model-port.ts';
import type { NoticeDeps } from '../domain/reports/direct-notices.ts';
import { createProgressReport } from '../domain/reports/report-to-slack.ts';
import { alertText } from '../adapters/slack/work-lines.ts';
import { toReportMessage } from '../adapters/slack/report-message.ts';
import { createSlackPort, createSlackClient } from '../adapters/slack/slack-port.ts';
import { loadAgents } from '../domain/agents/load.ts';
import type { Config } from '../config.ts';
import type { Tier } from '../contracts/agents.ts';
import { toDefaultPolicy } from '../contracts/money.ts';
import { createNotifier } from '../db/notifications.ts';
import { toDefaultLimits } from '../db/queries/budget.ts';
import type { OpenDatabase } from '../db/database.ts';
import { createSealer } from '../db/sealing.ts';
import type { Logger } from '../logging.ts';
import { createDelegation } from '../adapters/coding-agents/index.ts';
import { withDelegation } from '../domain/delegation/delegate.ts';
import { createToolPorts } from '../adapters/mcp/tool-ports.ts';
import { createGrantStore } from '../domain/connections/grant-store.ts';
import { createToolHost } from '../domain/tools/create-tool-host.ts';
import { analyzeLocally } from '../domain/routing/understand.ts';
import { openSkills } from '../domain/skills/catalogue.ts';

/** A reservation that nobody settles for this long counts as spent: longer than the longest call with its retries. */
const RESERVATION_SECONDS = 15 * 60;
/** A lease outlives the longest call by this. */
const LEASE_MARGIN_SECONDS = 30;

/** A plan may take as long for each of several phases; what is set aside for it outlives that. */
const ENVELOPE_SPANS = 6;

/** The real things behind the activities. @throws when a model has no price, or an agent's or a skill's file is wrong. */
export async function createActivityDeps(
  config: Config,
  { db }: OpenDatabase,
  log: Logger,
): Promise<ActivityDeps & Closable & Pick<NoticeDeps, 'renderAlert'>> {
  const models: Record<Tier, string> = {
    fast: config.CLAUDE_HAIKU_MODEL,
    balanced: config.CLAUDE_SONNET_MODEL,
    deep: config.CLAUDE_OPUS_MODEL,
  };
  const slack = openSlackPort(config);
  const reachKillPoint = createKillPoint(config.NUBABEL_KILL_POINT);
  const reporting = { slack, renderReport: toReportMessage, renderAlert: alertText, publicUrl: config.publicUrl };
  return {
    db,
    models,
    agents: await loadAgents(),
    skills: openSkills(undefined, { onProblems: (problems) => log.warn({ problems }, 'a skill is broken') }),
    ...openTools(config, db, log),
    showProgress: createProgressReport({ ...reporting, db, reachKillPoint }, (error) =>
      log.warn({ err: error }, 'progress of a tool was not shown'),
    ),
    prices: createPriceTable(Object.values(models), config.MODEL_PRICES),
    model: createKeyPool({
      db,
      model: openModel({ baseUrl: config.ANTHROPIC_BASE_URL, timeoutMs: config.MODEL_CALL_TIMEOUT }),
      keys: config.modelKeys,
      sealer: config.CREDENTIAL_KEYS && createSealer(config.CREDENTIAL_KEYS),
      mostInFlight: config.MODEL_KEY_CONCURRENCY,
      leaseSeconds: config.MODEL_CALL_TIMEOUT / 1_000 + LEASE_MARGIN_SECONDS,
      onSwitch: (switched) => log.warn(switched, 'a model key has switched'),
      onError: (error) => log.warn({ err: error }, 'the key pool had trouble'),
    }),
    ...reporting,
    defaultLimits: limitsOf(config),
    approvalRules: { thresholdCents: config.APPROVAL_THRESHOLD_CENTS, timeoutMs: config.WORKFLOW_APPROVAL_TIMEOUT },
    maxExecutionMs: config.WORKFLOW_MAX_EXECUTION_TIME,
    envelopeSeconds: (config.WORKFLOW_MAX_EXECUTION_TIME / 1_000) * ENVELOPE_SPANS,
    healingCapCents: config.HEALING_MAX_CENTS,
    reservationSeconds: RESERVATION_SECONDS,
    alertThresholds: [config.COST_WARNING_THRESHOLD, config.COST_CRITICAL_THRESHOLD, 1],
    defaultPolicy: toDefaultPolicy(config.COST_WARNING_THRESHOLD, config.COST_CRITICAL_THRESHOLD),
    analyzeLocally,
    reachKillPoint,
    wakeReaders: createNotifier(db, (error) => log.warn({ err: error }, 'waking event readers failed')),
  };
}

/** Its SDK is loaded while the workflows' thread starts, which takes longer; a call before that waits for it. */
function openModel(settings: { readonly baseUrl: string | undefined; readonly timeoutMs: number }): ModelPort {
  const opening = import('../adapters/anthropic/anthropic-model.ts').then(({ createAnthropicModel }) =>
    createAnthropicModel(settings),
  );
  return { answer: async (...asked) => (await opening).answer(...asked) };
}

/** Undefined where no Slack is configured: then nothing reports to it. */
const openSlackPort = ({ SLACK_BOT_TOKEN: token, SLACK_API_URL: apiUrl }: Config) =>
  token ? createSlackPort(createSlackClient({ token, apiUrl })) : undefined;

const limitsOf = (config: Config) =>
  toDefaultLimits({
    userDay: config.DEFAULT_DAILY_BUDGET_CENTS,
    organizationMonth: config.DEFAULT_ORG_MONTHLY_BUDGET_CENTS,
  });

interface Closable {
  /** Ends sessions with tool servers and whatever was delegated. */
  closeTools(): Promise<void>;
}

/** What organizations are connected to, and the coding agents of this machine. */
function openTools(
  config: Config,
  db: OpenDatabase['db'],
  log: Logger,
): Pick<ActivityDeps, 'host' | 'delegation' | 'delegationTimeoutMs' | 'delegationMaxCents'> & Closable {
  const { publicUrl, EGRESS_ALLOW_PRIVATE: allowPrivate, CREDENTIAL_KEYS: keys } = config;
  const tools = createToolHost({
    ...createToolPorts({ grants: createGrantStore(db, keys && createSealer(keys)), allowPrivate }),
    db,
    publicUrl,
    onError: (error, { connectionId }) =>
      log.warn({ err: error, connectionId }, 'a connection had a fault that nobody waited for'),
  });
  const delegation = createDelegation({
    sidecarUrl: config.OPENCODE_SIDECAR_URL,
    sidecarTimeoutMs: config.OPENCODE_SIDECAR_TIMEOUT,
    claudeCodeCommand: config.CLAUDE_CODE_COMMAND,
    cursorCommand: config.CURSOR_COMMAND,
    timeoutMs: config.DELEGATION_TIMEOUT,
    env: config.delegationEnv,
    allowedHosts: config.DELEGATION_ALLOWED_HOSTS,
    dataDir: config.NUBABEL_DATA_DIR,
    onError: (error) => log.warn({ err: error }, 'a coding agent had trouble beside its work'),
  });
  return {
    host: withDelegation(tools, { db, delegation }),
    delegation,
    delegationTimeoutMs: Math.max(config.DELEGATION_TIMEOUT, config.OPENCODE_SIDECAR_TIMEOUT),
    delegationMaxCents: config.DELEGATION_MAX_CENTS,
    closeTools: async () => {
      await delegation.close();
      await tools.close();
    },
  };
}
