import { WORKER_ARGS } from '../../dev/product.ts';
import { join } from 'node:path';
import { startChild, type RunningChild } from '../../dev/child.ts';
import { startTemporalServer, type RunningTemporal } from '../../dev/temporal/server.ts';

export type Part = 'api' | 'api-2' | 'worker' | 'worker-2' | 'temporal';
const PARTS = ['api', 'api-2', 'worker', 'worker-2'] as const;

/** Where a product stands and what its fakes and its people need to know of it. */
export interface Site {
  readonly dir: string;
  readonly token: string;
  readonly apiPort: number;
  readonly temporalPort: number;
}

interface Environment {
  readonly site: Site;
  readonly databaseUrl: string;
  readonly modelUrl: string;
  readonly slackApiUrl: string;
  readonly bundlePath: string;
  readonly more?: Readonly<Record<string, string>>;
}

/** The settings of the API and the worker. */
export const environmentOf = ({ site, databaseUrl, modelUrl, slackApiUrl, bundlePath, more }: Environment) => ({
  PATH: process.env['PATH'],
  HOME: process.env['HOME'],
  NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
  PORT: String(site.apiPort),
  LOG_LEVEL: 'info',
  DATABASE_URL: databaseUrl,
  TEMPORAL_ADDRESS: `127.0.0.1:${site.temporalPort}`,
  TEMPORAL_NAMESPACE: 'default',
  ANTHROPIC_API_KEY: 'sk-test',
  ANTHROPIC_BASE_URL: modelUrl,
  SLACK_BOT_TOKEN: 'xoxb-demo',
  SLACK_SIGNING_SECRET: 'demo-signing-secret',
  SLACK_API_URL: slackApiUrl,
  NUBABEL_DEV_TOKEN: site.token,
  NUBABEL_WORKFLOW_BUNDLE: bundlePath,
  ...more,
});

export interface Processes {
  start(part: Part, env?: Record<string, string>): Promise<void>;
  /** SIGKILL, and the port is free when this resolves. */
  kill(part: Part): Promise<void>;
  /** Lets a process stand still, and go on. */
  signal(part: Part, signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Stops a process in order and starts it with other settings. */
  restart(part: Part, env?: Record<string, string>): Promise<void>;
  /** Resolves when the process has ended by itself. */
  died(part: Part): Promise<string>;
}

export interface OwnedProcesses extends Processes {
  /** Starts Temporal, the API and the worker. */
  open(): Promise<void>;
  /** Ends the API's and the worker's processes in order. */
  stopProduct(): Promise<void>;
  /** Ends everything; nobody reads Temporal's database after that, so it is not asked to leave in order. */
  stop(): Promise<void>;
}

export interface TemporalSettings {
  /** It forgets everything when it ends, and is faster. */
  readonly inMemory?: boolean;
  /** Where its metrics are read. */
  readonly metricsPort?: number;
}

/** The processes of a nubabel, each in its own log file. */
export function createProcesses(
  site: Site,
  env: NodeJS.ProcessEnv,
  { cli, inMemory = false, metricsPort }: TemporalSettings & { readonly cli: string },
): OwnedProcesses {
  const { dir, temporalPort: port } = site;
  const running = new Map<Part, RunningChild | RunningTemporal>();

  async function start(part: Part, more: Record<string, string> = {}): Promise<void> {
    const logFile = join(dir, `${part}.log`);
    if (part === 'temporal') {
      const dbFile = inMemory ? undefined : join(dir, 'temporal.db');
      running.set(part, await startTemporalServer({ cli, port, logFile, dbFile, env, metricsPort }));
      return;
    }
    const child = startChild({
      name: part,
      command: process.execPath,
      args: part.startsWith('api') ? ['api/main.ts'] : WORKER_ARGS,
      env: { ...env, ...more },
      logFile,
      readyWhen: 'message',
      stopWithinMs: 10_000,
    });
    running.set(part, child);
    await child.ready;
  }

  async function kill(part: Part): Promise<void> {
    const child = running.get(part);
    running.delete(part);
    child?.kill();
    await child?.exited;
  }
  const stopProduct = async () => {
    await Promise.all(PARTS.map(async (part) => running.get(part)?.stop()));
  };
  return {
    start,
    kill,
    stopProduct,
    async restart(part, more) {
      await running.get(part)?.stop();
      await start(part, more);
    },
    signal(part, name) {
      const child = running.get(part);
      if (!child || !('pid' in child)) throw new Error(`${part} does not run.`);
      process.kill(child.pid, name);
    },
    died: (part) => running.get(part)?.exited ?? Promise.resolve('not running'),
    async open() {
      if (!running.has('temporal')) await start('temporal');
      await Promise.all([start('api'), start('worker')]);
    },
    async stop() {
      await stopProduct();
      await kill('temporal');
    },
  };
}
