import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from './start-error.ts';

/**
 * Raised when running work or kept data of the release before cannot be gone on with: other names of workflows,
 * activities or messages, another shape of histories. Folders from before there was a number count as 1.
 */
const DATA_FORMAT = 2;

/** What every start leaves in its folder, at the latest when it stops. */
const TRACES = ['temporal.db', 'postgres', 'dev-token', 'credential-keys'];
/** What nobody else's folder has. */
const MARKS = ['format', 'temporal.db', 'dev-token', 'credential-keys', 'nubabel.pid.json'];
/** All that starts put into their folder. */
const OURS =
  /^(?:format|logs|workspaces|postgres(?:\.(?:moved-to|port))?|temporal\.(?:db(?:-\w+)?|toml)|dev-token|(?:credential|payload)-keys|database-secret|nubabel(?:\.pid)?\.json(?:\.removing)?(?:\.\d+)?|demo-(?:slack|notion)[\w.-]*)$/;
/** What a system puts into any folder. */
const EVERYWHERE = /^(?:\..*|lost\+found)$/;

/** What Nubabel has put into a folder. Undefined for one that is not its own, whatever the names there. */
export function ownEntries(dataDir: string): string[] | undefined {
  const names = readdirSync(dataDir);
  if (!MARKS.some((mark) => names.includes(mark))) return undefined;
  // The mark goes last: whatever is left behind still is ours.
  return names.filter((name) => OURS.test(name)).sort((a, b) => Number(a === 'format') - Number(b === 'format'));
}

/**
 * Marks a new data folder with today's format.
 * @throws StartError when the folder was written by a version with another one, is somebody else's or cannot be written.
 */
export function claimDataFormat(dataDir: string): void {
  const names = writable(dataDir, () => {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    return readdirSync(dataDir);
  });
  const file = join(dataDir, 'format');
  const hasData = TRACES.some((name) => names.includes(name));
  const found = existsSync(file) ? Number(readFileSync(file, 'utf8')) : hasData ? 1 : undefined;
  if (found === DATA_FORMAT) return;
  if (found !== undefined)
    throw new StartError(
      `This data folder is from ${found > DATA_FORMAT ? 'a newer' : 'an older'} version of Nubabel and cannot be used with this one (${dataDir}): run \`npm run reset\` to remove it, or set NUBABEL_DATA_DIR to another folder.`,
    );
  const other = names.find((name) => !OURS.test(name) && !EVERYWHERE.test(name));
  if (other)
    throw new StartError(
      `The folder ${dataDir} is not Nubabel's: it holds ${other}. Set NUBABEL_DATA_DIR to a folder of its own.`,
    );
  writable(dataDir, () => writeFileSync(file, `${DATA_FORMAT}\n`, { mode: 0o600 }));
}

function writable<T>(dataDir: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw new StartError(`The data folder ${dataDir} cannot be used (${code}). Set NUBABEL_DATA_DIR to another one.`);
  }
}
