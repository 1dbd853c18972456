import { resolve } from 'node:path';
import { Client } from 'pg';
import { startChild, type ChildSpec, type RunningChild } from '../child.ts';
import type { PrintLine } from '../terminal.ts';
import { postgresAccount } from './account.ts';
import { findBinaries } from './binaries.ts';
import { ensureCluster } from './cluster.ts';
import { clearLeftover } from './leftover.ts';
import { reachableDataDir } from './reachable-folder.ts';

interface PostgresOptions {
  readonly dataDir: string;
  readonly port: number;
  readonly logFile: string;
  /** False for test servers: faster; what is committed outlives a killed server but not a power cut. */
  readonly fsync?: boolean;
  readonly print?: PrintLine;
}

interface PreparedPostgres {
  readonly adminUrl: string;
  readonly spec: ChildSpec;
}

/** Makes the data if it is not there and says how to run the server; the supervisor runs it. */
export async function preparePostgres(options: PostgresOptions): Promise<PreparedPostgres> {
  const { port, logFile, fsync = true, print = () => undefined } = options;
  const wanted = resolve(options.dataDir);
  const account = postgresAccount(wanted);
  const binaries = findBinaries(account, print);
  const home = reachableDataDir(wanted, account, print);
  const { folder, password } = await ensureCluster(home, binaries, account);
  const adminUrl = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 300,
    shared_buffers: '128MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Also without fsync: what is committed outlives a killed server, only not a lost machine.
    synchronous_commit: 'on',
    ...(fsync ? {} : { fsync: 'off', full_page_writes: 'off' }),
  };
  const spec: ChildSpec = {
    name: 'postgres',
    command: binaries.postgres,
    args: ['-D', folder, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    cwd: '/',
    logFile,
    stopSignal: 'SIGINT',
    beforeStart: () => clearLeftover(folder),
    readyWhen: () => answers(adminUrl),
    ...(account && { user: { uid: account.uid, gid: account.gid } }),
  };
  return { adminUrl, spec };
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  // Without a listener a connection lost in between would end our process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } finally {
    await client.end().catch(() => undefined);
  }
}

export interface RunningPostgres {
  readonly adminUrl: string;
  readonly child: RunningChild;
  /** Fast shutdown: connections are cut, everything committed is kept. */
  stop(): Promise<void>;
}

/** A server of its own, for tests: resolves when it answers. */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const { adminUrl, spec } = await preparePostgres(options);
  await spec.beforeStart?.();
  const child = startChild(spec);
  await child.ready;
  return { adminUrl, child, stop: child.stop };
}
