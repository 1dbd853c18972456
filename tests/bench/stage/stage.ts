import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { ChildSpec, RunningChild } from '../../../dev/child.ts';
import { ROOT } from '../../../dev/paths.ts';
import { anyFreePort } from '../../../dev/ports.ts';
import { MALLOC, WORKER_ARGS } from '../../../dev/product.ts';
import { temporalServer } from '../../../dev/temporal/server.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';
import { makeFolder, runChild } from './children.ts';
import type { Servers } from './servers.ts';

/** The whole product as processes of its own, on real servers, with a model and a Slack that answer at once. */
export interface Stage {
  readonly url: string;
  readonly temporalAddress: string;
  readonly modelUrl: string;
  readonly slackUrl: string;
  readonly database: TestDatabase;
  readonly processes: Readonly<Record<'temporal' | 'api' | 'worker' | 'model' | 'slack' | 'postgres', RunningChild>>;
  /** Starts another Node program of the bench or the product beside them, with the environment of the product. */
  node(name: string, args: readonly string[], more?: NodeJS.ProcessEnv): Promise<RunningChild>;
  readonly env: NodeJS.ProcessEnv;
  close(): Promise<void>;
}

/** Far more than any run here can spend, so that money never stops a measure. */
const PLENTY_CENTS = '100000000000';

export async function openStage(servers: Servers, profile?: string): Promise<Stage> {
  const dir = makeFolder();
  const [database, api, temporalPort, model, slack] = await Promise.all([
    openTestDatabase(2),
    anyFreePort(),
    anyFreePort(),
    anyFreePort(),
    anyFreePort(),
  ]);
  const local = (port: number) => `http://127.0.0.1:${port}`;
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    // As `npm start` runs them.
    NODE_OPTIONS: '--no-enable-source-maps',
    NODE_COMPILE_CACHE: join(servers.cacheDir, 'compile-cache'),
    ...MALLOC,
    PORT: String(api),
    DATABASE_URL: database.appUrl,
    TEMPORAL_ADDRESS: `127.0.0.1:${temporalPort}`,
    TEMPORAL_NAMESPACE: 'default',
    ANTHROPIC_API_KEY: 'sk-bench',
    ANTHROPIC_BASE_URL: local(model),
    SLACK_BOT_TOKEN: 'xoxb-bench',
    SLACK_SIGNING_SECRET: 'bench-signing-secret',
    SLACK_API_URL: `${local(slack)}/api/`,
    NUBABEL_DEV_TOKEN: 'bench-development-token',
    // The tool server of the bench is on this machine.
    EGRESS_ALLOW_PRIVATE: 'true',
    CREDENTIAL_KEYS: `bench:${randomBytes(32).toString('base64')}`,
    NUBABEL_WORKFLOW_BUNDLE: servers.bundlePath,
    DEFAULT_DAILY_BUDGET_CENTS: PLENTY_CENTS,
    DEFAULT_ORG_MONTHLY_BUDGET_CENTS: PLENTY_CENTS,
    APPROVAL_THRESHOLD_CENTS: PLENTY_CENTS,
  };
  const node: Stage['node'] = (name, args, more = {}) =>
    runChild(nodeProgram({ name, args, dir, env: { ...env, ...more } }));
  const profiled = profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : [];
  const temporal = await runChild(
    temporalServer({ cli: servers.temporalCli, port: temporalPort, logFile: join(dir, 'temporal.log'), env }),
  );
  const fakes = await Promise.all([
    node('model', ['tests/bench/stage/model-main.ts', String(model)]),
    node('slack', ['tests/bench/stage/slack-main.ts', String(slack)]),
  ]);
  const product = await Promise.all([
    node('api', [...profiled, 'api/main.ts']),
    node('worker', [...profiled, ...WORKER_ARGS]),
  ]);
  return {
    url: local(api),
    temporalAddress: `127.0.0.1:${temporalPort}`,
    modelUrl: local(model),
    slackUrl: local(slack),
    database,
    env,
    node,
    processes: {
      temporal,
      api: product[0],
      worker: product[1],
      model: fakes[0],
      slack: fakes[1],
      postgres: servers.postgres,
    },
    close: async () => {
      await Promise.all(product.map((each) => each.stop()));
      await Promise.all([temporal, ...fakes].map((each) => each.stop()));
      await database.drop();
    },
  };
}

interface Program {
  readonly name: string;
  readonly args: readonly string[];
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
}

const nodeProgram = ({ name, args, dir, env }: Program): ChildSpec => ({
  name,
  command: process.execPath,
  args,
  env,
  cwd: ROOT,
  logFile: join(dir, `${name}.log`),
  readyWhen: 'message',
  stopWithinMs: 10_000,
});
