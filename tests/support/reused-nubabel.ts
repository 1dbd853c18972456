import { randomBytes, randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runBuild } from '../../dev/build.ts';
import { listen, sendJson } from '../../dev/fakes/http-server.ts';
import { anyFreePort } from '../../dev/ports.ts';
import { buildWorkflowBundle } from '../../workers/bundle.ts';
import { createTestDatabase, type DatabaseUrls } from './database.ts';
import { createProcesses, environmentOf, type OwnedProcesses, type Site } from './nubabel-processes.ts';
import type { TestServers } from './servers.ts';

/** A product that test files use one after another, and the ports at which each of them opens its own fakes. */
export interface SharedSite extends Site, DatabaseUrls {
  readonly modelPort: number;
  readonly slackPort: number;
}

type BaseServers = Omit<TestServers, 'sharedHousesUrl'>;

interface SharedNubabel {
  readonly site: SharedSite;
  readonly processes: OwnedProcesses;
  isOpen: boolean;
  isTaken: boolean;
}

/**
 * What files share: one product per jest worker, started by the first file that asks for it (`POST
 * /<worker>/reserve | open | release | stop`), and the console, built at most once (`POST /console`). They live in
 * jest's own process because a worker forgets everything between two files.
 */
export async function serveSharedNubabels(servers: BaseServers) {
  const instances = new Map<string, Promise<SharedNubabel>>();
  let consoleBuild: ReturnType<typeof buildConsole> | undefined;
  const of = (worker: string): Promise<SharedNubabel> => {
    const nubabel = instances.get(worker) ?? planNubabel(servers);
    instances.set(worker, nubabel);
    return nubabel;
  };
  const server = await listen(async (req, res) => {
    const [, worker = '', verb = ''] = (req.url ?? '').split('/');
    if (worker === 'console') return sendJson(res, 200, await (consoleBuild ??= buildConsole()));
    const nubabel = await of(worker);
    // A file that failed before it gave the product back may have left anything.
    if (verb === 'stop' || (verb === 'reserve' && nubabel.isTaken)) await stop(nubabel);
    nubabel.isTaken = verb === 'reserve' || verb === 'open';
    if (verb === 'open') return sendJson(res, 200, { isNew: await open(nubabel) });
    return sendJson(res, 200, nubabel.site);
  });
  return {
    url: server.url,
    close: async () => {
      await server.close();
      for (const nubabel of await Promise.all(instances.values())) {
        await nubabel.processes.stop();
        rmSync(nubabel.site.dir, { recursive: true, force: true });
      }
    },
  };
}

/** Makes sure that the processes run; true when they were started now. Each file finds empty logs. */
async function open(nubabel: SharedNubabel): Promise<boolean> {
  const logs = ['api', 'worker', 'temporal'].map((part) => join(nubabel.site.dir, `${part}.log`));
  for (const log of logs.filter((path) => existsSync(path))) truncateSync(log);
  if (nubabel.isOpen) return false;
  await nubabel.processes.open();
  nubabel.isOpen = true;
  return true;
}

const buildConsole = () =>
  runBuild('console', {
    env: { ...process.env, NODE_ENV: 'production' },
    signal: AbortSignal.timeout(120_000),
  });

async function stop(nubabel: SharedNubabel): Promise<void> {
  await nubabel.processes.stopProduct();
  nubabel.isOpen = false;
}

async function planNubabel(servers: BaseServers): Promise<SharedNubabel> {
  const dir = mkdtempSync(join(tmpdir(), 'nubabel-shared-'));
  chmodSync(dir, 0o755);
  const [urls, apiPort, temporalPort, modelPort, slackPort, bundle] = await Promise.all([
    createTestDatabase(servers),
    anyFreePort(),
    anyFreePort(),
    anyFreePort(),
    anyFreePort(),
    buildWorkflowBundle(),
  ]);
  const site = { dir, token: `test-${randomUUID()}`, apiPort, temporalPort, modelPort, slackPort, ...urls };
  const env = environmentOf({
    site,
    databaseUrl: urls.appUrl,
    modelUrl: `http://127.0.0.1:${modelPort}`,
    slackApiUrl: `http://127.0.0.1:${slackPort}/api/`,
    bundlePath: bundle.path,
    more: { EGRESS_ALLOW_PRIVATE: 'true', CREDENTIAL_KEYS: `k1:${randomBytes(32).toString('base64')}` },
  });
  return { site, processes: createProcesses(site, env, { cli: servers.temporalCli }), isOpen: false, isTaken: false };
}
