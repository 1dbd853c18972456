import { SEARCH_ATTRIBUTE_NAMES } from '../../contracts/queues.ts';
import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { StartContext } from '../context.ts';
import { anyFreePort } from '../ports.ts';
import { StartError } from '../start-error.ts';
import { ensureTemporalCli, findTemporalCli } from './cli.ts';
import { temporalServer } from './server.ts';
import { hiddenUiAddress, openUiDoor } from './ui-door.ts';

interface TemporalPlace {
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl: string | undefined;
  readonly cli: string | undefined;
  /** What API and workers need to find it. */
  readonly env: NodeJS.ProcessEnv;
}

const PREFERRED_PORT = 7233;
const PREFERRED_UI_PORT = 8233;

/** The Temporal that the environment names, or a server of our own. */
export function bringUpTemporal(context: StartContext, apiUrl: string): Promise<TemporalPlace> {
  const { env } = context.settings;
  const isNamed = env['TEMPORAL_ADDRESS'] || env['TEMPORAL_PROFILE'] || env['TEMPORAL_CONFIG_FILE'];
  return context.terminal.step('Temporal', () => (isNamed ? useNamed(context) : startOwn(context, apiUrl)));
}

/** Every way to sign in (TLS, API key, profile) is the client library's business, so here it is loaded. */
async function useNamed({ settings, paths, terminal }: StartContext): Promise<TemporalPlace> {
  const { env } = settings;
  const [{ Connection }, { loadClientConnectConfig }] = await Promise.all([
    import('@temporalio/client'),
    import('@temporalio/envconfig'),
  ]);
  const overrideEnvVars = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value ?? '']));
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig({ overrideEnvVars });
  const address = connectionOptions.address ?? '127.0.0.1:7233';
  try {
    const connection = await Connection.connect({ ...connectionOptions, connectTimeout: 10_000 });
    await connection.workflowService.describeNamespace({ namespace });
    await connection.close();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StartError(
      `Temporal at ${address} (namespace ${namespace}) does not answer: ${why}. Start it, correct TEMPORAL_ADDRESS, or unset it to get a server of our own.`,
    );
  }
  const cli = await findTemporalCli({
    cliPath: settings.TEMPORAL_CLI,
    cacheDir: paths.cacheDir,
    env,
    print: terminal.line,
  });
  return { address, namespace, uiUrl: settings.TEMPORAL_UI_URL, cli, env: {} };
}

async function startOwn(
  { settings, paths, terminal, supervisor, findPort, signal }: StartContext,
  apiUrl: string,
): Promise<TemporalPlace> {
  const { env, TEMPORAL_CLI: cliPath, TEMPORAL_CLI_RELEASES: releaseUrl } = settings;
  const cli = await ensureTemporalCli({
    cliPath,
    cacheDir: paths.cacheDir,
    releaseUrl,
    env,
    print: terminal.line,
    signal,
  });
  const [port, uiPort] = [await findPort(PREFERRED_PORT), await findPort(PREFERRED_UI_PORT)];
  if (port !== PREFERRED_PORT) terminal.line(`  Port ${PREFERRED_PORT} is taken: Temporal listens on ${port}.`);
  if (uiPort !== PREFERRED_UI_PORT)
    terminal.line(`  Port ${PREFERRED_UI_PORT} is taken: Temporal's UI is on ${uiPort}.`);
  const uiHost = hiddenUiAddress();
  const ui = { host: uiHost, port: await anyFreePort(uiHost) };
  await openUiDoor(uiPort, ui);
  const namespace = env['TEMPORAL_NAMESPACE'] || 'default';
  const dbFile = join(paths.dataDir, 'temporal.db');
  const isOld = existsSync(dbFile);
  await supervisor.add(
    temporalServer({
      cli,
      port,
      ui,
      codecEndpoint: `${apiUrl}/codec`,
      dbFile,
      logFile: paths.logFile('temporal'),
      env,
      namespace,
    }),
  );
  const address = `127.0.0.1:${port}`;
  if (isOld) await addSearchAttributes(cli, { address, namespace, home: paths.dataDir });
  const uiUrl = `http://127.0.0.1:${uiPort}`;
  const profileFile = join(paths.dataDir, 'temporal.toml');
  writeFileSync(profileFile, `[profile.default]\naddress = "${address}"\nnamespace = "${namespace}"\n`, {
    mode: 0o600,
  });
  return { address, namespace, uiUrl, cli, env: ourTemporalEnv(env, { address, namespace, uiUrl, profileFile }) };
}

/** The server defines them only in a database file it makes; one from before an attribute was added lacks it. */
async function addSearchAttributes(
  cli: string,
  { address, namespace, home }: Record<'address' | 'namespace' | 'home', string>,
) {
  const names = SEARCH_ATTRIBUTE_NAMES.flatMap((name) => ['--name', name, '--type', 'Keyword']);
  const args = ['operator', 'search-attribute', 'create', '--address', address, '--namespace', namespace, ...names];
  // A home without a Temporal profile: a person's own key or TLS is not for this server.
  await promisify(execFile)(cli, args, { env: { HOME: home }, timeout: 20_000 });
}

interface Own {
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl: string;
  readonly profileFile: string;
}

/** What a person set for a Temporal of their own (a key, TLS, a profile) is not for this server, hence our own profile. */
const ourTemporalEnv = (
  env: NodeJS.ProcessEnv,
  { address, namespace, uiUrl, profileFile }: Own,
): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.keys(env).flatMap((name) => (name.startsWith('TEMPORAL_') ? [[name, undefined]] : []))),
  TEMPORAL_ADDRESS: address,
  TEMPORAL_NAMESPACE: namespace,
  TEMPORAL_UI_URL: uiUrl,
  TEMPORAL_CONFIG_FILE: profileFile,
});
