import type { Nanos } from '../../contracts/money.ts';
import { isFinal } from '../../contracts/orchestration.ts';
import type { OrchestrationTarget } from '../../contracts/workflow.ts';
import { textsFor } from '../../contracts/texts.ts';
import { withOrganization, type DatabaseDeps, type OrganizationTransaction } from '../../db/organization.ts';
import { slackIdsOf } from '../../db/queries/organizations.ts';
import {
  getNotes,
  type EffectNote,
  type HealingNote,
  type SteeringNote,
  forgetPost,
  upsertPost,
  type SlackPost,
} from '../../db/queries/slack.ts';
import { setThread } from '../../db/queries/threads.ts';
import { getOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { findPlan, type StoredPlan } from '../../db/queries/plans.ts';
import { listStepsShown, type StepShown as ReportStep } from '../../db/queries/steps.ts';
import { SlackCallError, type LostPlace, type SlackPort, type Thread } from './slack-port.ts';

export type { EffectNote, HealingNote, ReportStep, SteeringNote };

/** Everything a report shows of one orchestration. */
export interface ReportState {
  readonly orchestration: Orchestration;
  readonly steps: readonly ReportStep[];
  readonly costNanos: Nanos;
  /** The plan that runs or would run; absent for a request without one. */
  readonly plan?: StoredPlan | undefined;
  readonly healing: readonly HealingNote[];
  readonly steering: readonly SteeringNote[];
  readonly effects: readonly EffectNote[];
}

export interface LoadedReport {
  readonly state: ReportState;
  /** What stands in Slack so far. */
  readonly post: SlackPost;
  /** Undefined when the request did not come from Slack. */
  readonly thread: Thread | undefined;
}

/** The present state of an orchestration, and the message that shows it. */
export async function loadReport(trx: OrganizationTransaction, target: OrchestrationTarget): Promise<LoadedReport> {
  const orchestration = await getOrchestration(trx, target.orchestrationId);
  const { plan_decision: planned, status } = orchestration;
  // Steps are named in plans and at the end; the passing states of most requests need neither.
  const steps = planned?.used || isFinal(status) ? await listStepsShown(trx, target.orchestrationId) : [];
  const plan = planned?.used ? await findPlan(trx, target.orchestrationId) : undefined;
  const notes = await getNotes(trx, target.orchestrationId);
  const { slack_channel_id: channelId, slack_thread_ts: threadTs } = orchestration;
  const thread = channelId && threadTs ? { channelId, threadTs } : undefined;
  return { state: { orchestration, steps, plan, ...notes }, post: await upsertPost(trx, target), thread };
}

/**
 * Goes on in a direct message to the person who asked, where the place of their request is lost: the thread that begins
 * there is the work's own from now on, for what is shown, asked and answered. In a direct message that was deleted it is
 * written anew. @throws SlackCallError `refused` where there is nobody to write to.
 */
export async function moveToDirect(
  { db, slack }: DatabaseDeps & { readonly slack: SlackPort | undefined },
  { state: { orchestration }, thread }: LoadedReport,
  lost: LostPlace,
): Promise<void> {
  const { organization_id: organizationId, id, user_id: userId, language } = orchestration;
  const inside = <T>(work: Parameters<typeof withOrganization<T>>[2]) => withOrganization(db, organizationId, work);
  const [slackUserId] = await inside((trx) => slackIdsOf(trx, userId ? [userId] : []));
  const isDirect = thread?.channelId.startsWith('D') === true;
  if (isDirect && lost === 'deleted') return void (await inside((trx) => forgetPost(trx, id)));
  if (!slack || !slackUserId || isDirect)
    throw new SlackCallError('refused', `The conversation is lost (${lost}), and nobody can be written to directly.`);
  const text = textsFor(language).words.moved[lost];
  // Looked for each time: whoever said so before may have died before the row knew.
  const moved = await slack.sayDirectly(slackUserId, { text, marker: `moved:${id}`, mayBeThere: true });
  await inside(async (trx) => {
    await setThread(trx, id, moved);
    await forgetPost(trx, id);
  });
}
