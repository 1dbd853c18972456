import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const SAFE_KEY = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;
const SESSIONS = '.sessions';
const HOMES = '.homes';

/** A folder and a home per run under one root, and which session has worked in which. */
export interface Workspaces {
  /** Both folders of a run, made if they are not there, for it alone. @throws when one is not where it should be. */
  open(key: string): Promise<{ readonly work: string; readonly home: string }>;
  /** Keeps where a session works, so that it can go on there. */
  remember(session: SessionKey, key: string): Promise<void>;
  /** The key of the folder where a session has worked on this machine; undefined for any other session. */
  find(session: SessionKey): Promise<string | undefined>;
}

/** A session belongs to the organization that began it. */
interface SessionKey {
  readonly organizationId: string | undefined;
  readonly tool: string;
  readonly sessionId: string;
}

export function createWorkspaces(folder: string): Workspaces {
  const root = resolve(folder);
  const fileOf = ({ organizationId = '', tool, sessionId }: SessionKey) =>
    join(root, SESSIONS, digest(JSON.stringify([organizationId, tool, sessionId])));
  const openFolder = async (name: string) => {
    const place = join(root, name);
    await mkdir(place, { recursive: true, mode: 0o700 });
    // A link that somebody put there would have the work done, and its files shown, elsewhere.
    if ((await realpath(place)) !== join(await realpath(root), name))
      throw new Error(`The workspace ${name} is a link; nothing was run in it.`);
    await chmod(place, 0o700);
    return place;
  };
  return {
    async open(key) {
      const name = SAFE_KEY.test(key) ? key : `key-${digest(key)}`;
      return { work: await openFolder(name), home: await openFolder(join(HOMES, name)) };
    },
    async remember(session, key) {
      await mkdir(join(root, SESSIONS), { recursive: true, mode: 0o700 });
      await writeFile(fileOf(session), key, { mode: 0o600 });
    },
    async find(session) {
      try {
        return await readFile(fileOf(session), 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
  };
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 40);
