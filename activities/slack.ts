import { sleep } from '@temporalio/activity';
import type { Kysely } from 'kysely';
import { isFinal } from '../contracts/orchestration.ts';
import { withOrganization } from '../db/organization.ts';
import { getNotes } from '../db/queries/notes.ts';
import { getOrchestration } from '../db/queries/orchestrations.ts';
import { findPlan } from '../db/queries/plans.ts';
import {
  pauseBucket,
  setPostAttempted,
  setPosted,
  setShownHash,
  forgetPost,
  takeFromBucket,
  takePost,
  type Bucket,
  type SlackPost,
} from '../db/queries/slack.ts';
import { listStepsShown } from '../db/queries/steps.ts';
import type { Database } from '../db/tables/index.ts';
import { heartbeating } from './heartbeating.ts';
import type { ReachKillPoint } from '../domain/kill-points.ts';
import { toSlackMessage } from '../adapters/slack/blocks.ts';
import type { Shown } from '../domain/reports/shown.ts';
import { bucketFor } from '../domain/reports/buckets.ts';
import { toFailure, tryLater } from './slack-failures.ts';
import { remindApprovers, type Reminder } from '../domain/reports/remind-approvers.ts';
import { SlackCallError, type SlackPort, type Thread } from '../domain/reports/slack-port.ts';

export interface SlackDeps {
  readonly db: Kysely<Database>;
  /** Absent when no Slack is configured: then nothing reports to it. */
  readonly slack: SlackPort | undefined;
  readonly reachKillPoint: ReachKillPoint;
}

interface Target {
  readonly organizationId: string;
  readonly orchestrationId: string;
}

interface Reported {
  readonly final: boolean;
  /** The message shows an older state, because its turn has not come. */
  readonly leftOut?: boolean;
}

/** A wait shorter than this is slept through, a longer one goes back to Temporal. */
const SHORT_WAIT_MS = 2_000;

/** Writes to Slack. One message per orchestration, always its latest state. */
export const createSlackActivities = (deps: SlackDeps) => ({
  /**
   * Makes the message show the orchestration's present state and answers whether that state is final. Idempotent by
   * the version that the message shows; a post whose outcome is unknown is looked up before it is made again.
   * A passing state is left out when the workspace's bucket runs low, and says so; the final one waits for its turn.
   */
  reportToSlack: (target: Target): Promise<Reported> => heartbeating(() => report(deps, target)),

  /** Tells people once more that a question waits. Idempotent by the question and the number of the reminder. */
  remindApprovers: (reminder: Reminder): Promise<void> =>
    heartbeating((attempt) => remindApprovers(deps, reminder, attempt)),
});

async function report(deps: SlackDeps, target: Target): Promise<Reported> {
  const { shown, post, thread } = await load(deps, target);
  const { orchestration } = shown;
  const final = isFinal(orchestration.status);
  if (!deps.slack || !thread || post.version >= orchestration.version) return { final };
  const ts = post.ts ?? (post.attempted ? await lookFor(deps.slack, thread, orchestration.id) : undefined);
  const urgent = final || orchestration.status === 'awaiting_approval' || ts === undefined;
  const bucket = bucketFor(
    target.organizationId,
    orchestration.slack_team_id ?? '',
    thread.channelId,
    ts !== undefined,
  );
  if (!(await waitForTurn(deps, target, bucket, urgent))) return { final, leftOut: true };
  await write(deps, { target, thread, shown, ts, bucket, before: post.shown_hash });
  return { final };
}

/**
 * Brings the message up to date between the workflow's own reports, while a tool tells how far it is. It never posts,
 * which only one writer may do, and what does not land now is shown with the next report.
 */
export const createProgressReport =
  (deps: SlackDeps, onError: (error: unknown) => void) =>
  async (target: Target): Promise<void> => {
    try {
      const { post } = await load(deps, target);
      if (post.ts !== null) await report(deps, target);
    } catch (error) {
      onError(error);
    }
  };

