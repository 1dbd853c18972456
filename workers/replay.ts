import { Worker } from '@temporalio/worker';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import type { temporal } from '@temporalio/proto';
import { createDataConverter, type PayloadKey } from '../adapters/temporal/payload-codec.ts';
import { buildWorkflowBundle } from './bundle.ts';

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
