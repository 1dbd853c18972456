import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync, type Stats } from 'node:fs';
import { lstat, mkdtemp, readdir, rmdir, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a folder holds: the socket of a proxy, and nothing else. */
export const SOCKET_NAME = 'proxy';
/** `nubabel-<machine>-<process namespace>-<process>-<its start>-<random>`; short, because it counts in a socket's name. */
const NAME = /^nubabel-([0-9a-f]{8})-([0-9a-z]+)-([0-9a-z]+)-([0-9a-z]+)-[A-Za-z0-9]{6}$/;
/** A proxy of another process namespace listens by then, ms. */
const YOUNG_MS = 60_000;
const ANSWER_MS = 1_000;

/** A folder of this process for the socket of a proxy, which nobody else can enter. Its name says whose it is. */
export const makeProxyFolder = (): Promise<string> =>
  // Not below the folder of data, whose path may be longer than the 107 characters that the name of a socket can have.
  mkdtemp(join(tmpdir(), `nubabel-${machine()}-${namespace()}-${process.pid.toString(36)}-${startOf('self') ?? '0'}-`));

/**
 * Removes what processes have left that were killed: only folders of this machine and this user that nobody else can enter,
 * whose process has ended. Nothing in them is followed, and one that holds anything but a socket stays. Answers how many.
 */
export async function removeLeftProxyFolders(root = tmpdir()): Promise<number> {
  let removed = 0;
  for (const name of await readdir(root)) {
    const owner = NAME.exec(name);
    if (!owner || owner[1] !== machine()) continue;
    const folder = join(root, name);
    const found = await lstat(folder).catch(() => undefined);
    if (!found || !isPrivate(found) || (await isInUse(folder, owner, found))) continue;
    if (await remove(folder)) removed += 1;
  }
  return removed;
}

const isPrivate = (found: Stats): boolean =>
  found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o7777) === 0o700;

async function isInUse(folder: string, owner: RegExpExecArray, { mtimeMs }: Stats): Promise<boolean> {
  const [, , space, pid = '', start] = owner;
  // Numbers of processes say something in their own namespace only. In that of another container the socket says it.
  if (space === namespace()) return startOf(String(Number.parseInt(pid, 36))) === start;
  return Date.now() - mtimeMs < YOUNG_MS || (await answers(join(folder, SOCKET_NAME)));
}

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ path, timeout: ANSWER_MS });
    const end = (isThere: boolean) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', () => end(true)).once('timeout', () => end(true));
    socket.once('error', (error: NodeJS.ErrnoException) => end(!['ECONNREFUSED', 'ENOENT'].includes(error.code ?? '')));
  });

/** False when it holds something else, or another worker was first. */
async function remove(folder: string): Promise<boolean> {
  try {
    if ((await readdir(folder)).some((name) => name !== SOCKET_NAME)) return false;
    await unlink(join(folder, SOCKET_NAME)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await rmdir(folder);
    return true;
  } catch {
    return false;
  }
}

const machine = (): string => createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

/** The number of the namespace in which this process has its own; 0 where the system has none. */
function namespace(): string {
  try {
    return Number(/\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? 0).toString(36);
  } catch {
    return '0';
  }
}

/**
 * When a process began, in ticks since the machine did: with its number it is the name of no other. Undefined for one that
 * has ended, also when nobody has taken notice yet.
 */
function startOf(pid: string): string | undefined {
  try {
    // After the name of the program, which may hold anything: the state is the third field, the start the 22nd.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : Number(fields[19]).toString(36);
  } catch {
    return undefined;
  }
}
