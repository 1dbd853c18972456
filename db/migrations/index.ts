import type { Migration } from 'kysely';
import * as foundation from './20261121-foundation.ts';
import * as keyPool from './20261122-key-pool.ts';
import * as money from './20261122-money.ts';
import * as plans from './20261122-plans.ts';
import * as routing from './20261122-routing.ts';
import * as shownQuestion from './20261123-shown-question.ts';
import * as tools from './20261124-tools.ts';
import * as undoInbox from './20261125-undo-inbox.ts';
import * as delegation from './20261201-delegation.ts';
import * as fairUse from './20261201-fair-use.ts';
import * as grantsAndUndo from './20261201-grants-and-undo.ts';
import * as remoteTools from './20261201-remote-tools.ts';
import * as rights from './20261201-rights.ts';
import * as slackConversations from './20261201-slack-conversations.ts';
import * as slackNotices from './20261201-slack-notices.ts';
import * as toolDecisions from './20261201-tool-decisions.ts';
import * as allowedCalls from './20261202-allowed-calls.ts';
import * as slackMemberships from './20261202-slack-memberships.ts';
import * as slackNoticeLeases from './20261202-slack-notice-leases.ts';
import * as eventTimes from './20261203-event-times.ts';
import * as newestFirst from './20261203-newest-first.ts';
import * as staleMemberships from './20261203-stale-memberships.ts';
import * as toldRecipients from './20261203-told-recipients.ts';
import * as usageDays from './20261203-usage-days.ts';
import * as whoTakesPart from './20261203-who-takes-part.ts';
import * as workStatistics from './20261203-work-statistics.ts';

/** All migrations by name, in order; a name never changes once it has run anywhere. */
export const migrations: Record<string, Migration> = {
  '20261121-foundation': foundation,
  '20261122-key-pool': keyPool,
  '20261122-money': money,
  '20261122-plans': plans,
  '20261122-routing': routing,
  '20261123-shown-question': shownQuestion,
  '20261124-tools': tools,
  '20261125-undo-inbox': undoInbox,
  '20261201-delegation': delegation,
  '20261201-fair-use': fairUse,
  '20261201-grants-and-undo': grantsAndUndo,
  '20261201-remote-tools': remoteTools,
  '20261201-rights': rights,
  '20261201-slack-conversations': slackConversations,
  '20261201-slack-notices': slackNotices,
  '20261201-tool-decisions': toolDecisions,
  '20261202-allowed-calls': allowedCalls,
  '20261202-slack-memberships': slackMemberships,
  '20261202-slack-notice-leases': slackNoticeLeases,
  '20261203-event-times': eventTimes,
  '20261203-newest-first': newestFirst,
  '20261203-stale-memberships': staleMemberships,
  '20261203-told-recipients': toldRecipients,
  '20261203-usage-days': usageDays,
  '20261203-who-takes-part': whoTakesPart,
  '20261203-work-statistics': workStatistics,
};
