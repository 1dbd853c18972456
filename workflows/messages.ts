import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Decision } from '../contracts/workflow.ts';

/** A decision from REST or the console: the caller wants to know whether it counted. */
export const decideUpdate = defineUpdate<{ verdict: Decision['verdict'] }, [Decision]>('decide');

/** A decision from a Slack thread, which is public: nobody waits for the answer. */
export const decideSignal = defineSignal<[Decision]>('decideFromThread');

/** What the workflow is doing, for operators; people read the row in Postgres. */
export const stageQuery = defineQuery<Stage>('stage');

export type Stage = 'understanding' | 'awaiting_approval' | 'running' | 'finishing';
