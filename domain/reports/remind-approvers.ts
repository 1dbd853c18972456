import type { Attempt } from '../attempt.ts';
import type { Approval } from '../../contracts/approval.ts';
import { textsFor, type Texts } from '../../contracts/texts.ts';
import type { OrchestrationTarget } from '../../contracts/workflow.ts';
import { withOrganization } from '../../db/organization.ts';
import { changeOrchestration, lockOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { slackIdsOf } from '../../db/queries/organizations.ts';
import { setApproval } from '../../db/queries/plans.ts';
import { acquireFromBucket } from '../../db/queries/slack-buckets.ts';
import { findShownHash, setLost } from '../../db/queries/slack.ts';
import { shownMark } from '../approvals/approval.ts';
import { bucketEmpty, bucketFor, toReportFailure, type SlackReportDeps } from './report-to-slack.ts';
import { SlackCallError, type Thread } from './slack-port.ts';

type ReminderDeps = Pick<SlackReportDeps, 'db' | 'slack'>;

export interface Reminder extends OrchestrationTarget {
  readonly approvalId: string;
  /** Counts the reminders of the question. */
  readonly nth: number;
  /** More people may answer from now on. */
  readonly escalates: boolean;
}

/**
 * Tells people once more that a question waits: as an event, in the repainted message, and as one reply in the thread
 * that names those who are listed. Safe to repeat: a reminder is written once, and a reply that may be there is looked for.
 */
export async function remindApprovers(deps: ReminderDeps, reminder: Reminder, attempt: Attempt): Promise<void> {
  const recorded = await recordReminder(deps, reminder);
  if (!recorded || !deps.slack) return;
  const { orchestration, mentions, isCut } = recorded;
  const { slack_channel_id: channelId, slack_thread_ts: threadTs, slack_team_id: teamId, language } = orchestration;
  if (!channelId || !threadTs) return;
  const thread: Thread = { channelId, threadTs };
  const marker = `${reminder.approvalId}:${reminder.nth}`;
  const bucket = bucketFor(reminder.organizationId, teamId ?? '', channelId, false);
  try {
    if (attempt.number > 1 && (await deps.slack.findPosted(thread, marker))) return;
    const waitMs = await withOrganization(deps.db, reminder.organizationId, (trx) => acquireFromBucket(trx, bucket));
    if (waitMs > 0) throw bucketEmpty(waitMs);
    const text = [...mentions, reminderText(reminder, textsFor(language), isCut)].join(' ');
    await deps.slack.post(thread, { text, blocks: [] }, marker);
  } catch (error) {
    const lost = error instanceof SlackCallError ? error.lost : undefined;
    if (!lost) throw toReportFailure(error);
    // Nobody sees the question where it stands: it goes on with the person who asked.
    await withOrganization(deps.db, reminder.organizationId, (trx) => setLost(trx, [orchestration.id], lost));
  }
}

const reminderText = ({ escalates }: Reminder, texts: Texts, isCut: boolean): string =>
  `⏰ ${escalates ? texts.escalated : texts.reminder} ${isCut ? texts.plan.notWhole : texts.question}`;

/** Undefined when the question waits no more. */
const recordReminder = (deps: ReminderDeps, reminder: Reminder) =>
  withOrganization(deps.db, reminder.organizationId, async (trx) => {
    const orchestration = await lockOrchestration(trx, reminder.orchestrationId);
    const { approval } = orchestration;
    if (!approval || approval.id !== reminder.approvalId || approval.decision) return undefined;
    const mentions = (await slackIdsOf(trx, peopleOf(approval, reminder))).map((id) => `<@${id}>`);
    if ((approval.reminded ?? 0) < reminder.nth) await show(orchestration, { ...approval, reminded: reminder.nth });
    const isCut = (await findShownHash(trx, reminder.orchestrationId)) === shownMark(approval.hash, true);
    return { orchestration, mentions, isCut };

    async function show({ organization_id: organizationId, id }: Orchestration, reminded: Approval) {
      await setApproval(trx, id, reminded);
      const set = { approval: JSON.stringify(reminded) };
      await changeOrchestration(trx, { organizationId, id, set, event: 'approval_requested' });
    }
  });

const peopleOf = ({ policy }: Approval, { escalates }: Reminder): readonly string[] =>
  escalates ? (policy.escalation?.users ?? []) : (policy.users ?? []);
