import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '../../config.ts';
import { anyFreePort } from '../../dev/ports.ts';
import { startPostgres, type RunningPostgres } from '../../dev/postgres/server.ts';
import { createPaths } from '../../dev/paths.ts';
import { ensureTemporalCli } from '../../dev/temporal/cli.ts';
import { createTemplateDatabase } from './database.ts';
import { serveSharedNubabels } from './reused-nubabel.ts';

/** What every test file needs to know; handed down through the environment. */
export interface TestServers {
  readonly adminUrl: string;
  /** The application's role on the migrated database that every other one is a copy of. */
  readonly templateUrl: string;
  readonly temporalCli: string;
  readonly sharedHousesUrl: string;
}

declare global {
  var nubabelTestServers: { stop(): Promise<void> } | undefined;
}

/** One real Postgres for the whole run, a database per test file; the Temporal CLI is built if it has to be. */
export default async function startServers(): Promise<void> {
  // Compiled code of every Node process that tests start, kept between runs: a third of what a start costs.
  process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, '../../node_modules/.cache/nubabel/compiled');
  const settings = loadSettings();
  const dir = mkdtempSync(join(tmpdir(), 'nubabel-tests-'));
  // Postgres may run as another user, who has to get in.
  chmodSync(dir, 0o755);
  const { cacheDir } = createPaths({ ...settings, NUBABEL_DATA_DIR: dir });
  const print = (line: string) => process.stderr.write(`${line}\n`);
  const [{ postgres, templateUrl }, temporalCli] = await Promise.all([
    openPostgres(dir),
    ensureTemporalCli({
      cliPath: settings.TEMPORAL_CLI,
      releaseUrl: settings.TEMPORAL_CLI_RELEASES,
      cacheDir,
      env: settings.env,
      print,
    }),
  ]);
  const base = { adminUrl: postgres.adminUrl, templateUrl, temporalCli };
  const instances = await serveSharedNubabels(base);
  globalThis.nubabelTestServers = {
    stop: async () => {
      await instances.close();
      await postgres.stop();
    },
  };
  const servers: TestServers = { ...base, sharedHousesUrl: instances.url };
  process.env['NUBABEL_TEST_SERVERS'] = JSON.stringify(servers);
}

async function openPostgres(dir: string): Promise<{ postgres: RunningPostgres; templateUrl: string }> {
  const port = await anyFreePort();
  const logFile = join(dir, 'postgres.log');
  const postgres = await startPostgres({ dataDir: join(dir, 'postgres'), port, logFile, fsync: false });
  return { postgres, templateUrl: await createTemplateDatabase(postgres.adminUrl) };
}
