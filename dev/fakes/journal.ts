import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface JournalOptions {
  /** Where the JSONL file goes; without it lines are only kept in memory. */
  readonly logPath?: string;
  /** Also survive a crash of the machine, not only of a process. */
  readonly fsync?: boolean;
}

/** An append-only log of plain JSON lines. */
export interface Journal<Line> {
  readonly lines: readonly Line[];
  append(line: Line): void;
  close(): void;
}

/** Opens a log. Lines are written synchronously: what was answered is on file before the answer leaves. */
export function openJournal<Line>({ logPath, fsync = false }: JournalOptions): Journal<Line> {
  const lines: Line[] = [];
  if (logPath) mkdirSync(dirname(logPath), { recursive: true });
  let file = logPath ? openSync(logPath, 'a') : undefined;
  return {
    lines,
    append(line) {
      lines.push(line);
      if (file === undefined) return;
      writeSync(file, `${JSON.stringify(line)}\n`);
      if (fsync) fsyncSync(file);
    },
    close() {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}
