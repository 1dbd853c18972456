import { loadClientConnectConfig, type ClientConnectConfig } from '@temporalio/envconfig';
import { z } from 'zod';

const cents = z.coerce.number().min(0);
const ms = z.coerce.number().int().positive();
const share = z.coerce.number().min(0).max(1);
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const optionalText = z.string().trim().min(1).optional();

/** Temporal puts both names of a worker's version together and refuses what it could not take apart. */
const versionName = (shape: RegExp, problem: string) =>
  z.string().trim().regex(shape, `${problem}, which Temporal does not take`);

const Price = z.strictObject({
  input: z.number().min(0),
  output: z.number().min(0),
  cacheWrite5m: z.number().min(0).optional(),
  cacheWrite1h: z.number().min(0).optional(),
  cacheRead: z.number().min(0).optional(),
});

const jsonOf = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: 'is not valid JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);

/** `a, b`: trimmed, none of them empty. */
const listOf = <T extends z.ZodType<unknown, string>>(entry: T) =>
  z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(z.array(entry));

/** A key travels in a header, which takes no other characters. */
const apiKey = z.string().regex(/^[\x21-\x7e]{1,512}$/, 'is empty or has characters that no key has');

const ENCRYPTION_KEY = /^([\w-]{1,32}):([A-Za-z0-9+/_-]+={0,2})$/;
const ENCRYPTION_KEY_BYTES = 32;

const encryptionKey = z.string().transform((text, context) => {
  const [, id = '', base64 = ''] = ENCRYPTION_KEY.exec(text) ?? [];
  const key = Buffer.from(base64, 'base64');
  if (key.length === ENCRYPTION_KEY_BYTES) return { id, key };
  context.addIssue({ code: 'custom', message: 'is not <id>:<32 bytes as base64>' });
  return z.NEVER;
});

/** The first encrypts, all decrypt. */
const encryptionKeys = listOf(encryptionKey)
  .refine((keys) => new Set(keys.map(({ id }) => id)).size === keys.length, 'has an id twice')
  .transform(([first, ...rest]) => (first ? ([first, ...rest] as const) : z.NEVER));

/** Variables of ours that hold what no coding agent may have, beside the settings below. */
const OURS = /^(?:NUBABEL|SLACK|TEMPORAL|PG)_?/;
/** Settings of ours that a coding agent may need as well. */
const SHARED = ['ANTHROPIC_API_KEY', 'ANTHROPIC_BASE_URL'];

/** A name with a dot: one without is of a local network. Other ports below 1024 are refused when they are asked for. */
const PUBLIC_HOST = /^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?\.)+[a-z0-9-]+(?::(?:443|\d{4,5}))?$/i;

