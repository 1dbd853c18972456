import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';

/**
 * Model calls: slow and billed. The activity itself gives up after five tries of the model; a database that is away is
 * waited for until the work's time is over. Three beats may be missed before a worker counts as dead; a stop waits for
 * the call to wind down.
 */
export const model = proxyActivities<Activities['model']>({
  startToCloseTimeout: '10 minutes',
  scheduleToCloseTimeout: '1 hour',
  heartbeatTimeout: '10 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '1 second', backoffCoefficient: 2.2, maximumInterval: '10 seconds' },
});

/**
 * Our own tables: quick, idempotent, worth retrying for an hour while Postgres is away. Local, because an awaited
 * normal activity costs the server about ten times as much. A wait of more than two seconds between two tries is a timer
 * of the workflow, so that messages are taken meanwhile; until then the workflow's task is held.
 */
export const store = proxyLocalActivities<Omit<Activities['store'], 'recordDecision' | 'revisePlan'>>({
  startToCloseTimeout: '10 seconds',
  scheduleToCloseTimeout: '1 hour',
  localRetryThreshold: '2 seconds',
  retry: { initialInterval: '200 milliseconds', maximumInterval: '10 seconds' },
});

/**
 * What a person has decided. Not local: a decision is durable only with the workflow task that took it, and a lost task
 * may take another one next time; a local activity would have written the first and the work would follow the second.
 */
export const decisions = proxyActivities<Pick<Activities['store'], 'recordDecision' | 'revisePlan'>>({
  startToCloseTimeout: '10 seconds',
  scheduleToCloseTimeout: '1 hour',
  retry: { initialInterval: '200 milliseconds', maximumInterval: '10 seconds' },
});

/**
 * Calls to the outside world. The activity itself gives up on a provider that stays away and finds out what became of a
 * lost answer; a coding agent may take half an hour. Each call names the queue of its pool. Three beats may be missed
 * before a worker counts as dead; a stop waits for the call to wind down, so that the ledger knows how it ended.
 */
export const tools = proxyActivities<Activities['tools']>({
  startToCloseTimeout: '1 hour',
  scheduleToCloseTimeout: '6 hours',
  heartbeatTimeout: '10 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' },
});

/** Slack: one message per orchestration. Its last state has to land, so a day of outages is waited out. */
export const slack = proxyActivities<Activities['slack']>({
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '1 day',
  heartbeatTimeout: '10 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' },
});
