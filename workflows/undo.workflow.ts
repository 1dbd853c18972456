import { CancellationScope, isCancellation, log, setHandler } from '@temporalio/workflow';
import type { OrchestrationTarget, UndoInput, UndoOutcome } from '../contracts/workflow.ts';
import { errorCodeOf } from './lib/failures.ts';
import { undoSignal } from './messages.ts';
import { slack, store, tools } from './proxies.ts';

/**
 * Takes back what an orchestration has changed outside. Who says so again while it is at work, its report included, is
 * heard: there is another pass for what is left. A cancel ends the passes, and what was done until then is told.
 */
export async function undoWorkflow({ userId, ...target }: UndoInput): Promise<UndoOutcome> {
  const askers: string[] = [];
  let pass = 0;
  // The first one is who has started this; whoever waits already need not be heard twice.
  setHandler(undoSignal, (by) => void (askers.slice(pass + 1).includes(by) || askers.push(by)));
  for (; ; pass++) {
    const cancelled = await takeBack({ ...target, userId: askers[pass] ?? userId }).then(
      () => undefined,
      (error: unknown) => {
        if (isCancellation(error)) return { error };
        throw error;
      },
    );
    const outcome = await CancellationScope.nonCancellable(() => tellEnd(target));
    if (cancelled) throw cancelled.error;
    if (askers.length <= pass + 1) return outcome;
  }
}

/** The newest change first; each one is tried, whatever came of the others. */
async function takeBack({ userId, ...target }: UndoInput): Promise<void> {
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
}

async function tellEnd(target: OrchestrationTarget): Promise<UndoOutcome> {
  const outcome = await store.finishUndo(target);
  await slack.reportToSlack(target).catch((error: unknown) => {
    if (isCancellation(error)) throw error;
    log.warn('Slack did not take the report', { code: errorCodeOf(error) });
  });
  return outcome;
}
