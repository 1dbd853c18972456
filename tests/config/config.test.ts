import { describe, expect, it } from '@jest/globals';
import { ConfigurationError, describeConfig, loadConfig, loadSettings } from '../../config.ts';

const DATABASE_URL = 'postgres://app:secret@127.0.0.1:5432/nubabel';
const load = (env: Record<string, string> = {}) => loadConfig({ DATABASE_URL, ...env });
const problemsOf = (env: Record<string, string>): string[] => {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message.split('\n');
    throw error;
  }
  throw new Error('It was accepted.');
};

describe('the configuration', () => {
  it('has the defaults of the specification', () => {
    expect(load()).toMatchObject({
      PORT: 3000,
      NUBABEL_DATA_DIR: '.data',
      DEFAULT_DAILY_BUDGET_CENTS: 1000,
      COST_WARNING_THRESHOLD: 0.8,
      COST_CRITICAL_THRESHOLD: 0.95,
      WORKFLOW_APPROVAL_TIMEOUT: 600_000,
      WORKFLOW_MAX_EXECUTION_TIME: 3_600_000,
    });
  });

  it('reads every name that this release promises', () => {
    const known = Object.keys(load({ ...SET, SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: 's' }));
    expect(Object.keys(SET).filter((name) => !known.includes(name))).toEqual([]);
  });

  it('lists every problem at once, those of Slack beside the others', () => {
    const [head, ...lines] = problemsOf({
      PORT: 'eighty',
      LOG_LEVEL: 'loud',
      MODEL_PRICES: '{"m": ',
      COST_WARNING_THRESHOLD: '80',
      ANTHROPIC_BASE_URL: 'ftp://x',
      SLACK_BOT_TOKEN: 'xoxb-1',
    });
    expect(head).toBe('The configuration has 7 problem(s):');
    expect(lines.map((line) => line.trim().split(':')[0] ?? '').sort()).toEqual([
      'ANTHROPIC_BASE_URL',
      'COST_WARNING_THRESHOLD',
      'DATABASE_URL',
      'LOG_LEVEL',
      'MODEL_PRICES',
      'PORT',
      'SLACK_SIGNING_SECRET',
    ]);
  });

  it.each([
    'DATABASE_URL',
    'CREDENTIAL_KEYS',
    'SLACK_BOT_TOKEN',
    'NUBABEL_DEV_TOKEN',
    'TEMPORAL_API_KEY',
    'PGPASSWORD',
  ])('lets no coding agent see %s', (name) => {
    expect(problemsOf({ DATABASE_URL, DELEGATION_ENV: `PATH, ${name}` })).toEqual([
      expect.any(String),
      expect.stringContaining(`${name} is Nubabel's own`),
    ]);
  });

  it('lets coding agents reach hosts of the public internet that are named, and no other', () => {
    const hosts = (DELEGATION_ALLOWED_HOSTS: string) => load({ DELEGATION_ALLOWED_HOSTS }).DELEGATION_ALLOWED_HOSTS;
    expect(hosts('registry.npmjs.org, *.example.com:8443')).toEqual(['registry.npmjs.org', '*.example.com:8443']);
    expect(load({}).DELEGATION_ALLOWED_HOSTS).toEqual([]);
    for (const wrong of ['*', 'https://github.com', 'localhost', 'github.com:22', 'github.com:655360', '[::1]', 'a..b'])
      expect(() => hosts(wrong)).toThrow(/DELEGATION_ALLOWED_HOSTS/);
  });

  it('lets coding agents see what they need and what the operator names, and tells the names alone', () => {
    const env = { PATH: '/bin', HOME: '/home/x', SLACK_SIGNING_SECRET: '', AGENT_KEY: 'canary', OTHER: 'secret' };
    const config = load({ ...env, DELEGATION_ENV: 'AGENT_KEY, NOT_THERE' });
    expect(config.delegationEnv).toEqual({ PATH: '/bin', HOME: '/home/x', AGENT_KEY: 'canary' });
    expect(JSON.stringify(describeConfig(config))).not.toContain('canary');
  });

  it('counts an empty value as not set, as .env files and Compose write it', () => {
    expect(load({ PORT: '', ANTHROPIC_API_KEY: '', SLACK_BOT_TOKEN: '', SLACK_SIGNING_SECRET: '' })).toMatchObject({
      PORT: 3000,
    });
    expect(problemsOf({ DATABASE_URL: '' })).toHaveLength(2);
  });

  it.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '3000.5'],
    ['DATABASE_POOL_SIZE', '0'],
    ['DEFAULT_DAILY_BUDGET_CENTS', '-1'],
    ['DEFAULT_DAILY_BUDGET_CENTS', 'Infinity'],
    ['COST_CRITICAL_THRESHOLD', '1.1'],
    ['WORKFLOW_APPROVAL_TIMEOUT', '0'],
    ['WORKFLOW_APPROVAL_TIMEOUT', '10m'],
    ['WORKER_PROCESSES', '33'],
    ['NUBABEL_DEV_TOKEN', 'short'],
    ['NUBABEL_DEMO_MODEL', 'yes'],
    ['DATABASE_URL', 'mysql://x'],
    ['SLACK_API_URL', 'slack.com'],
    ['TEMPORAL_UI_URL', 'localhost:8233'],
    ['SLACK_UNKNOWN_USERS', 'maybe'],
    ['MODEL_PRICES', '{"m": {"input": -1, "output": 1}}'],
    ['MODEL_PRICES', '{"m": {"input": 1}}'],
    ['MODEL_PRICES', '{"m": {"input": 1, "output": 1, "inputt": 1}}'],
    ['ANTHROPIC_API_KEY', 'sk one'],
    ['ANTHROPIC_API_KEYS', 'sk-1,,sk-2'],
    ['ANTHROPIC_API_KEYS', 'sk-1,'],
    ['ANTHROPIC_API_KEYS', 'sk-1,sk 2'],
    ['MODEL_KEY_CONCURRENCY', '0'],
    ['CREDENTIAL_KEYS', 'no-colon'],
    ['CREDENTIAL_KEYS', `k1:${Buffer.alloc(16).toString('base64')}`],
    ['CREDENTIAL_KEYS', `k.1:${Buffer.alloc(32).toString('base64')}`],
    ['PAYLOAD_KEYS', 'no-colon'],
    ['PAYLOAD_KEYS', `k1:${Buffer.alloc(16).toString('base64')}`],
    ['CREDENTIAL_KEYS', `k1:${Buffer.alloc(32).toString('base64')},k1:${Buffer.alloc(32).toString('base64')}`],
  ])('refuses %s=%s by its name', (name, value) => {
    expect(problemsOf({ DATABASE_URL, [name]: value })[1]).toContain(name);
  });

  it('allows a budget of zero, which refuses every call', () => {
    expect(load({ DEFAULT_DAILY_BUDGET_CENTS: '0' }).DEFAULT_DAILY_BUDGET_CENTS).toBe(0);
  });

  it('needs a database for a process of the product; npm start brings its own', () => {
    expect(problemsOf({})[1]).toContain('DATABASE_URL');
    expect(loadSettings({}).DATABASE_URL).toBeUndefined();
  });

  it('takes the keys for the model from both variables, each once', () => {
    expect(load({ ANTHROPIC_API_KEY: 'sk-3', ANTHROPIC_API_KEYS: ' sk-1, sk-2 ,sk-3' }).modelKeys).toEqual([
      'sk-1',
      'sk-2',
      'sk-3',
    ]);
    expect(load({ ANTHROPIC_API_KEY: 'sk-1' }).modelKeys).toEqual(['sk-1']);
    expect(load().modelKeys).toEqual([]);
    expect(load({ ANTHROPIC_BASE_URL: 'http://127.0.0.1:1' }).modelKeys).toHaveLength(1);
  });

  it('reads keys to encrypt with, the first in front', () => {
    const [one, two] = [Buffer.alloc(32, 1), Buffer.alloc(32, 255)];
    const text = `2026:${one.toString('base64')}, old_1:${two.toString('base64url')}`;
    expect(load({ CREDENTIAL_KEYS: text }).CREDENTIAL_KEYS).toEqual([
      { id: '2026', key: one },
      { id: 'old_1', key: two },
    ]);
  });

  it('does not repeat a wrong value, which may be a secret', () => {
    const names = ['DATABASE_URL', 'MODEL_PRICES', 'CREDENTIAL_KEYS', 'ANTHROPIC_API_KEY', 'ANTHROPIC_API_KEYS'];
    const wrong = Object.fromEntries(names.map((name) => [name, 'hunter2 hunter2']));
    const text = problemsOf({ ...wrong, NUBABEL_DEV_TOKEN: 'hunter2' }).join();
    expect(text).not.toContain('hunter2');
  });

  it('cannot be changed afterwards', () => {
    expect(Object.isFrozen(load())).toBe(true);
  });

  it('hands the names of Temporal’s own clients on', () => {
    const env = { TEMPORAL_ADDRESS: 'temporal.example:7233', TEMPORAL_NAMESPACE: 'nubabel', TEMPORAL_API_KEY: 'key' };
    const { temporal } = load(env);
    expect(temporal).toMatchObject({
      namespace: 'nubabel',
      connectionOptions: { address: 'temporal.example:7233', apiKey: 'key', tls: true },
    });
  });
});

