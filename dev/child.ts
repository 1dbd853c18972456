import { spawn, type ChildProcess } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { signalProcess } from './processes.ts';
import { StartError } from './start-error.ts';
import { until } from './until.ts';

/** A program to run beside us. */
export interface ChildSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  readonly cwd?: string;
  readonly user?: { readonly uid: number; readonly gid: number };
  /** `'message'`: a Node program that sends `{type: 'ready'}` over IPC; a function: asked until it says yes; none: at once. */
  readonly readyWhen?: 'message' | (() => Promise<boolean>);
  readonly readyWithinMs?: number;
  /** How it is asked to end; SIGTERM unless told. */
  readonly stopSignal?: 'SIGTERM' | 'SIGINT';
  readonly stopWithinMs?: number;
  /** Runs before every start, also before a restart. */
  readonly beforeStart?: () => Promise<void>;
}

export interface RunningChild {
  readonly pid: number;
  /** How it ended, in output: `exit code 1`, `SIGKILL`. */
  readonly exited: Promise<string>;
  readonly ready: Promise<void>;
  /** What it wrote last, ready to print; empty when it wrote nothing. */
  recentOutput(): string;
  stop(): Promise<void>;
  kill(): void;
}

const MAX_LOG_BYTES = 10_000_000;

/** Opens a log to append to; one that has grown large moves aside first. */
function openLog(logFile: string): number {
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
  if (existsSync(logFile) && statSync(logFile).size > MAX_LOG_BYTES) renameSync(logFile, `${logFile}.1`);
  const log = openSync(logFile, 'a', 0o600);
  // Also one from before: it may hold what people have asked.
  fchmodSync(log, 0o600);
  return log;
}

const SHOWN_LINES = 15;

/** The last lines a program has written since it started, for the person who wants to know why it ended. */
function recentOutput(logFile: string, startedAtByte: number): string {
  const said = readFileSync(logFile).subarray(startedAtByte).toString('utf8').trimEnd();
  if (!said) return '';
  // Of a stack only the message helps here; its frames would push it out of sight.
  const lines = said
    .split('\n')
    .filter((line) => !/^\s+at /.test(line))
    .slice(-SHOWN_LINES);
  return [`  The last lines of ${logFile}:`, ...lines.map((line) => `    ${line.slice(0, 400)}`)].join('\n');
}

/** Whatever the program makes, databases and sockets alike, is for its own user alone. */
function withPrivateFiles<T>(start: () => T): T {
  const before = process.umask(0o077);
  try {
    return start();
  } finally {
    process.umask(before);
  }
}

/** Starts a program in its own process group, so that Ctrl-C reaches only us and we end things in order. */
export function startChild(spec: ChildSpec): RunningChild {
  const log = openLog(spec.logFile);
  const startedAtByte = fstatSync(log).size;
  const output = () => recentOutput(spec.logFile, startedAtByte);
  const child = withPrivateFiles(() =>
    spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: spec.env,
      detached: true,
      stdio: ['ignore', log, log, ...(spec.readyWhen === 'message' ? (['ipc'] as const) : [])],
      ...spec.user,
    }),
  );
  closeSync(log);
  let ended = false;
  const exited = whenEnded(child).finally(() => (ended = true));
  const kill = () => void (child.pid && !ended && signalProcess(-child.pid, 'SIGKILL'));
  const ready = whenReady({ spec, child, exited, output });
  // Who does not wait for readiness learns of the end through `exited`.
  ready.catch(() => undefined);
  return {
    pid: child.pid ?? 0,
    exited,
    ready,
    kill,
    recentOutput: output,
    async stop() {
      if (!child.pid || ended) return;
      signalProcess(child.pid, spec.stopSignal ?? 'SIGTERM');
      const killTimer = setTimeout(kill, spec.stopWithinMs ?? 20_000);
      await exited;
      clearTimeout(killTimer);
    },
  };
}

const whenEnded = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once('error', (error) => child.pid === undefined && resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });

interface Starting {
  readonly spec: ChildSpec;
  readonly child: ChildProcess;
  readonly exited: Promise<string>;
  readonly output: () => string;
}

async function whenReady({ spec, child, exited, output }: Starting): Promise<void> {
  const withinMs = spec.readyWithinMs ?? 60_000;
  const over = new AbortController();
  let said = spec.readyWhen === undefined;
  child.on('message', (message) => {
    if (typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready') said = true;
  });
  const { readyWhen } = spec;
  const check = typeof readyWhen === 'function' ? readyWhen : () => said;
  const answered = until(check, { withinMs, everyMs: 40, signal: over.signal }).then((ready) => ({
    ready,
    ending: '',
  }));
  const first = await Promise.race([exited.then((ending) => ({ ready: false, ending })), answered]);
  over.abort();
  if (first.ready && child.pid) return;
  const what = first.ending ? `ended while starting (${first.ending})` : `was not ready after ${withinMs / 1000} s`;
  throw new StartError([`${spec.name} ${what}.`, output()].filter(Boolean).join('\n'));
}
