import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild, type ChildSpec, type RunningChild } from '../../../dev/child.ts';
import { signalProcess } from '../../../dev/processes.ts';
import { childrenOf } from '../processes.ts';

const running = new Set<RunningChild>();
const closers = new Set<() => Promise<void>>();
const folders = new Set<string>();

/** Starts a process that ends with the bench, however the bench ends. */
export async function runChild(spec: ChildSpec): Promise<RunningChild> {
  await spec.beforeStart?.();
  const child = startChild(spec);
  running.add(child);
  void child.exited.finally(() => running.delete(child));
  await child.ready;
  return child;
}

/** A folder that is gone with the bench; Postgres may run as another user, who has to get in. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nubabel-bench-'));
  chmodSync(folder, 0o755);
  folders.add(folder);
  return folder;
}

/** Has something closed when the bench ends before its time. Answers how to close it, once. */
export function endWithBench(close: () => Promise<void>): () => Promise<void> {
  const once = async () => {
    if (closers.delete(once)) await close();
  };
  closers.add(once);
  return once;
}

/** Ends whatever still runs, each in its own way, and waits for it. */
export async function endAll(): Promise<void> {
  await Promise.all([...closers].map((close) => close()));
  await Promise.all([...running].map((child) => child.stop()));
}

/**
 * The last resort, when the bench itself ends without having waited. Whoever has children of its own is asked to end,
 * because killing it would leave them behind.
 */
export function leaveNothing(): void {
  for (const child of running) {
    if (childrenOf(child.pid).length > 0) signalProcess(-child.pid, 'SIGTERM');
    else child.kill();
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
