import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { readLines } from './read-lines.ts';

const WATCHDOG = fileURLToPath(new URL('watchdog.ts', import.meta.url));
/** What a process may still do after it was asked to end, ms. */
const GRACE_MS = 5_000;
/** The watchdog itself gets so much longer before its whole group is killed from here, ms. */
const BACKSTOP_MS = 3_000;
/** Output that a process which has ended may still have in its pipes, ms. */
const DRAIN_MS = 2_000;
/** A process that writes more has run wild. */
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;
/** Of its errors the end is kept, characters. */
const ERRORS_KEPT = 4_000;

interface ProcessOptions {
  readonly file: string;
  readonly args: readonly string[];
  /** All that it sees. */
  readonly env: Readonly<Record<string, string>>;
  /** Written to its input, which then ends. */
  readonly input: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly graceMs?: number;
  onLine(line: string): void;
  onErrorLine(line: string): void;
}

export interface ProcessEnd {
  /** Why it was stopped from here; undefined when it ended by itself. */
  readonly stopped: 'cancelled' | 'timeout' | 'too_much_output' | undefined;
  readonly code: number | null;
  readonly signal: string | null;
  /** It could not be started. */
  readonly error: string | undefined;
  /** The end of what it wrote to its errors. */
  readonly errors: string;
}

/**
 * Runs a program without a shell, in a process group of its own under a watchdog, and resolves when it is over
 * and all of the group was killed. Neither a cancel, a timeout nor the death of this very process leaves any of it
 * behind. Never rejects for what the program does.
 */
export async function runProcess(options: ProcessOptions): Promise<ProcessEnd> {
  const graceMs = options.graceMs ?? GRACE_MS;
  if (options.signal.aborted) return { stopped: 'cancelled', code: null, signal: null, error: undefined, errors: '' };
  const child = spawn(process.execPath, [WATCHDOG, String(graceMs), options.file, ...options.args], {
    cwd: '/',
    env: options.env,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  const { stdin, stdout, stderr } = child;
  // A pipe that is no standard one can be read and written; its type cannot know.
  const lifeline = child.stdio[3] as Duplex;
  for (const stream of [stdin, lifeline]) stream.on('error', ignoreGone);

  const stopping = stopper({ ...options, graceMs, pid: child.pid, lifeline });
  let outcome = '';
  let errors = '';
  const read = Promise.all([
    readLines(stdout, options.onLine, (bytes) => bytes > MAX_OUTPUT_BYTES && stopping.stop('too_much_output')),
    readLines(stderr, (line) => {
      errors = `${errors}${line}\n`.slice(-ERRORS_KEPT);
      options.onErrorLine(line);
    }),
    readLines(lifeline, (line) => (outcome = line)).catch(ignoreGone),
  ]);
  stdin.end(options.input);
  // It is waited for below; until then a bug in a reader must not look like an unhandled rejection.
  read.catch(ignoreGone);
  try {
    const failed = await once(child, 'exit').then(
      () => undefined,
      (error: unknown) => String(error),
    );
    if (failed !== undefined) return { stopped: stopping.reason(), code: null, signal: null, error: failed, errors };
    // First, so that no process is left to write: the watchdog may have been killed alone.
    stopping.done();
    await within(read, DRAIN_MS);
  } finally {
    stopping.done();
    for (const stream of [stdin, stdout, stderr, lifeline]) stream.destroy();
  }
  return { stopped: stopping.reason(), ...readEnd(outcome), errors };
}

/** The other end has closed its pipe: how it ended says more. */
const ignoreGone = () => {};

interface Stopping extends Pick<ProcessOptions, 'signal' | 'timeoutMs'> {
  readonly graceMs: number;
  readonly pid: number | undefined;
  readonly lifeline: Writable;
}

/** Everything that ends a process before its time; asking twice is asking once. */
function stopper({ signal, timeoutMs, graceMs, pid, lifeline }: Stopping) {
  let reason: ProcessEnd['stopped'];
  let backstop: NodeJS.Timeout | undefined;
  const stop = (why: NonNullable<ProcessEnd['stopped']>) => {
    if (reason) return;
    reason = why;
    lifeline.end();
    backstop = setTimeout(() => killGroup(pid), graceMs + BACKSTOP_MS);
  };
  const cancel = () => stop('cancelled');
  const timer = setTimeout(() => stop('timeout'), timeoutMs);
  signal.addEventListener('abort', cancel, { once: true });
  return {
    stop,
    reason: () => reason,
    done() {
      clearTimeout(timer);
      clearTimeout(backstop);
      signal.removeEventListener('abort', cancel);
      // The group keeps the watchdog's number as long as anybody is in it.
      killGroup(pid);
    },
  };
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // No process is left in it.
  }
}

function readEnd(outcome: string): Pick<ProcessEnd, 'code' | 'signal' | 'error'> {
  try {
    const { code, signal, error } = JSON.parse(outcome) as {
      code: number | null;
      signal: string | null;
      error?: string;
    };
    return { code, signal, error };
  } catch {
    return { code: null, signal: 'SIGKILL', error: undefined };
  }
}

/** Stops waiting for pipes that a process outside of the group still holds open. */
async function within(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work, late]);
  clearTimeout(timer);
}
