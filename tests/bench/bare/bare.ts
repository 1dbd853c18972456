import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import type { RunningChild } from '../../../dev/child.ts';
import { anyFreePort } from '../../../dev/ports.ts';
import type { Load } from '../client/callers.ts';
import { makeFolder } from '../stage/children.ts';
import type { Stage } from '../stage/stage.ts';
import type { BareRun } from './client-main.ts';

/** Bare workflows on the stage's Temporal server: a worker and a client, each a process. */
export interface Bare {
  readonly worker: RunningChild;
  readonly client: RunningChild;
  run(run: BareRun): Promise<Load>;
  close(): Promise<void>;
}

const nothing = () => {};
const SILENT = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

export async function openBare(stage: Stage): Promise<Bare> {
  const workflowsPath = fileURLToPath(new URL('./workflows.ts', import.meta.url));
  const [{ code }, port] = await Promise.all([bundleWorkflowCode({ workflowsPath, logger: SILENT }), anyFreePort()]);
  const bundle = join(makeFolder(), 'bare-bundle.js');
  await writeFile(bundle, code);
  const [worker, client] = await Promise.all([
    stage.node('bare-worker', ['tests/bench/bare/worker-main.ts', bundle]),
    stage.node('bare-client', ['tests/bench/bare/client-main.ts', String(port)]),
  ]);
  return {
    worker,
    client,
    run: async (run) => {
      const answer = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: JSON.stringify(run) });
      if (!answer.ok) throw new Error(await answer.text());
      const load = (await answer.json()) as Load;
      if (load.errors.length > 0) throw new Error(`Bare workflows failed: ${load.errors[0]}`);
      return load;
    },
    close: async () => {
      await Promise.all([worker.stop(), client.stop()]);
    },
  };
}
