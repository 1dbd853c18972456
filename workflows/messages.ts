import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { MESSAGE } from '../contracts/queues.ts';
import type { Decision, DecisionOutcome, SteeringMessage } from '../contracts/workflow.ts';

/** A decision from REST or the console: the caller wants to know whether it counted. */
export const decideUpdate = defineUpdate<DecisionOutcome, [Decision]>(MESSAGE.decide);

/** A decision from a Slack thread, which is public: nobody waits for the answer. */
export const decideSignal = defineSignal<[Decision]>(MESSAGE.decideFromSlack);

/** A message to running work from REST or the console: the caller wants to know whether it is still in time. */
export const steerUpdate = defineUpdate<void, [SteeringMessage]>(MESSAGE.steer);

/** A message to running work from a Slack thread. */
export const steerSignal = defineSignal<[SteeringMessage]>(MESSAGE.steerFromSlack);

/** Somebody wants the changes of a job taken back, perhaps while that is under way already. */
export const undoSignal = defineSignal<[userId: string]>(MESSAGE.undo);

/** What the workflow is doing, for operators; people read the row in Postgres. */
export const stageQuery = defineQuery<Stage>(MESSAGE.stage);

export type Stage = 'understanding' | 'planning' | 'awaiting_approval' | 'running' | 'finishing';
