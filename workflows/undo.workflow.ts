import { isCancellation, log } from '@temporalio/workflow';
import type { UndoInput, UndoOutcome } from '../contracts/workflow.ts';
import { errorCodeOf } from './lib/failures.ts';
import { slack, store, tools } from './proxies.ts';

/** Takes back what an orchestration has changed outside, the newest change first; each one is tried, whatever came of the others. */
export async function undoWorkflow({ organizationId, orchestrationId, userId }: UndoInput): Promise<UndoOutcome> {
  const target = { organizationId, orchestrationId };
  const { effects } = await store.listUndoableEffects.executeWithOptions({ summary: 'List what can be taken back' }, [
    { ...target, userId },
  ]);
  for (const { key, queue: taskQueue } of effects) {
    await tools.undoEffect
      .executeWithOptions({ summary: 'Take one change back', taskQueue }, [{ ...target, key }])
      .catch((error: unknown) => {
        if (isCancellation(error)) throw error;
        log.warn('A change could not be taken back', { code: errorCodeOf(error) });
      });
  }
  const outcome = await store.finishUndo(target);
  await slack.reportToSlack(target).catch((error: unknown) => {
    if (isCancellation(error)) throw error;
    log.warn('Slack did not take the report', { code: errorCodeOf(error) });
  });
  return outcome;
}
