import { allHandlersFinished, condition, makeContinueAsNewFunc, workflowInfo } from '@temporalio/workflow';
import type { OrchestrationInput, OrchestrationOutcome } from '../../contracts/workflow.ts';
import type { Reporter } from './reporter.ts';

/** When the workflow continues as new: between steps, once its history is long or its code is out of date. */
export interface Continuation {
  isDue(): boolean;
  /**
   * Waits until no handler and no call to Slack is under way; then, in the same workflow task, the workflow has to end.
   * False when it is no longer wanted, or has to be later because Slack keeps a call for long.
   */
  prepare(isStillWanted: () => boolean): Promise<boolean>;
}

/** Work is not held up longer than this, and goes on for so long before the next try. */
const MAX_PREPARATION_MS = 10_000;
const RETRY_MS = 60_000;

export function createContinuation(reporter: Pick<Reporter, 'setPaused' | 'isIdle'>): Continuation {
  let notBefore = 0;
  return {
    isDue: () => isSuggested() && Date.now() >= notBefore,
    async prepare(isStillWanted) {
      reporter.setPaused(true);
      const isQuiet = await condition(() => reporter.isIdle() && allHandlersFinished(), MAX_PREPARATION_MS);
      if (isQuiet && isStillWanted()) return true;
      if (!isQuiet) notBefore = Date.now() + RETRY_MS;
      reporter.setPaused(false);
      return false;
    },
  };
}

/**
 * A run that has itself been continued has just had its chance to move to the version that is wanted now: where the
 * server says the same at once again, runs would follow each other without end.
 */
const VERSION_PAUSE_MS = 60_000;

const isSuggested = (): boolean => {
  const { continueAsNewSuggested, targetWorkerDeploymentVersionChanged, ...run } = workflowInfo();
  if (continueAsNewSuggested || !targetWorkerDeploymentVersionChanged) return continueAsNewSuggested;
  return !run.continuedFromExecutionRunId || Date.now() - run.runStartTime.getTime() >= VERSION_PAUSE_MS;
};

/** Ends this run and goes on in the next one, on the current version of the code if there is a newer one. Never returns. */
export function continueOrchestration(input: OrchestrationInput): Promise<OrchestrationOutcome> {
  const continueAsNew = makeContinueAsNewFunc<(next: OrchestrationInput) => Promise<OrchestrationOutcome>>(
    workflowInfo().targetWorkerDeploymentVersionChanged ? { initialVersioningBehavior: 'AUTO_UPGRADE' } : {},
  );
  return continueAsNew(input);
}
