import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';

/** Nobody needs longer to look at a lock and to remove it, ms. */
const MAX_REMOVAL_MS = 5_000;

/** Makes a file that appears whole or not at all; of two who try, one is told `true`. */
export function createOnce(file: string, content: string): boolean {
  const beside = `${file}.${process.pid}`;
  writeFileSync(beside, content, { mode: 0o600 });
  try {
    linkSync(beside, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(beside, { force: true });
  }
}

/**
 * Removes a lock that `isStale` takes for one of a dead holder. Judged and removed by one at a time: whoever has judged
 * the old one would otherwise remove the new one that another has made meanwhile.
 */
export function removeStale(file: string, isStale: (content: string) => boolean): void {
  const removing = `${file}.removing`;
  if (!createOnce(removing, String(process.pid))) {
    const since = statSync(removing, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    // Killed in the midst of it.
    if (Date.now() - since > MAX_REMOVAL_MS) rmSync(removing, { force: true });
    return;
  }
  try {
    if (isStale(readFileSync(file, 'utf8'))) rmSync(file, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  } finally {
    rmSync(removing, { force: true });
  }
}
