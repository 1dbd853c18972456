import { SEARCH_ATTRIBUTE_NAMES } from '../../contracts/queues.ts';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { childEnv } from '../child-env.ts';
import { startChild, type ChildSpec, type RunningChild } from '../child.ts';
import { knowsNamespace } from './grpc.ts';

interface TemporalServerOptions {
  readonly cli: string;
  readonly port: number;
  /** Without it there is no Web UI. */
  readonly ui?: { readonly host: string; readonly port: number };
  /** Where the Web UI has payloads decrypted. */
  readonly codecEndpoint?: string;
  /** Without it everything lives in memory. */
  readonly dbFile?: string;
  readonly logFile: string;
  readonly env: NodeJS.ProcessEnv;
  readonly namespace?: string;
  /** Where its metrics are read; any free port unless told. */
  readonly metricsPort?: number | undefined;
}

/** Two settings make the server seven times faster; one closes its HTTP API to web pages that come by another name. */
const SETTINGS = {
  'history.transferProcessorMaxPollRPS': '5000',
  'system.enableActivityEagerExecution': 'true',
  'frontend.httpAllowedHosts': '["127.0.0.1:*","localhost:*"]',
};

/** Our dynamic settings and these, and our search attributes, as the server's command takes them. */
export const serverArguments = (more: Readonly<Record<string, string>> = {}): string[] => [
  ...Object.entries({ ...SETTINGS, ...more }).flatMap(([name, value]) => [
    '--dynamic-config-value',
    `${name}=${value}`,
  ]),
  ...SEARCH_ATTRIBUTE_NAMES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
];

/** `temporal server start-dev` with our settings. */
export function temporalServer(options: TemporalServerOptions): ChildSpec {
  const { cli, port, ui, codecEndpoint, dbFile, logFile, env, namespace = 'default', metricsPort } = options;
  if (dbFile) mkdirSync(dirname(dbFile), { recursive: true });
  const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'error'];
  args.push(...(ui ? ['--ui-ip', ui.host, '--ui-port', String(ui.port)] : ['--headless']));
  if (ui && codecEndpoint) args.push('--ui-codec-endpoint', codecEndpoint);
  if (dbFile !== undefined) args.push('--db-filename', dbFile);
  if (metricsPort !== undefined) args.push('--metrics-port', String(metricsPort));
  if (namespace !== 'default') args.push('--namespace', namespace);
  args.push(...serverArguments());
  return {
    name: 'temporal',
    command: cli,
    args,
    // The CLI would read TEMPORAL_* too; settings meant for our clients are none of the server's business.
    env: childEnv(env),
    logFile,
    readyWhen: () => knowsNamespace(`127.0.0.1:${port}`, namespace),
  };
}

export interface RunningTemporal extends RunningChild {
  readonly address: string;
}

/** A server of its own, for tests: resolves when it answers. */
export async function startTemporalServer(options: TemporalServerOptions): Promise<RunningTemporal> {
  const running = startChild(temporalServer(options));
  await running.ready;
  return { ...running, address: `127.0.0.1:${options.port}` };
}
