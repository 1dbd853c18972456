import { join } from 'node:path';
import { childEnv, NODE, PROXIES } from './child-env.ts';
import type { ChildSpec } from './child.ts';
import type { StartContext } from './context.ts';
import { ROOT } from './paths.ts';
import { StartError } from './start-error.ts';
import { until } from './until.ts';

/** The names of the worker processes, as logs and messages call them. */
export const workerNames = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `worker-${index + 1}`);

/** The small pools work in one process: their limits are for the machine, and hold per process. */
const poolsOf = (index: number): string[] => (index === 0 ? [] : ['orchestration']);

interface Product {
  readonly apiUrl: string;
  /** What the servers and the demo world add to the environment. */
  readonly env: NodeJS.ProcessEnv;
}

/** Starts the API and the workers and waits until the API says that the whole product is ready. */
export async function bringUpProduct(context: StartContext, { apiUrl, env }: Product): Promise<void> {
  const { terminal, supervisor, settings } = context;
  const workers = workerNames(settings.WORKER_PROCESSES);
  const what = workers.length === 1 ? 'API and worker' : `API and ${workers.length} workers`;
  await terminal.step(what, async () => {
    await supervisor.add(
      program(context, { name: 'api', args: ['api/main.ts'], env }),
      ...workers.map((name, index) => program(context, { name, args: [...WORKER_ARGS, ...poolsOf(index)], env })),
    );
    await untilReady(context, apiUrl);
  });
}

/**
 * What Node is told to run a worker, from the root; the names of pools may follow. Node lets each thread's memory grow to
 * three times of what is in use before it looks for what is not, and keeps what it once had; looking after half as much
 * again, with a small store for what is young, halves its memory for a twelfth of its processor.
 */
export const WORKER_ARGS = [
  '--import',
  './workers/workflow-thread.mjs',
  '--heap-growing-percent=50',
  '--max-semi-space-size=8',
  'workers/main.ts',
];

/** For what is not JavaScript glibc keeps a store of freed memory for nearly each thread; two do. */
export const MALLOC = { MALLOC_ARENA_MAX: '2' };

interface Program {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

const program = ({ settings, paths }: StartContext, { name, args, env }: Program): ChildSpec => ({
  name,
  command: process.execPath,
  args,
  env: {
    ...childEnv({ ...settings.env, ...env }, settingsOf(settings), NODE, PROXIES),
    // Maps are for reading stack traces of built code; ours runs as it was written, and they cost start time.
    NODE_OPTIONS: '--no-enable-source-maps',
    NODE_COMPILE_CACHE: join(paths.cacheDir, 'compile-cache'),
    ...MALLOC,
  },
  cwd: ROOT,
  logFile: paths.logFile(name),
  readyWhen: 'message',
});

/** Its settings, Temporal's, the database library's, and what an operator lets coding agents have. */
function settingsOf({ names, DELEGATION_ENV = [] }: StartContext['settings']): RegExp {
  return new RegExp(`^(?:${[...names, ...DELEGATION_ENV].join('|')}|TEMPORAL_\\w+|PG\\w+)$`);
}

const SAY_WHY_AFTER_MS = 30_000;
const GIVE_UP_AFTER_MS = 120_000;

/** Asks the API's readiness; says after half a minute what is missing, and gives up after two. */
async function untilReady({ terminal, signal }: StartContext, apiUrl: string): Promise<void> {
  let missing = 'no answer';
  const isReady = async () => {
    const answer = await fetch(`${apiUrl}/health/ready`, { signal: AbortSignal.timeout(5_000) });
    if (answer.ok) return true;
    missing = (await answer.text()).slice(0, 500);
    return false;
  };
  if (await until(isReady, { withinMs: SAY_WHY_AFTER_MS, signal })) return;
  terminal.line(`  Not ready yet: ${missing}`);
  if (await until(isReady, { withinMs: GIVE_UP_AFTER_MS - SAY_WHY_AFTER_MS, everyMs: 250, signal })) return;
  throw new StartError(`The API is not ready after ${GIVE_UP_AFTER_MS / 1000} s: ${missing}`);
}