describe('a Temporal on another machine', () => {
  const TEMPORAL_ADDRESS = 'temporal.example:7233';

  it.each([
    [{}, 'without TLS'],
    [{ TEMPORAL_API_KEY: 'key', TEMPORAL_TLS: 'false' }, 'without TLS'],
    [{ TEMPORAL_TLS: 'true' }, 'without saying who calls'],
    [{ TEMPORAL_ADDRESS: '10.0.0.7:7233' }, 'without TLS'],
    [{ TEMPORAL_ADDRESS: 'localhost.example:7233' }, 'without TLS'],
    [{ TEMPORAL_ADDRESS: '127.0.0.1.example:7233' }, 'without TLS'],
  ])('is refused with %o, and the words say what to set', (env, why) => {
    const problems = problemsOf({ DATABASE_URL, TEMPORAL_ADDRESS, ...env }).join('\n');
    expect(problems).toContain(why);
    expect(problems).toContain('TEMPORAL_TRUSTED_NETWORK=true');
    expect(() => loadSettings({ TEMPORAL_ADDRESS, ...env })).toThrow(why);
  });

  it.each<Record<string, string>>([
    { TEMPORAL_API_KEY: 'key' },
    { TEMPORAL_TLS: 'true', TEMPORAL_GRPC_META_AUTHORIZATION: 'Bearer key' },
    { TEMPORAL_TLS_CLIENT_CERT_DATA: 'cert', TEMPORAL_TLS_CLIENT_KEY_DATA: 'key' },
    { TEMPORAL_TRUSTED_NETWORK: 'true' },
    { TEMPORAL_ADDRESS: '127.0.0.1:7233' },
    { TEMPORAL_ADDRESS: 'localhost:7233' },
    { TEMPORAL_ADDRESS: '[::1]:7233' },
  ])('is taken with %o', (env) => {
    expect(() => load({ TEMPORAL_ADDRESS, ...env })).not.toThrow();
  });

  it('whose profile is not there is a problem like any other', () => {
    const problems = problemsOf({
      DATABASE_URL,
      TEMPORAL_PROFILE: 'nowhere',
      TEMPORAL_CONFIG_FILE: '/none.toml',
      PORT: 'x',
    });
    expect(problems.map((line) => line.trim().split(':')[0])).toEqual(expect.arrayContaining(['PORT', 'TEMPORAL_*']));
  });

  it.each([
    ['TEMPORAL_WORKER_DEPLOYMENT', 'nubabel.eu'],
    ['TEMPORAL_WORKER_DEPLOYMENT', 'nubabel:eu'],
    ['TEMPORAL_WORKER_DEPLOYMENT', '__nubabel'],
    ['TEMPORAL_WORKER_BUILD_ID', '__1'],
  ])('is not given a version that it refuses: %s=%s', (name, value) => {
    expect(problemsOf({ DATABASE_URL, [name]: value }).join()).toContain('which Temporal does not take');
  });
});