/** Every variable the product reads; `.env.example` has a sentence for each. */
const Env = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  HOST: z.string().default('127.0.0.1'),
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  DATABASE_POOL_SIZE: z.coerce.number().int().min(1).max(500).default(20),
  ANTHROPIC_API_KEY: z.string().trim().pipe(apiKey).optional(),
  ANTHROPIC_API_KEYS: listOf(apiKey).optional(),
  MODEL_KEY_CONCURRENCY: z.coerce.number().int().min(1).max(10_000).default(50),
  CREDENTIAL_KEYS: encryptionKeys.optional(),
  PAYLOAD_KEYS: encryptionKeys.optional(),
  ANTHROPIC_BASE_URL: z.url({ protocol: /^https?$/ }).optional(),
  CLAUDE_HAIKU_MODEL: z.string().min(1).default('claude-haiku-5-5'),
  CLAUDE_SONNET_MODEL: z.string().min(1).default('claude-sonnet-5-5'),
  CLAUDE_OPUS_MODEL: z.string().min(1).default('claude-opus-5-5'),
  MODEL_PRICES: jsonOf(z.record(z.string(), Price)).optional(),
  MODEL_CALL_TIMEOUT: ms.default(300_000),
  NUBABEL_DEMO_MODEL: flag.default(false),
  SLACK_BOT_TOKEN: optionalText,
  SLACK_SIGNING_SECRET: optionalText,
  SLACK_APP_TOKEN: optionalText,
  SLACK_API_URL: z.url({ protocol: /^https?$/ }).optional(),
  SLACK_UNKNOWN_USERS: z.enum(['create', 'reject']).default('create'),
  EGRESS_ALLOW_PRIVATE: flag.default(false),
  OPENCODE_SIDECAR_URL: z.url({ protocol: /^https?$/ }).optional(),
  OPENCODE_SIDECAR_TIMEOUT: ms.default(120_000),
  CLAUDE_CODE_COMMAND: optionalText,
  CURSOR_COMMAND: optionalText,
  DELEGATION_TIMEOUT: ms.default(1_800_000),
  DELEGATION_MAX_CENTS: cents.default(200),
  DELEGATION_ENV: listOf(z.string().regex(/^[A-Za-z_]\w*$/, 'is no name of a variable')).optional(),
  DELEGATION_ALLOWED_HOSTS: listOf(z.string().regex(PUBLIC_HOST, 'is no host, host:port or *.host')).default([]),
  ROUTING_CACHE: flag.default(true),
  NUBABEL_DEV_TOKEN: z.string().min(8, 'needs at least 8 characters').optional(),
  NUBABEL_DATA_DIR: z.string().min(1).default('.data'),
  NUBABEL_CACHE_DIR: optionalText,
  NUBABEL_WORKFLOW_BUNDLE: optionalText,
  NUBABEL_WEB_DIR: z.string().min(1).default('dist/web'),
  NUBABEL_KILL_POINT: optionalText,
  TEMPORAL_CLI: optionalText,
  TEMPORAL_CLI_RELEASES: z.string().default('https://github.com/temporalio/cli/releases/download'),
  TEMPORAL_UI_URL: z.url({ protocol: /^https?$/ }).optional(),
  WORKER_COUNT: z.coerce.number().int().min(1).max(1_000).default(3),
  LOCAL_WORKER_COUNT: z.coerce.number().int().min(1).max(1_000).default(2),
  WORKER_PROCESSES: z.coerce.number().int().min(1).max(32).default(1),
  WORKER_CACHED_WORKFLOWS: z.coerce.number().int().min(1).max(10_000).default(100),
  TEMPORAL_TRUSTED_NETWORK: flag.default(false),
  TEMPORAL_WORKER_BUILD_ID: versionName(/^(?!__).{1,255}$/, 'begins with __ or is too long').optional(),
  TEMPORAL_WORKER_DEPLOYMENT: versionName(
    /^(?!__)[^.:]{1,255}$/,
    'has "." or ":" in it, begins with __ or is too long',
  ).default('nubabel'),
  WORKER_CONCURRENCY: z.coerce.number().int().min(1).max(2_000).default(100),
  DEFAULT_DAILY_BUDGET_CENTS: cents.default(1000),
  DEFAULT_ORG_MONTHLY_BUDGET_CENTS: cents.default(100_000),
  COST_WARNING_THRESHOLD: share.default(0.8),
  COST_CRITICAL_THRESHOLD: share.default(0.95),
  APPROVAL_THRESHOLD_CENTS: cents.default(100),
  HEALING_MAX_CENTS: cents.default(50),
  WORKFLOW_APPROVAL_TIMEOUT: ms.default(600_000),
  WORKFLOW_MAX_EXECUTION_TIME: ms.default(3_600_000),
});

/** An empty value means "not set": `.env` files and Compose write `NAME=` for that. */
const withoutEmpty = (env: NodeJS.ProcessEnv) =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''));

