import { join } from 'node:path';
import { loadSettings } from '../../../config.ts';
import type { RunningChild } from '../../../dev/child.ts';
import { createPaths } from '../../../dev/paths.ts';
import { anyFreePort } from '../../../dev/ports.ts';
import { preparePostgres } from '../../../dev/postgres/server.ts';
import { ensureTemporalCli } from '../../../dev/temporal/cli.ts';
import { buildWorkflowBundle } from '../../../workers/bundle.ts';
import { createTemplateDatabase } from '../../support/database.ts';
import type { TestServers } from '../../support/servers.ts';
import { makeFolder, runChild } from './children.ts';

export interface Servers {
  readonly postgres: RunningChild;
  readonly temporalCli: string;
  readonly bundlePath: string;
  readonly cacheDir: string;
}

/** What every stage stands on. Unlike in tests Postgres syncs every commit to disk: "accepted" has to mean it here. */
export async function startServers(print: (line: string) => void): Promise<Servers> {
  const settings = loadSettings();
  const dir = makeFolder();
  const { cacheDir } = createPaths({ ...settings, NUBABEL_DATA_DIR: dir });
  const port = await anyFreePort();
  const logFile = join(dir, 'postgres.log');
  const [{ adminUrl, spec }, temporalCli, bundle] = await Promise.all([
    preparePostgres({ dataDir: join(dir, 'postgres'), port, logFile, fsync: true }),
    ensureTemporalCli({
      cliPath: settings.TEMPORAL_CLI,
      releaseUrl: settings.TEMPORAL_CLI_RELEASES,
      cacheDir,
      env: settings.env,
      print,
    }),
    buildWorkflowBundle(),
  ]);
  const postgres = await runChild(spec);
  const templateUrl = await createTemplateDatabase(adminUrl);
  const forTests: Omit<TestServers, 'sharedHousesUrl'> = { adminUrl, templateUrl, temporalCli };
  process.env['NUBABEL_TEST_SERVERS'] = JSON.stringify(forTests);
  return { postgres, temporalCli, bundlePath: bundle.path, cacheDir };
}
