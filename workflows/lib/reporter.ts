import { SEARCH_ATTRIBUTE } from '../../contracts/queues.ts';
import {
  CancellationScope,
  condition,
  isCancellation,
  log,
  patched,
  setCurrentDetails,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { Category } from '../../contracts/agents.ts';
import { agentName } from '../../contracts/phases.ts';
import type { OrchestrationInput, RoutedWork } from '../../contracts/workflow.ts';
import { slack } from '../proxies.ts';
import { errorCodeOf } from './failures.ts';

/** Follows the work beside its path and keeps one Slack message at the latest state. */
export interface Reporter {
  /** Something that people see has changed. */
  changed(): void;
  /** Tells people once more that a question waits; one that does not arrive, or not yet, keeps no answer waiting. */
  remind(reminder: { readonly approvalId: string; readonly nth: number; readonly escalates: boolean }): void;
  /** Begins no new report, or goes on. */
  setPaused(isPaused: boolean): void;
  /** No call to Slack is under way. */
  isIdle(): boolean;
  /** Resolves when the message shows the final state. */
  flush(): Promise<void>;
  /** What operators can search for; never more than status and category, because it is stored in plain text. */
  showStatus(status: string): void;
  /** Who works on it, in Temporal's UI. */
  showRoute(routed: RoutedWork): void;
}

/** A state that had to be left out is shown after this long if nothing newer has come. */
const LEFT_OUT_MS = 3_000;

/**
 * One writer per orchestration: while a call to Slack is under way, changes pile up to one, and the next call shows
 * the newest state. It is not cancelled with the work, since the end has to be told too.
 */
export function startReporter(input: OrchestrationInput): Reporter {
  const { organizationId, orchestrationId, slack: isWanted } = input;
  const target = { organizationId, orchestrationId };
  let isDirty = isWanted && !(isShownSoon(input) && patched('first-report-shows-the-route'));
  let hasEnded = false;
  let isPaused = false;
  let callsInFlight = 0;
  const track = async <T>(call: Promise<T>): Promise<T> => {
    callsInFlight++;
    return call.finally(() => callsInFlight--);
  };
  const writer = CancellationScope.nonCancellable(async () => {
    while (isWanted) {
      await condition(() => isDirty && !isPaused);
      isDirty = false;
      const { final, leftOut } = await track(slack.reportToSlack(target));
      if (final || (hasEnded && !isDirty)) return;
      if (!leftOut) continue;
      await condition(() => isDirty, LEFT_OUT_MS);
      isDirty = true;
    }
  }).catch((error: unknown) => log.warn('Slack did not take the report', { code: errorCodeOf(error) }));
  return {
    changed: () => void (isDirty = true),
    remind: (reminder) =>
      void track(slack.remindApprovers({ ...target, ...reminder })).catch((error: unknown) => {
        if (!isCancellation(error)) log.warn('A reminder did not arrive', { nth: reminder.nth });
      }),
    setPaused: (paused) => void (isPaused = paused),
    isIdle: () => callsInFlight === 0,
    flush: () => {
      isDirty = true;
      hasEnded = true;
      // Whoever held it back may have been cancelled before letting it go on.
      isPaused = false;
      return writer;
    },
    ...createSearchables(),
  };
}

/**
 * The route, or the end, is there within the same workflow task: a report before would be written over at once and wake the
 * workflow for nothing.
 */
const isShownSoon = ({ refusal, analyze, readsThread, carried }: OrchestrationInput): boolean =>
  !carried && (refusal !== undefined || (!analyze && !readsThread));

/** What is searched for is written with as few commands as it takes: each is an event and a write of Temporal's own. */
function createSearchables(): Pick<Reporter, 'showStatus' | 'showRoute'> {
  let unwritten: Category | undefined;
  return {
    showStatus: (status) => {
      const category = unwritten ? [{ key: SEARCH_ATTRIBUTE.category, value: unwritten }] : [];
      unwritten = undefined;
      upsertSearchAttributes([{ key: SEARCH_ATTRIBUTE.status, value: status }, ...category]);
    },
    showRoute: ({ agents, mode, category, searchable }) => {
      const names = agents.map(({ agent }) => agentName(agent)).join(', ');
      setCurrentDetails(`**Agents:** ${names} (${mode})`);
      if (searchable === 'with_status') unwritten = category;
      else upsertSearchAttributes([{ key: SEARCH_ATTRIBUTE.category, value: category }]);
    },
  };
}
