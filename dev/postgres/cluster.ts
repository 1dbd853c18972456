import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { StartError } from '../start-error.ts';
import { idsOf, type Account } from './account.ts';
import type { Binaries } from './binaries.ts';

const run = promisify(execFile);

/** Made in a folder beside its final place and moved there when whole, so what has this file was not interrupted. */
const PASSWORD_FILE = 'nubabel-password';

interface Cluster {
  readonly folder: string;
  readonly password: string;
}

/** The data of a Postgres server below `home`: kept when it is there, made when it is not. */
export async function ensureCluster(home: string, binaries: Binaries, account: Account | undefined): Promise<Cluster> {
  const folder = join(home, 'cluster');
  if (!existsSync(join(folder, PASSWORD_FILE))) await create(folder, { home, binaries, account });
  const major = readFileSync(join(folder, 'PG_VERSION'), 'utf8').trim();
  if (major !== binaries.major) {
    throw new StartError(
      `The data in ${folder} was written by PostgreSQL ${major} and this is PostgreSQL ${binaries.major}. Move that folder away to start with an empty database, or set DATABASE_URL to a PostgreSQL ${major}.`,
    );
  }
  return { folder, password: readFileSync(join(folder, PASSWORD_FILE), 'utf8').trim() };
}

interface Making {
  readonly home: string;
  readonly binaries: Binaries;
  readonly account: Account | undefined;
}

async function create(folder: string, { home, binaries, account }: Making): Promise<void> {
  const unfinished = join(home, 'cluster.unfinished');
  const passwordFile = join(home, PASSWORD_FILE);
  // What is here without a password file was interrupted while it was made and never held anything.
  for (const each of [folder, unfinished]) rmSync(each, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  writeFileSync(passwordFile, randomBytes(24).toString('base64url'));
  chmodSync(passwordFile, 0o600);
  if (account) for (const each of [unfinished, passwordFile]) chownSync(each, account.uid, account.gid);
  await initialise(unfinished, { passwordFile, binaries, account });
  renameSync(passwordFile, join(unfinished, PASSWORD_FILE));
  renameSync(unfinished, folder);
}

interface Initialising {
  readonly passwordFile: string;
  readonly binaries: Binaries;
  readonly account: Account | undefined;
}

/** The locale is Postgres' own C.UTF-8, which sorts alike on every machine and needs none installed. */
async function initialise(folder: string, { passwordFile, binaries, account }: Initialising): Promise<void> {
  const args = ['--pgdata', folder, '--username', 'postgres', '--pwfile', passwordFile, '--auth', 'scram-sha-256'];
  args.push('--encoding', 'UTF8', '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8');
  // initdb's own sync costs seconds on slow disks; what is lost with the power is simply made again.
  args.push('--no-instructions', '--no-sync');
  try {
    await run(binaries.initdb, args, {
      ...idsOf(account),
      cwd: '/',
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new StartError(`PostgreSQL could not make its data in ${folder}: ${(stderr || message).trim()}`);
  }
}
