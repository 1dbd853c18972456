import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { createOnce, removeStale } from './lock-file.ts';
import { commandOf, endProcess, processMark } from './processes.ts';
import type { PrintLine } from './terminal.ts';
import { StartError } from './start-error.ts';
import type { KnownChild } from './supervise.ts';

const Known = z.object({
  name: z.string(),
  pid: z.number().int().positive(),
  stopSignal: z.enum(['SIGTERM', 'SIGINT']),
  mark: z.string(),
  command: z.string(),
});
type Known = z.infer<typeof Known>;
const PidFile = z.object({ pid: z.number().int().positive(), mark: z.string(), children: z.array(Known) });
type PidFile = z.infer<typeof PidFile>;

/** The right to use a data directory, held by one start at a time. */
interface Instance {
  /** Writes down the living children, for a later start to end should this one be killed. */
  record(children: readonly KnownChild[]): void;
  release(): void;
}

export const pidFileOf = (dataDir: string): string => join(dataDir, 'nubabel.pid.json');

/** Who holds the data directory now, if that process lives. */
export function runningInstance(dataDir: string): { pid: number } | undefined {
  const held = readPidFile(pidFileOf(dataDir));
  return held && processMark(held.pid) === held.mark ? { pid: held.pid } : undefined;
}

/** Takes the data directory; ends what a killed start left running; refuses when another start holds it. */
export async function claimDataDir(dataDir: string, { print }: { print: PrintLine }): Promise<Instance> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = pidFileOf(dataDir);
  const mine: PidFile = { pid: process.pid, mark: processMark(process.pid) ?? '', children: [] };
  while (!createOnce(file, toText(mine))) {
    const other = runningInstance(dataDir);
    if (other) {
      throw new StartError(
        `Nubabel is already running on ${dataDir} (process ${other.pid}). Use that one, stop it with Ctrl-C, or start with another NUBABEL_DATA_DIR and PORT.`,
      );
    }
    await endLeftovers(readPidFile(file)?.children ?? [], print);
    // Another start may have taken the place of the dead one meanwhile.
    removeStale(file, () => runningInstance(dataDir) === undefined);
  }
  let held = true;
  return {
    record: (children) => held && replace(file, { ...mine, children: children.flatMap(toKnown) }),
    release() {
      held = false;
      rmSync(file, { force: true });
    },
  };
}

const toKnown = ({ name, pid, stopSignal }: KnownChild): Known[] => {
  const mark = processMark(pid);
  return mark ? [{ name, pid, stopSignal, mark, command: commandOf(pid) ?? '' }] : [];
};

/** Ends children of a killed start, newest first. A pid that belongs to another process by now is left alone. */
async function endLeftovers(children: readonly Known[], print: PrintLine): Promise<void> {
  const leftovers = children.filter(({ pid, mark }) => processMark(pid) === mark).toReversed();
  for (const { pid, stopSignal } of leftovers) await endProcess({ pid, signal: stopSignal, graceMs: 10_000 });
  if (leftovers.length === 0) return;
  print(
    `! Ended what an earlier start left running: ${leftovers.map(({ name, pid }) => `${name} (${pid})`).join(', ')}.`,
  );
}

function readPidFile(file: string): PidFile | undefined {
  try {
    return PidFile.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined; // none, or cut off in the middle of a write: nothing is known
  }
}

const toText = (content: PidFile) => JSON.stringify(content, undefined, 2);

function replace(file: string, content: PidFile): void {
  const beside = `${file}.${process.pid}`;
  writeFileSync(beside, toText(content), { mode: 0o600 });
  renameSync(beside, file);
}
