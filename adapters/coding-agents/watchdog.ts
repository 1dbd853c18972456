import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';

/**
 * The parent of one coding agent, as a process of its own: `watchdog.ts <grace ms> <command> [argument …]`.
 * Descriptor 3 is the lifeline to the worker. When it closes, because the worker asks for the end or has died, the
 * whole group is asked to end, and killed after the grace. The first process behind the boundary is of that group, and
 * the kernel ends all others there with it, in whatever group they are.
 */
const LIFELINE = 3;

const [grace = '5000', command = '', ...args] = process.argv.slice(2);

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}

/** Reports how the agent ended, then kills the whole group, itself last. */
function end(outcome: { code: number | null; signal: string | null; error?: string }): void {
  try {
    writeSync(LIFELINE, `${JSON.stringify(outcome)}\n`);
  } catch {
    // The worker has gone.
  }
  signal(-process.pid, 'SIGKILL');
}

// The group gets these as well, and the watchdog has to see it out.
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => {});

// Only the watchdog writes to the lifeline.
const child = spawn(command, args, { stdio: ['inherit', 'inherit', 'inherit', 'ignore'] });
child.once('error', (error) => end({ code: null, signal: null, error: error.message }));
child.once('exit', (code, by) => end({ code, signal: by }));

const lifeline = new Socket({ fd: LIFELINE, readable: true, writable: false, allowHalfOpen: true });
let asked = false;
const stop = () => {
  if (asked) return;
  asked = true;
  signal(-process.pid, 'SIGTERM');
  setTimeout(() => end({ code: null, signal: 'SIGKILL' }), Number(grace));
};
lifeline.once('end', stop);
lifeline.on('error', stop);
lifeline.resume();