/** What the Slack variables need of each other; looked at apart, so that it is told beside every other problem. */
function slackProblems({
  SLACK_BOT_TOKEN: bot,
  SLACK_SIGNING_SECRET: secret,
  SLACK_APP_TOKEN: app,
}: NodeJS.ProcessEnv) {
  if (bot && !secret && !app)
    return [
      'SLACK_SIGNING_SECRET: SLACK_BOT_TOKEN needs SLACK_SIGNING_SECRET (events over HTTP) or SLACK_APP_TOKEN (Socket Mode)',
    ];
  if (!bot && (secret || app))
    return ['SLACK_BOT_TOKEN: SLACK_SIGNING_SECRET and SLACK_APP_TOKEN are of no use without SLACK_BOT_TOKEN'];
  return [];
}

/** A coding agent may have keys of its own, and none of what Nubabel works with. */
const delegationProblems = ({ DELEGATION_ENV: names = '' }: NodeJS.ProcessEnv): string[] =>
  names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => (name in Env.shape || OURS.test(name)) && !SHARED.includes(name))
    .map((name) => `DELEGATION_ENV: ${name} is Nubabel's own, and not for coding agents`);

/** The Temporal that the environment names, with every way to sign in; otherwise Temporal's own default. */
function temporalOf(env: NodeJS.ProcessEnv): ClientConnectConfig | string {
  try {
    return loadClientConnectConfig({ overrideEnvVars: stringsOf(env) });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const THIS_MACHINE = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/** Whoever reaches Temporal unhindered decides and reads in anybody's name there. */
function temporalProblems(env: NodeJS.ProcessEnv): string[] {
  const temporal = temporalOf(env);
  if (typeof temporal === 'string') return [`TEMPORAL_*: ${temporal}`];
  const { address = 'localhost:7233', tls, apiKey, metadata } = temporal.connectionOptions;
  if (THIS_MACHINE.test(address) || env['TEMPORAL_TRUSTED_NETWORK'] === 'true') return [];
  const otherwise =
    'set TEMPORAL_TRUSTED_NETWORK=true where nobody but Nubabel reaches it, such as in a mesh of your own';
  if (!tls)
    return [
      `TEMPORAL_ADDRESS: ${address} is reached without TLS: set TEMPORAL_TLS=true or TEMPORAL_API_KEY, or ${otherwise}`,
    ];
  const hasCertificate = typeof tls === 'object' && tls.clientCertPair !== undefined;
  const hasHeader = Object.keys(metadata ?? {}).some((name) => name.toLowerCase() === 'authorization');
  if (apiKey !== undefined || hasCertificate || hasHeader) return [];
  return [
    `TEMPORAL_ADDRESS: ${address} is reached without saying who calls: set TEMPORAL_API_KEY or TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH, or ${otherwise}`,
  ];
}

/** `npm start` brings a Temporal of its own unless the environment names one. */
const namesTemporal = (env: NodeJS.ProcessEnv): boolean =>
  Boolean(env['TEMPORAL_ADDRESS'] || env['TEMPORAL_PROFILE'] || env['TEMPORAL_CONFIG_FILE']);

function parse<T extends z.ZodType>(schema: T, env: NodeJS.ProcessEnv, needsTemporal: boolean): z.infer<T> {
  const given = withoutEmpty(env);
  const parsed = schema.safeParse(given);
  const issues = parsed.error?.issues ?? [];
  const problems = [
    ...issues.map((issue) => `${issue.path.join('.') || 'environment'}: ${issue.message}`),
    ...slackProblems(given),
    ...delegationProblems(given),
    ...(needsTemporal ? temporalProblems(env) : []),
  ];
  if (parsed.success && problems.length === 0) return parsed.data;
  const lines = problems.map((problem) => `  ${problem}`);
  throw new ConfigurationError(`The configuration has ${problems.length} problem(s):\n${lines.join('\n')}`);
}

/** Every problem of the environment, one per line; a `main.ts` prints it and exits. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

export type Settings = z.infer<typeof Env>;
export interface EnvironmentSettings extends Settings {
  readonly env: NodeJS.ProcessEnv;
  /** Of all variables that are settings of ours. */
  readonly names: readonly string[];
}
export interface Config extends Settings {
  readonly DATABASE_URL: string;
  readonly temporal: ClientConnectConfig;
  /** Where people and authorization servers reach the API; without a trailing slash. */
  readonly publicUrl: string;
  /** The keys for the model that all organizations share. */
  readonly modelKeys: readonly string[];
  /** All that coding agents on the command line may see of the environment. */
  readonly delegationEnv: Readonly<Record<string, string>>;
}

/** The keys that all organizations share, from both variables; without any, a server of one's own may need none. */
function modelKeysOf(settings: Settings): string[] {
  const keys = [...(settings.ANTHROPIC_API_KEYS ?? []), settings.ANTHROPIC_API_KEY].filter((key) => key !== undefined);
  return keys.length === 0 && settings.ANTHROPIC_BASE_URL ? ['not-set'] : [...new Set(keys)];
}

/** What every program needs, and what the operator has named; nothing else of ours leaves this process. */
function delegationEnvOf({ DELEGATION_ENV = [] }: Settings, env: NodeJS.ProcessEnv): Record<string, string> {
  const given = stringsOf(env);
  const names = ['PATH', 'HOME', 'LANG', ...DELEGATION_ENV].filter((name) => given[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, given[name] ?? '']));
}

