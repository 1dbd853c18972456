import type { OnLog } from '../../domain/delegation/delegation-port.ts';

/** Shorter values are left alone: they are parts of ordinary words. */
const MIN_SECRET = 6;
/** A line of a longer secret, such as a key file, that gives it away by itself. */
const MIN_LINE = 16;

export type Redact = (text: string) => string;

/**
 * Cuts the values of these variables out of a text, also as they stand inside of JSON and, of values with several
 * lines, line by line.
 */
export function createRedaction(secrets: Readonly<Record<string, string>>): Redact {
  const found = Object.entries(secrets).flatMap(([name, value]) =>
    formsOf(value).map((form) => ({ form, mark: `[${name}]` })),
  );
  // Longest first: a value that contains another one would leave its rest behind.
  const ordered = found.sort((a, b) => b.form.length - a.form.length);
  return (text) => ordered.reduce((clean, { form, mark }) => clean.replaceAll(form, mark), text);
}

function formsOf(value: string): string[] {
  const trimmed = value.trim();
  const lines = trimmed.split(/\r?\n/);
  const whole = trimmed.length >= MIN_SECRET ? [trimmed] : [];
  const parts = lines.length > 1 ? lines.filter((line) => line.length >= MIN_LINE) : [];
  const plain = [...whole, ...parts];
  return [...new Set(plain.flatMap((form) => [form, JSON.stringify(form).slice(1, -1)]))];
}

const EVERY_MS = 500;
const MAX_LINES = 200;
const MAX_CHARS = 500;

/** Log lines on their way to readers: a few batches a second at most, however fast they come. */
export interface LogBatches {
  add(texts: readonly string[]): void;
  /** Flushes what is left; resolves when the last batch was delivered. */
  close(): Promise<void>;
}

interface LogBatchesOptions {
  readonly onLog: OnLog;
  /** Given the failure of a batch; the work itself continues. */
  readonly onError: (error: unknown) => void;
  /** Shortest time between two batches, ms. */
  readonly everyMs?: number;
}

/** Batches of at most 200 lines of at most 500 characters; of too many the newest are kept, with the number of those left out. */
export function createLogBatches({ onLog, onError, everyMs = EVERY_MS }: LogBatchesOptions): LogBatches {
  const waiting: string[] = [];
  let left = 0;
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> | undefined;
  let closed = false;

  async function flush(): Promise<void> {
    if (waiting.length === 0) return;
    const lines = waiting.splice(0);
    if (left > 0) lines.unshift(`… ${left} lines left out`);
    left = 0;
    try {
      await onLog(lines);
    } catch (error) {
      onError(error);
    }
  }
  // One batch at a time: while a reader is slow, lines gather here and not in a queue of batches.
  function schedule(ms: number): void {
    if (timer || flushing || closed || waiting.length === 0) return;
    timer = setTimeout(() => {
      timer = undefined;
      flushing = flush().finally(() => {
        flushing = undefined;
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
      await flushing;
      await flush();
    },
  };
}
