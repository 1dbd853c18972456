import { ConfigurationError, loadSettings } from '../config.ts';
import { runBuild } from './build.ts';
import type { StartContext } from './context.ts';
import { claimDataFormat } from './data-format.ts';
import { bringUpDatabase } from './database.ts';
import { connectDemoNotion } from './demo-notion.ts';
import { bringUpDemoWorld } from './demo.ts';
import { loadEnvFile } from './env-file.ts';
import { claimDataDir } from './instance.ts';
import { createPaths, dataDirOf, keepPrivate, makeEncryptionKey, randomText } from './paths.ts';
import { createPortFinder, requirePort } from './ports.ts';
import { bringUpProduct } from './product.ts';
import { forgetRunningSystem, writeRunningSystem } from './running.ts';
import { createTerminal, type Terminal } from './terminal.ts';
import { listenForStop } from './stop.ts';
import { StartError } from './start-error.ts';
import { Supervisor } from './supervise.ts';
import { bringUpTemporal } from './temporal/bring-up.ts';
import { watchSources } from './watch.ts';
import { welcome } from './welcome.ts';

const terminal = createTerminal();
process.exitCode = await start(terminal).catch((error: unknown) => {
  const isExpected = error instanceof StartError || error instanceof ConfigurationError;
  terminal.line(isExpected ? `✗ ${error.message}` : `✗ ${error instanceof Error ? error.stack : String(error)}`);
  return 1;
});
// A library that still holds a socket must not keep the terminal waiting.
process.exit();

/** `npm start`: everything the product needs, on one machine, until Ctrl-C. */
async function start(terminal: Terminal): Promise<number> {
  requireNode();
  loadEnvFile();
  const settings = loadSettings();
  claimDataFormat(dataDirOf(settings));
  const paths = createPaths(settings);
  const instance = await claimDataDir(paths.dataDir, { print: terminal.line });
  keepPrivate(paths.dataDir);
  const supervisor = new Supervisor({ print: terminal.line, onChange: instance.record });
  const stop = listenForStop({ terminal, killAll: () => supervisor.killAll() });
  const context: StartContext = {
    settings,
    paths,
    terminal,
    supervisor,
    findPort: createPortFinder(),
    signal: stop.signal,
  };
  try {
    await Promise.race([bringUp(context), stop.asked]);
    await stop.asked;
    return 0;
  } finally {
    stop.begin();
    forgetRunningSystem(paths.dataDir);
    await supervisor.stop();
    instance.release();
    if (stop.wasAsked()) terminal.line('Everything is stopped.');
  }
}

async function bringUp(context: StartContext): Promise<void> {
  const { settings, paths, terminal, signal } = context;
  const isNamed = Boolean(settings.env['PORT']);
  const port = await requirePort({ port: settings.PORT, host: settings.HOST, isNamed });
  if (!isNamed && port !== settings.PORT)
    terminal.line(`  Port ${settings.PORT} is taken: the API listens on ${port}.`);
  const apiUrl = `http://${settings.HOST === '0.0.0.0' ? '127.0.0.1' : settings.HOST}:${port}`;
  const token = settings.NUBABEL_DEV_TOKEN ?? paths.readOrCreate('dev-token', randomText);
  const keys = encryptionKeys(context);
  const building = { env: settings.env, signal };
  const [databaseUrl, temporal, demo, bundle, web] = await Promise.all([
    bringUpDatabase(context),
    bringUpTemporal(context, apiUrl),
    bringUpDemoWorld(context, apiUrl),
    settings.NUBABEL_WORKFLOW_BUNDLE ?? terminal.step('workflow bundle', () => runBuild('workflow-bundle', building)),
    terminal.step('console', () => runBuild('console', building)),
  ]);
  const env = {
    ...temporal.env,
    ...demo.env,
    PORT: String(port),
    // A grant comes back to the address that the browser has its cookie of.
    PUBLIC_URL: settings.PUBLIC_URL ?? apiUrl,
    DATABASE_URL: databaseUrl,
    NUBABEL_DATA_DIR: paths.dataDir,
    NUBABEL_CACHE_DIR: paths.cacheDir,
    NUBABEL_DEV_TOKEN: token,
    ...keys,
    NUBABEL_WORKFLOW_BUNDLE: typeof bundle === 'string' ? bundle : bundle.path,
    NUBABEL_WEB_DIR: web.path,
  };
  await bringUpProduct(context, { apiUrl, env });
  const connecting = connectDemoNotion({ apiUrl, token, dataDir: paths.dataDir }, demo.notion);
  const tools = await connecting.catch((error: unknown) => {
    if (!(error instanceof StartError)) throw error;
    terminal.line(`! ${error.message}`);
    return 'left alone' as const;
  });
  const system = {
    apiUrl,
    token,
    databaseUrl,
    demoSlackUrl: demo.slackUrl,
    demoNotionUrl: demo.notion?.url,
    ...placesOf(temporal),
    payloadKeys: keys.PAYLOAD_KEYS,
  };
  writeRunningSystem(paths.dataDir, system);
  terminal.line(welcome(system, demo, tools));
  if (process.argv.includes('--watch')) watchSources(context);
}

// Functions, and no constants: the start above runs before any constant down here is there.

function placesOf({ address, uiUrl, namespace, cli, env }: Awaited<ReturnType<typeof bringUpTemporal>>) {
  return {
    temporalAddress: address,
    temporalUiUrl: uiUrl,
    temporalNamespace: namespace,
    temporalCli: cli,
    temporalConfigFile: env['TEMPORAL_CONFIG_FILE'],
  };
}

/** Made at the first start and kept; those of the environment go before. */
function encryptionKeys({ settings: { env }, paths }: StartContext) {
  return {
    CREDENTIAL_KEYS: env['CREDENTIAL_KEYS'] || paths.readOrCreate('credential-keys', makeEncryptionKey),
    PAYLOAD_KEYS: env['PAYLOAD_KEYS'] || paths.readOrCreate('payload-keys', makeEncryptionKey),
  };
}

function requireNode(): void {
  if (Number.parseInt(process.versions.node, 10) >= 24) return;
  throw new StartError(
    `Nubabel needs Node 24, and this is Node ${process.versions.node}. Run npm ci, then npm start, which brings its own.`,
  );
}