/** What `npm start` reads: it may bring its own database and Temporal. */
export const loadSettings = (env: NodeJS.ProcessEnv = process.env): EnvironmentSettings => ({
  ...parse(Env, env, namesTemporal(env)),
  env,
  names: Object.keys(Env.shape),
});

/** The Temporal that the environment names. @throws ConfigurationError when its settings cannot be read. */
export function loadTemporal(env: NodeJS.ProcessEnv = process.env): ClientConnectConfig {
  const temporal = temporalOf(env);
  if (typeof temporal === 'string') throw new ConfigurationError(`TEMPORAL_*: ${temporal}`);
  return temporal;
}

/** What a process of the product reads; throws `ConfigurationError` with every problem listed. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const Required = Env.extend({ DATABASE_URL: Env.shape.DATABASE_URL.unwrap() });
  const settings = parse(Required, env, true);
  const temporal = loadTemporal(env);
  const publicUrl = (settings.PUBLIC_URL ?? `http://localhost:${settings.PORT}`).replace(/\/+$/, '');
  const delegationEnv = delegationEnvOf(settings, env);
  return Object.freeze({ ...settings, temporal, publicUrl, modelKeys: modelKeysOf(settings), delegationEnv });
}

const stringsOf = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter((pair): pair is [string, string] => typeof pair[1] === 'string'));

const SECRET = /TOKEN|SECRET|PASSWORD|_KEYS?$/;

/** The configuration as it may be logged: secrets are only named as set. */
export function describeConfig(config: Config): Record<string, unknown> {
  const shown = Object.entries(config).map(([name, value]) => [
    name,
    SECRET.test(name) && value ? '(set)' : withoutUser(value),
  ]);
  return {
    ...Object.fromEntries(shown),
    DATABASE_URL: withoutPassword(config.DATABASE_URL),
    temporal: config.temporal.connectionOptions.address,
    modelKeys: config.modelKeys.length,
    delegationEnv: Object.keys(config.delegationEnv),
  };
}

/** Addresses may hold a password too, whatever they are called. */
const withoutUser = (value: unknown): unknown =>
  typeof value === 'string' && /^https?:\/\/[^/]*@/.test(value) ? withoutPassword(value) : value;

/** An address as it may be logged: without its password, also where that stands in a parameter. */
function withoutPassword(address: string): string {
  const url = new URL(address);
  if (url.password) url.password = '***';
  url.search = '';
  return url.toString();
}
