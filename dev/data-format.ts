import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from './start-error.ts';

/**
 * Raised when running work or kept data of the release before cannot be gone on with: other names of workflows,
 * activities or messages, another shape of histories. Folders from before there was a number count as 1.
 */
const DATA_FORMAT = 2;

/** What every start leaves in its folder, at the latest when it stops. */
const TRACES = ['temporal.db', 'postgres', 'dev-token', 'credential-keys'];

/**
 * Marks a new data folder with today's format.
 * @throws StartError when the folder was written by a version with another one.
 */
export function claimDataFormat(dataDir: string): void {
  const file = join(dataDir, 'format');
  const hasData = TRACES.some((name) => existsSync(join(dataDir, name)));
  const found = existsSync(file) ? Number(readFileSync(file, 'utf8')) : hasData ? 1 : DATA_FORMAT;
  if (found !== DATA_FORMAT)
    throw new StartError(
      `This data folder is from ${found > DATA_FORMAT ? 'a newer' : 'an older'} version of Nubabel and cannot be used with this one (${dataDir}): run \`npm run reset\` to remove it, or set NUBABEL_DATA_DIR to another folder.`,
    );
  writeFileSync(file, `${DATA_FORMAT}\n`, { mode: 0o600 });
}
