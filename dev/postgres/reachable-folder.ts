import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SYSTEM_ENV } from '../child-env.ts';
import type { PrintLine } from '../terminal.ts';
import { StartError } from '../start-error.ts';
import { mayUse, type Account } from './account.ts';

const enterableFolders = () => ['/var/lib/nubabel', join(tmpdir(), 'nubabel')];
const noteOf = (wanted: string) => `${wanted}.moved-to`;
/** Beside data that is kept elsewhere: the folder it is kept for. */
const ownerNoteOf = (place: string) => `${place}.belongs-to`;
/** How data that is kept elsewhere is called; whatever else lies there is not ours. */
const PLACE = /^data-[0-9a-f]{12}-[0-9a-f]{6}$/;

/** A folder of ours that every user may enter, for root's checkouts that others may not. */
export function enterableFolder(account: Account): string {
  for (const folder of enterableFolders()) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o755 });
      // Below /tmp anybody could have made it: then it is not ours to trust.
      if (!isRootFolder(folder)) continue;
      chmodSync(folder, 0o755);
      if (canEnter(folder, account)) return folder;
    } catch {
      // Read-only or missing: try the next one.
    }
  }
  throw new StartError(
    `PostgreSQL cannot run as root, and ${account.name} may enter neither /var/lib/nubabel nor ${tmpdir()}. Set DATABASE_URL.`,
  );
}

/** A folder below it belongs to that user, so that entering can be tried out by writing. */
function canEnter(folder: string, account: Account): boolean {
  const own = join(folder, `of-${account.uid}`);
  mkdirSync(own, { recursive: true, mode: 0o700 });
  chownSync(own, account.uid, account.gid);
  return mayUse(own, account);
}

/**
 * Where the data really goes: the wanted folder, or, when its user may not enter that, a folder elsewhere which is
 * readOrCreate beside the wanted one. Deleting the data directory therefore also forgets the data elsewhere.
 */
export function reachableDataDir(wanted: string, account: Account | undefined, print: PrintLine): string {
  const note = noteOf(wanted);
  if (account && existsSync(note)) return owned(readFileSync(note, 'utf8').trim(), account);
  owned(wanted, account);
  if (mayUse(wanted, account)) return wanted;
  if (!account)
    throw new StartError(
      `PostgreSQL's data directory ${wanted} belongs to another user. Delete it, or set NUBABEL_DATA_DIR.`,
    );
  const hash = createHash('sha256').update(wanted).digest('hex').slice(0, 12);
  const place = join(enterableFolder(account), `data-${hash}-${randomBytes(3).toString('hex')}`);
  print(`  PostgreSQL runs as ${account.name}, who may not enter ${wanted}: its data is kept in ${place}.`);
  owned(place, account);
  moveData(wanted, place);
  writeFileSync(ownerNoteOf(place), `${wanted}\n`, { mode: 0o600 });
  writeFileSync(note, `${place}\n`, { mode: 0o600 });
  return place;
}

/** Data from before the folder around it was closed to others goes along; cut off, it is still where it was. */
function moveData(from: string, to: string): void {
  const [old, moved] = [join(from, 'cluster'), join(to, 'cluster')];
  if (!existsSync(old)) return;
  try {
    renameSync(old, moved);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    // Another file system. `cp` keeps owners, which Node's own copy does not.
    execFileSync('cp', ['-a', old, `${moved}.unfinished`], { env: SYSTEM_ENV });
    renameSync(`${moved}.unfinished`, moved);
    rmSync(old, { recursive: true, force: true });
  }
}

/** Data that is kept elsewhere for this folder, and for folders that are gone, with the notes beside it. */
export function foldersElsewhere(wanted: string): string[] {
  const note = noteOf(wanted);
  const ours = existsSync(note) ? readFileSync(note, 'utf8').trim() : undefined;
  return enterableFolders()
    .filter((folder) => isRootFolder(folder))
    .flatMap((folder) => readdirSync(folder).flatMap((name) => (PLACE.test(name) ? [join(folder, name)] : [])))
    .filter((place) => {
      const owner = ownerOf(place);
      return place === ours || owner === wanted || (owner !== undefined && !existsSync(noteOf(owner)));
    })
    .flatMap((place) => [place, ownerNoteOf(place)]);
}

/** Below /tmp anybody could have made it, and what it says could name anything. */
function isRootFolder(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === 0 && process.getuid?.() === 0;
}

const ownerOf = (place: string): string | undefined =>
  existsSync(ownerNoteOf(place)) ? readFileSync(ownerNoteOf(place), 'utf8').trim() : undefined;

function owned(folder: string, account: Account | undefined): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (account) {
    chownSync(folder, account.uid, account.gid);
    chmodSync(folder, 0o700);
  }
  return folder;
}