describe('Slack', () => {
  it.each([
    [{ SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: 's' }],
    [{ SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' }],
    [{}],
  ])('works with %o', (env) => {
    expect(() => load(env)).not.toThrow();
  });

  it.each([
    [{ SLACK_BOT_TOKEN: 'xoxb-1' }, 'SLACK_SIGNING_SECRET'],
    [{ SLACK_SIGNING_SECRET: 's' }, 'SLACK_BOT_TOKEN'],
    [{ SLACK_APP_TOKEN: 'xapp-1' }, 'SLACK_BOT_TOKEN'],
  ] as [Record<string, string>, string][])('does not work with %o alone, and names %s', (env, missing) => {
    expect(problemsOf({ DATABASE_URL, ...env })[1]).toContain(`${missing}:`);
    expect(() => loadSettings(env)).toThrow(ConfigurationError);
  });
});

/** A value for every name of the specification's section 11 that is in this release. */
const SET: Record<string, string> = {
  PORT: '3001',
  DATABASE_URL,
  ANTHROPIC_API_KEY: 'sk-canary-1',
  ANTHROPIC_API_KEYS: 'sk-canary-2,sk-canary-3',
  CREDENTIAL_KEYS: `canary:${Buffer.from('canary'.repeat(6).slice(0, 32)).toString('base64')}`,
  PAYLOAD_KEYS: `canary:${Buffer.from('canary'.repeat(6).slice(0, 32)).toString('base64')}`,
  ANTHROPIC_BASE_URL: 'https://models.example',
  CLAUDE_HAIKU_MODEL: 'a',
  CLAUDE_SONNET_MODEL: 'b',
  CLAUDE_OPUS_MODEL: 'c',
  SLACK_BOT_TOKEN: 'xoxb-canary-2',
  SLACK_SIGNING_SECRET: 'canary-3',
  SLACK_APP_TOKEN: 'xapp-canary-4',
  SLACK_API_URL: 'https://slack.example/api/',
  SLACK_UNKNOWN_USERS: 'reject',
  NUBABEL_DEV_TOKEN: 'canary-token-5',
  NUBABEL_DATA_DIR: '/tmp/x',
  DEFAULT_DAILY_BUDGET_CENTS: '1',
  DEFAULT_ORG_MONTHLY_BUDGET_CENTS: '1',
  COST_WARNING_THRESHOLD: '0.5',
  COST_CRITICAL_THRESHOLD: '0.6',
  APPROVAL_THRESHOLD_CENTS: '1',
  WORKFLOW_APPROVAL_TIMEOUT: '1',
  WORKFLOW_MAX_EXECUTION_TIME: '1',
};

describe('the configuration in the log', () => {
  const shown = (env: Record<string, string>) => JSON.stringify(describeConfig(load(env)));

  it('names secrets as set and shows none', () => {
    const text = shown({ ...SET, TEMPORAL_API_KEY: 'canary-6', TEMPORAL_ADDRESS: '127.0.0.1:7233' });
    expect(text).not.toContain('canary');
    expect(text).toContain('"ANTHROPIC_API_KEY":"(set)"');
    expect(text).not.toContain(Buffer.from('canary'.repeat(4)).toString('base64').slice(0, 24));
    expect(text).toContain('"ANTHROPIC_API_KEYS":"(set)"');
    expect(text).toContain('"modelKeys":3');
    expect(text).toContain('"CLAUDE_HAIKU_MODEL":"a"');
    expect(text).toContain('127.0.0.1:7233');
  });

  it.each([
    'postgres://app:canary@db.example:5432/nubabel',
    'postgres://app:can:ary:canary@db.example:5432/nubabel',
    'postgres://app:can%40canary@db.example:5432/nubabel',
    'postgres://app@db.example:5432/nubabel?password=canary',
    'postgresql://app:canary@db.example:5432/nubabel?sslmode=require',
  ])('shows where the database is and no part of a password: %s', (url) => {
    const text = shown({ DATABASE_URL: url });
    expect(text).toContain('db.example:5432/nubabel');
    expect(text).not.toMatch(/canary|can:ary|can%40/);
  });
});
