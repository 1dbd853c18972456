import { isCancellation, log } from '@temporalio/workflow';
import type { UndoInput, UndoOutcome } from '../contracts/workflow.ts';
import { errorCodeOf } from './lib/failures.ts';
import { slack, store, tools } from './proxies.ts';

/** Takes back what an orchestration has changed outside, the newest change first; each one is tried, whatever came of the others. */
export async function undoWorkflow({ organizationId, orchestrationId }: UndoInput): Promise<UndoOutcome> {
  const target = { organizationId, orchestrationId };
  const { keys, queues } = await store.openUndo.executeWithOptions({ summary: 'List what can be taken back' }, [
    target,
  ]);
  for (const [nth, key] of keys.entries()) {
    // Histories from before pools have no queues.
    const taskQueue = queues?.[nth];
    await tools.undoEffect
      .executeWithOptions({ summary: 'Take one change back', ...(taskQueue && { taskQueue }) }, [{ ...target, key }])
      .catch((error: unknown) => {
        if (isCancellation(error)) throw error;
        log.warn('A change could not be taken back', { code: errorCodeOf(error) });
      });
  }
  const outcome = await store.finishUndo(target);
  await slack.reportToSlack(target);
  return outcome;
}
