import type { OrchestrationTarget } from '../contracts/workflow.ts';
import { remindApprovers, type Reminder } from '../domain/reports/remind-approvers.ts';
import { reportToSlack, type ReportOutcome, type SlackReportDeps } from '../domain/reports/report-to-slack.ts';
import { readThread } from '../domain/threads/read-thread.ts';
import { heartbeating } from './heartbeating.ts';

/** Writes to Slack. One message per orchestration, always its latest state. */
export const createSlackActivities = (deps: SlackReportDeps) => ({
  /** Idempotent by the version that the message shows. */
  reportToSlack: (target: OrchestrationTarget): Promise<ReportOutcome> =>
    heartbeating(({ signal }) => reportToSlack(deps, target, signal)),

  /** Puts what was said in the thread before below the request. Idempotent: it is put there once. */
  readThread: (target: OrchestrationTarget): Promise<void> =>
    heartbeating((attempt) => readThread(deps, target, attempt)),

  /** Reminds people of a question that waits. Idempotent by the question and the number of the reminder. */
  remindApprovers: (reminder: Reminder): Promise<void> =>
    heartbeating((attempt) => remindApprovers(deps, reminder, attempt)),
});
