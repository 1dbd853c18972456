import type { OnLog } from '../../domain/delegation/delegation-port.ts';

const EVERY_MS = 500;
const MAX_LINES = 200;
const MAX_CHARS = 500;

/** Log lines on their way to readers: a few batches a second at most, however fast they come. */
export interface LogBatches {
  /** Each may hold several lines. */
  add(texts: readonly string[]): void;
  /** Hands on what is left; resolves when the last batch was taken. */
  close(): Promise<void>;
}

export interface LogBatchesOptions {
  readonly onLog: OnLog;
  /** A batch that nobody could take; the work itself goes on. */
  readonly onTrouble: (error: unknown) => void;
  /** Shortest time between two batches, ms. */
  readonly everyMs?: number;
}

/** Batches of at most 200 lines of at most 500 characters; of a flood the newest are kept, and it is said how many went. */
export function createLogBatches({ onLog, onTrouble, everyMs = EVERY_MS }: LogBatchesOptions): LogBatches {
  const waiting: string[] = [];
  let left = 0;
  let timer: NodeJS.Timeout | undefined;
  let handing: Promise<void> | undefined;
  let closed = false;

  async function handOn(): Promise<void> {
    if (waiting.length === 0) return;
    const lines = waiting.splice(0);
    if (left > 0) lines.unshift(`… ${left} lines left out`);
    left = 0;
    try {
      await onLog(lines);
    } catch (error) {
      onTrouble(error);
    }
  }
  // One batch at a time: while a reader is slow, lines gather here and not in a queue of batches.
  function schedule(ms: number): void {
    if (timer || handing || closed || waiting.length === 0) return;
    timer = setTimeout(() => {
      timer = undefined;
      handing = handOn().finally(() => {
        handing = undefined;
        schedule(everyMs);
      });
    }, ms);
  }
  return {
    add(texts) {
      const lines = texts.flatMap((text) => text.split(/\r?\n/)).filter((line) => line.trim() !== '');
      waiting.push(...lines.map((line) => (line.length > MAX_CHARS ? `${line.slice(0, MAX_CHARS)}…` : line)));
      if (waiting.length >= MAX_LINES) left += waiting.splice(0, waiting.length - MAX_LINES + 1).length;
      schedule(everyMs);
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await handing;
      await handOn();
    },
  };
}
