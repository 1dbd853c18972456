import { CancellationScope, condition, log } from '@temporalio/workflow';
import type { OrchestrationInput } from '../../contracts/workflow.ts';
import { slack } from '../proxies.ts';
import { errorCodeOf } from './failures.ts';

/** Follows the work beside its path and keeps one Slack message at the latest state. */
export interface Reporter {
  /** Something that people see has changed. */
  changed(): void;
  /** Resolves when the message shows the final state. */
  landed(): Promise<void>;
}

/**
 * One writer per orchestration: while a call to Slack is under way, changes pile up to one, and the next call shows
 * the newest state. It is not cancelled with the work, since the end has to be told too.
 */
export function startReporter({ organizationId, orchestrationId, slack: wanted }: OrchestrationInput): Reporter {
  let dirty = wanted;
  let ended = false;
  const writer = CancellationScope.nonCancellable(async () => {
    while (wanted) {
      await condition(() => dirty);
      dirty = false;
      const { final } = await slack.reportToSlack({ organizationId, orchestrationId });
      if (final || (ended && !dirty)) return;
    }
  }).catch((error: unknown) => log.warn('Slack did not take the report', { code: errorCodeOf(error) }));
  return {
    changed: () => {
      dirty = true;
    },
    landed: () => {
      dirty = true;
      ended = true;
      return writer;
    },
  };
}
