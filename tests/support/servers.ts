import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '../../config.ts';
import { anyFreePort } from '../../dev/ports.ts';
import { startPostgres, type RunningPostgres } from '../../dev/postgres/server.ts';
import { createPaths } from '../../dev/paths.ts';
import { ensureTemporalCli } from '../../dev/temporal/cli.ts';

/** What every test file needs to know; handed down through the environment. */
export interface TestServers {
  readonly adminUrl: string;
  readonly temporalCli: string;
}

declare global {
  var nubabelTestPostgres: RunningPostgres | undefined;
}

/** One real Postgres for the whole run, a database per test file; the Temporal CLI is built if it has to be. */
export default async function startServers(): Promise<void> {
  const settings = loadSettings();
  const dir = mkdtempSync(join(tmpdir(), 'nubabel-tests-'));
  // Postgres may run as another user, who has to get in.
  chmodSync(dir, 0o755);
  const { cacheDir } = createPaths({ ...settings, NUBABEL_DATA_DIR: dir });
  const print = (line: string) => process.stderr.write(`${line}\n`);
  const [postgres, temporalCli] = await Promise.all([
    anyFreePort().then((port) =>
      startPostgres({ dataDir: join(dir, 'postgres'), port, logFile: join(dir, 'postgres.log'), fsync: false }),
    ),
    ensureTemporalCli({
      cliPath: settings.TEMPORAL_CLI,
      releaseUrl: settings.TEMPORAL_CLI_RELEASES,
      cacheDir,
      env: settings.env,
      print,
    }),
  ]);
  globalThis.nubabelTestPostgres = postgres;
  const servers: TestServers = { adminUrl: postgres.adminUrl, temporalCli };
  process.env['NUBABEL_TEST_SERVERS'] = JSON.stringify(servers);
}
