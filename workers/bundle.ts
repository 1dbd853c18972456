import path from 'node:path';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import { FAILURE_CONVERTER_PATH, createDataConverter, type PayloadKey } from '../adapters/temporal/payload-codec.ts';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import type { temporal } from '@temporalio/proto';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const WORKFLOWS = path.join(ROOT, 'workflows');
const TARGET = path.join(ROOT, 'dist', 'workflow-bundle.js');

/** What may stand in the workflow sandbox; everything else there is a mistake that would cost memory or determinism. */
const SOURCES = ['workflows', 'contracts'];

interface WorkflowBundle {
  readonly path: string;
  readonly rebuilt: boolean;
}

/** Builds `dist/workflow-bundle.js` unless the one that is there was made from today's sources, SDK and settings. */
export async function buildWorkflowBundle(): Promise<WorkflowBundle> {
  const hashFile = `${TARGET}.hash`;
  const hash = await hashOfSources();
  const fresh = existsSync(TARGET) && (await readFile(hashFile, 'utf8').catch(() => '')) === hash;
  if (fresh) return { path: TARGET, rebuilt: false };
  const code = await bundleCode();
  await mkdir(path.dirname(TARGET), { recursive: true });
  // Two may build it at once, also in one process.
  const draft = `${TARGET}.${randomUUID()}`;
  await writeFile(draft, code);
  await rename(draft, TARGET);
  await writeFile(hashFile, hash);
  return { path: TARGET, rebuilt: true };
}

/**
 * The workflows of a folder as one script, with their interceptors. Every module is run once and shared by all workflows
 * of a thread, where the SDK would run it again for each: a workflow that waits then holds a third of the memory. So no
 * module may keep anything for one of them, which `tests/architecture/bundle.test.ts` looks after; what is exported is
 * frozen. The source map tells lines and not the sources, of which nobody asks.
 */
export async function bundleCode(folder = WORKFLOWS): Promise<string> {
  const workflowsPath = path.join(folder, 'index.ts');
  const interceptors = path.join(folder, 'interceptors.ts');
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: [interceptors],
    failureConverterPath: FAILURE_CONVERTER_PATH,
    preloadModules: [workflowsPath, interceptors, FAILURE_CONVERTER_PATH],
    webpackConfigHook: (config) => ({ ...config, devtool: 'inline-nosources-source-map' }),
    logger: SILENT,
  });
  return code;
}

const nothing = () => {};
const SILENT = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

async function hashOfSources(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['package-lock.json', 'workers/bundle.ts']) hash.update(await readFile(path.join(ROOT, file)));
  for (const folder of SOURCES) {
    const entries = await readdir(path.join(ROOT, folder), { recursive: true });
    for (const entry of entries.filter((name) => name.endsWith('.ts')).sort())
      hash.update(entry).update(await readFile(path.join(ROOT, folder, entry)));
  }
  return hash.digest('hex');
}

export type History = temporal.api.history.v1.IHistory;

/** A history as `temporal workflow show --output json` and Temporal's UI write it. @throws when it is none. */
export function parseHistory(json: string): History {
  const history = historyFromJSON(JSON.parse(json));
  if (!history.events?.length) throw new Error('This file holds no workflow history: it has no events.');
  return history;
}

/**
 * Runs a recorded history against today's workflows, without any server or effect. One that was encrypted needs the keys.
 * @throws DeterminismViolationError when today's code would do something else than was recorded.
 */
export async function replayHistory(
  history: History,
  workflowId: string,
  keys: readonly PayloadKey[] = [],
): Promise<void> {
  const { path: codePath } = await buildWorkflowBundle();
  const dataConverter = createDataConverter(keys);
  await Worker.runReplayHistory({ workflowBundle: { codePath }, dataConverter }, history, workflowId);
}