/** A post whose outcome is unknown; a refused or limited lookup is told as a refused or limited write is. */
const lookFor = (slack: SlackPort, thread: Thread, orchestrationId: string): Promise<string | undefined> =>
  slack.findPosted(thread, orchestrationId).catch((error: unknown) => {
    throw error instanceof SlackCallError ? toFailure(error) : error;
  });

const load = (
  deps: SlackDeps,
  target: Target,
): Promise<{ shown: Shown; post: SlackPost; thread: Thread | undefined }> =>
  withOrganization(deps.db, target.organizationId, async (trx) => {
    const orchestration = await getOrchestration(trx, target.orchestrationId);
    const { plan_decision: planned, status } = orchestration;
    // Steps are named in plans and at the end; the passing states of most requests need neither.
    const steps = planned?.used || isFinal(status) ? await listStepsShown(trx, target.orchestrationId) : [];
    const plan = planned?.used ? await findPlan(trx, target.orchestrationId) : undefined;
    const notes = await getNotes(trx, target.orchestrationId);
    const { slack_channel_id: channelId, slack_thread_ts: threadTs } = orchestration;
    const thread = channelId && threadTs ? { channelId, threadTs } : undefined;
    return { shown: { orchestration, steps, plan, ...notes }, post: await takePost(trx, target), thread };
  });

/** False when a state that nobody waits for should rather be left out. */
async function waitForTurn(deps: SlackDeps, target: Target, bucket: Bucket, urgent: boolean): Promise<boolean> {
  // What may be left out leaves half of the bucket to what may not.
  const taken = urgent ? bucket : { ...bucket, burst: Math.ceil(bucket.burst / 2) };
  for (;;) {
    const waitMs = await withOrganization(deps.db, target.organizationId, (trx) => takeFromBucket(trx, taken));
    if (waitMs === 0) return true;
    if (!urgent) return false;
    if (waitMs > SHORT_WAIT_MS) throw tryLater(waitMs * (1 + Math.random() / 2), 'Our own bucket for Slack is empty.');
    await sleep(waitMs);
  }
}

interface Write {
  readonly target: Target;
  readonly thread: Thread;
  readonly shown: Shown;
  readonly ts: string | undefined;
  readonly bucket: Bucket;
  /** The question that people have seen so far. */
  readonly before: string | null;
}

async function write(deps: SlackDeps, { target, thread, shown, ts, bucket, before }: Write): Promise<void> {
  const { organizationId, orchestrationId } = target;
  const inTransaction = <T>(work: Parameters<typeof withOrganization<T>>[2]) =>
    withOrganization(deps.db, organizationId, work);
  const message = toSlackMessage(shown);
  const { slack } = deps;
  if (!slack) return;
  const { approval, status, version } = shown.orchestration;
  const asks = status === 'awaiting_approval' && approval && approval.hash !== before ? approval.hash : undefined;
  try {
    if (asks) await inTransaction((trx) => setShownHash(trx, orchestrationId, asks));
    if (ts === undefined) await inTransaction((trx) => setPostAttempted(trx, orchestrationId, true));
    const written = ts ?? (await slack.post(thread, message, orchestrationId));
    deps.reachKillPoint('after-slack-post');
    if (ts !== undefined) await slack.update(thread.channelId, ts, message);
    deps.reachKillPoint('after-slack-update');
    await inTransaction((trx) => setPosted(trx, { orchestrationId, ts: written, version }));
  } catch (error) {
    if (!(error instanceof SlackCallError)) throw error;
    if (asks && error.kind !== 'unknown') await inTransaction((trx) => setShownHash(trx, orchestrationId, before));
    const nothingPosted = error.kind === 'rate_limited' || error.kind === 'refused';
    if (ts === undefined && nothingPosted) await inTransaction((trx) => setPostAttempted(trx, orchestrationId, false));
    if (error.kind === 'gone') await inTransaction((trx) => forgetPost(trx, orchestrationId));
    if (error.kind === 'rate_limited') await inTransaction((trx) => pauseBucket(trx, bucket, error.retryAfterMs));
    throw toFailure(error);
  }
}
