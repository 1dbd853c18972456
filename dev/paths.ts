import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** The checkout this file belongs to. */
export const ROOT = dirname(import.meta.dirname);

/** The folders of one start: its data (one per nubabel) and the cache (one per person). */
export interface Paths {
  readonly dataDir: string;
  readonly cacheDir: string;
  logFile(name: string): string;
  /** A text that is made up once and kept, readable by its owner only. */
  readOrCreate(name: string, make: () => string): string;
}

interface PathSettings {
  readonly NUBABEL_DATA_DIR: string;
  readonly NUBABEL_CACHE_DIR?: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Where a start keeps its data. */
export const dataDirOf = ({ NUBABEL_DATA_DIR }: Pick<PathSettings, 'NUBABEL_DATA_DIR'>): string =>
  resolve(ROOT, NUBABEL_DATA_DIR);

export function createPaths({ NUBABEL_DATA_DIR, NUBABEL_CACHE_DIR, env }: PathSettings): Paths {
  const dataDir = dataDirOf({ NUBABEL_DATA_DIR });
  const cacheDir = resolve(NUBABEL_CACHE_DIR ?? join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'nubabel'));
  mkdirSync(join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
  return {
    dataDir,
    cacheDir,
    logFile: (name) => join(dataDir, 'logs', `${name}.log`),
    readOrCreate(name, make) {
      const file = join(dataDir, name);
      const known = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
      if (known) return known;
      const made = make();
      writeFileSync(file, `${made}\n`, { mode: 0o600 });
      return made;
    },
  };
}

/**
 * Makes everything in a data folder readable by its owner only, also what an earlier version has left there more open.
 * What belongs to another user, such as the database's, is that user's business.
 */
export function keepPrivate(dataDir: string): void {
  const uid = process.getuid?.();
  const places = ['.', 'logs', 'workspaces'].map((name) => join(dataDir, name)).filter((folder) => existsSync(folder));
  for (const place of places.flatMap((folder) => [folder, ...readdirSync(folder).map((name) => join(folder, name))])) {
    const found = lstatSync(place, { throwIfNoEntry: false });
    if (!found || found.isSymbolicLink() || found.uid !== uid) continue;
    const mode = found.isDirectory() ? 0o700 : 0o600;
    if ((found.mode & 0o777) !== mode) chmodSync(place, mode);
  }
}

export const randomText = (): string => randomBytes(24).toString('base64url');

/** A value for `CREDENTIAL_KEYS` and `PAYLOAD_KEYS`. */
export const makeEncryptionKey = (): string => `local:${randomBytes(32).toString('base64')}`;
