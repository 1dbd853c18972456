import type { Nanos } from '../../contracts/money.ts';
import { isFinal } from '../../contracts/orchestration.ts';
import type { OrchestrationTarget } from '../../contracts/workflow.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import {
  getNotes,
  type EffectNote,
  type HealingNote,
  type SteeringNote,
  upsertPost,
  type SlackPost,
} from '../../db/queries/slack.ts';
import { getOrchestration, type Orchestration } from '../../db/queries/orchestrations.ts';
import { findPlan, type StoredPlan } from '../../db/queries/plans.ts';
import { listStepsShown, type StepShown as ReportStep } from '../../db/queries/steps.ts';
import type { Thread } from './slack-port.ts';

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
