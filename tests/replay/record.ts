import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { orchestrationWorkflowId } from '../../contracts/queues.ts';
import { DEFAULT_ORGANIZATION_ID } from '../../domain/organizations/organizations.ts';
import { startNubabel } from '../support/nubabel.ts';
import startServers from '../support/servers.ts';
import stopServers from '../support/stop-servers.ts';
import type { History } from '../../workers/bundle.ts';
import { openEnvironment } from '../workflows/support/environment.ts';
import { adopted, after, step } from '../workflows/support/plans.ts';
import { PLAN_STORIES } from './plan-stories.ts';
import { STORIES, type Story } from './stories.ts';
import { TOOL_STORIES } from './tool-stories.ts';
import { TROUBLE_STORIES } from './trouble-stories.ts';

const ROOT = `${process.cwd()}/`;

/**
 * `node tests/replay/record.ts`: records the histories that are not there yet, from the whole product on real servers.
 * A kept history is never recorded again: it stands for runs that are still going on somewhere.
 */
const HISTORIES = fileURLToPath(new URL('./histories/', import.meta.url));

/** Stacks name where this checkout lies, which is nobody's business and replays nothing. */
function keep(name: string, history: History): void {
  const text = historyToJSON(history).replaceAll(`file://${ROOT}`, '').replaceAll(ROOT, '');
  writeFileSync(`${HISTORIES}${name}.json`, text, { flag: 'wx' });
  process.stdout.write(`${name}: recorded\n`);
}

async function record({ name, options, play, workflowId = orchestrationWorkflowId }: Story): Promise<void> {
  const file = `${HISTORIES}${name}.json`;
  if (existsSync(file)) return void process.stdout.write(`${name}: is kept as it is\n`);
  const nubabel = await startNubabel(options);
  try {
    const handle = nubabel.temporal.workflow.getHandle(
      workflowId({ organizationId: DEFAULT_ORGANIZATION_ID, orchestrationId: await play(nubabel) }),
    );
    // The row is final before the workflow has closed.
    await handle.result().catch(() => undefined);
    keep(name, await handle.fetchHistory());
  } finally {
    await nubabel.close();
  }
}

/** A plan whose first run has continued as new, on a server that suggests it early: both runs. */
async function recordContinued(): Promise<void> {
  if (existsSync(`${HISTORIES}continued-first.json`)) return;
  const environment = await openEnvironment({ settings: { 'limit.historyCount.suggestContinueAsNew': '20' } });
  try {
    const drafts = [adopted(step('a'), after('b', 'a'), after('c', 'b'))];
    const { handle } = await environment.start({ planning: true, drafts });
    await handle.result();
    for (const [name, runId] of [['continued-first', handle.firstExecutionRunId], ['continued-last']] as const) {
      const run = environment.client.workflow.getHandle(handle.workflowId, runId);
      keep(name, await run.fetchHistory());
    }
  } finally {
    await environment.close();
  }
}

const fail = (error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
};

await startServers();
try {
  for (const story of [...STORIES, ...PLAN_STORIES, ...TROUBLE_STORIES, ...TOOL_STORIES])
    await record(story).catch(fail);
  await recordContinued().catch(fail);
} finally {
  await stopServers();
}
