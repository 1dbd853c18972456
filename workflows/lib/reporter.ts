import { CancellationScope, condition, log } from '@temporalio/workflow';
import type { OrchestrationInput } from '../../contracts/workflow.ts';
import { slack } from '../proxies.ts';
import { errorCodeOf } from './failures.ts';

/** Follows the work beside its path and keeps one Slack message at the latest state. */
export interface Reporter {
  /** Something that people see has changed. */
  changed(): void;
  /** Resolves when the message shows the final state. */
  flush(): Promise<void>;
}

/** A state that had to be left out is shown after this long if nothing newer has come. */
const LEFT_OUT_MS = 3_000;

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
      const { final, leftOut } = await slack.reportToSlack({ organizationId, orchestrationId });
      if (final || (ended && !dirty)) return;
      if (!leftOut) continue;
      await condition(() => dirty, LEFT_OUT_MS);
      dirty = true;
    }
  }).catch((error: unknown) => log.warn('Slack did not take the report', { code: errorCodeOf(error) }));
  return {
    changed: () => {
      dirty = true;
    },
    flush: () => {
      dirty = true;
      ended = true;
      return writer;
    },
  };
}
