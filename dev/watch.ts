import { existsSync, watch } from 'node:fs';
import { join } from 'node:path';
import { runBuild } from './build.ts';
import type { StartContext } from './context.ts';
import { ROOT } from './paths.ts';
import { workerNames } from './product.ts';

const PROGRAM = [
  'api',
  'workers',
  'activities',
  'workflows',
  'domain',
  'adapters',
  'db',
  'contracts',
  'agents',
  'skills',
];
const BUNDLED = ['workflows', 'contracts'];
const SHOWN = ['web', 'contracts'];
const QUIET_MS = 250;

/** Watch mode: a saved file rebuilds what is built from it and restarts API and workers. */
export function watchSources(context: StartContext): void {
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let busy = Promise.resolve();
  const apply = () => {
    const rooms = new Set(changed);
    changed.clear();
    // One after the other: two rebuilds at once would write the same files.
    busy = busy
      .then(() => follow(context, rooms))
      .catch((error: unknown) => {
        if (!context.signal.aborted)
          context.terminal.line(`! ${error instanceof Error ? error.message : String(error)}`);
      });
  };
  for (const room of new Set([...PROGRAM, ...SHOWN])) {
    const folder = join(ROOT, room);
    if (!existsSync(folder)) continue;
    watch(folder, { recursive: true, signal: context.signal }, () => {
      changed.add(room);
      clearTimeout(timer);
      timer = setTimeout(apply, QUIET_MS);
    });
  }
}

async function follow(context: StartContext, rooms: ReadonlySet<string>): Promise<void> {
  const { terminal, supervisor, settings, signal } = context;
  const touches = (names: readonly string[]) => names.some((name) => rooms.has(name));
  const what = [...rooms].join(', ');
  if (touches(SHOWN))
    await terminal.step(`console, after a change in ${what}`, () => runBuild('console', { env: settings.env, signal }));
  if (!touches(PROGRAM)) return;
  if (touches(BUNDLED)) await runBuild('workflow-bundle', { env: settings.env, signal });
  const programs = ['api', ...workerNames(settings.WORKER_PROCESSES)];
  const ready = await Promise.all(programs.map((name) => supervisor.restart(name)));
  // One that is not ready has said so itself.
  if (ready.every(Boolean)) terminal.line(`✓ API and workers run again, after a change in ${what}`);
}
