import { setTimeout as delay } from 'node:timers/promises';
import { isFinal } from '../../contracts/orchestration.ts';
import type { OrchestrationTarget } from '../../contracts/workflow.ts';
import { inOneTrip, withOrganization, type DatabaseDeps, type OrganizationTransaction } from '../../db/organization.ts';
import { acquireFromBucket, pauseBucket, type Bucket } from '../../db/queries/slack-buckets.ts';
import { forgetPost, setPostAttempted, setPosted, setShownHash } from '../../db/queries/slack.ts';
import type { ReachKillPoint } from '../kill-points.ts';
import { loadReport, moveToDirect, type LoadedReport, type ReportState } from './report-state.ts';
import { jobPage, shownMark } from '../approvals/approval.ts';
import { SlackCallError, type SlackMessage, type SlackPort, type Thread } from './slack-port.ts';
import { FAILURE, FailureError } from '../../contracts/failures.ts';

export interface SlackReportDeps extends DatabaseDeps {
  /** Absent when no Slack is configured: then nothing reports to it. */
  readonly slack: SlackPort | undefined;
  readonly renderReport: (state: ReportState, jobUrl: string) => SlackMessage;
  /** Where people reach us, for links; without a trailing slash. */
  readonly publicUrl: string;
  readonly reachKillPoint: ReachKillPoint;
}

export interface ReportOutcome {
  readonly final: boolean;
  /** The message shows an older state, because its turn has not come. */
  readonly leftOut?: boolean;
}

/** A wait shorter than this is slept through, a longer one goes back to whoever retries. */
const SHORT_WAIT_MS = 2_000;

/**
 * Makes the message of an orchestration show its present state and answers whether that state is final. Idempotent by
 * the version that the message shows; a post whose outcome is unknown is looked up before it is made again. A passing
 * state is left out when the workspace's bucket runs low; the final one waits for its turn.
 * @throws FailureError `slackRateLimited` with the delay, or `slackRefused`; SlackCallError when the outcome is unknown.
 */
export async function reportToSlack(
  deps: SlackReportDeps,
  target: OrchestrationTarget,
  signal?: AbortSignal,
): Promise<ReportOutcome> {
  const loaded = await load(deps, target);
  try {
    return await report(deps, target, loaded, signal);
  } catch (error) {
    if (!(error instanceof SlackCallError) || !error.lost) throw error;
    await moveToDirect(deps, loaded, error.lost).catch((failed: unknown) => {
      throw toReportFailure(failed);
    });
    return reportToSlack(deps, target, signal);
  }
}

/**
 * Brings the message up to date between the workflow's own reports, while a tool tells how far it is. It never posts,
 * which only one writer may do, and what cannot be written now is shown with the next report.
 */
export const createProgressReport =
  (deps: SlackReportDeps, onError: (error: unknown) => void) =>
  async (target: OrchestrationTarget): Promise<void> => {
    try {
      const loaded = await load(deps, target);
      if (loaded.post.ts !== null) await report(deps, target, loaded);
    } catch (error) {
      onError(error);
    }
  };

const load = (deps: SlackReportDeps, target: OrchestrationTarget): Promise<LoadedReport> =>
  withOrganization(deps.db, target.organizationId, (trx) => loadReport(trx, target));

async function report(
  { slack, ...deps }: SlackReportDeps,
  { organizationId }: OrchestrationTarget,
  { state, post, thread }: LoadedReport,
  signal?: AbortSignal,
): Promise<ReportOutcome> {
  const { id, status, version, slack_team_id: teamId } = state.orchestration;
  const final = isFinal(status);
  if (!slack || !thread || post.version >= version) return { final };
  const ts = post.ts ?? (post.attempted ? await findPosted(slack, thread, id) : undefined);
  const urgent = final || status === 'awaiting_approval' || ts === undefined;
  const bucket = bucketFor(organizationId, teamId ?? '', thread.channelId, ts !== undefined);
  if (!(await acquireTurn((work) => withOrganization(deps.db, organizationId, work), bucket, urgent, signal)))
    return { final, leftOut: true };
  const message = deps.renderReport(state, jobPage(deps.publicUrl, id));
  const { reachKillPoint } = deps;
  const once: InTransaction = (work) => inOneTrip(deps.db, organizationId, work);
  await write({
    slack,
    reachKillPoint,
    inOneTrip: once,
    thread,
    state,
    message,
    ts,
    bucket,
    shownHash: post.shown_hash,
  });
  return { final };
}

/** A post whose outcome is unknown; a refused or limited lookup fails as a refused or limited write does. */
const findPosted = (slack: SlackPort, thread: Thread, orchestrationId: string): Promise<string | undefined> =>
  slack.findPosted(thread, orchestrationId).catch((error: unknown) => {
    throw isLost(error) ? error : toReportFailure(error);
  });

const isLost = (error: unknown): boolean => error instanceof SlackCallError && error.kind === 'lost';

type InTransaction = <T>(work: (trx: OrganizationTransaction) => Promise<T>) => Promise<T>;

/** False when a state that nobody waits for should rather be left out. */
async function acquireTurn(
  inTransaction: InTransaction,
  bucket: Bucket,
  urgent: boolean,
  signal?: AbortSignal,
): Promise<boolean> {
  // What may be left out leaves half of the bucket to what may not.
  const share = urgent ? bucket : { ...bucket, burst: Math.ceil(bucket.burst / 2) };
  for (;;) {
    const waitMs = await inTransaction((trx) => acquireFromBucket(trx, share));
    if (waitMs === 0) return true;
    if (!urgent) return false;
    if (waitMs > SHORT_WAIT_MS) throw bucketEmpty(waitMs * (1 + Math.random() / 2));
    await delay(waitMs, undefined, signal && { signal });
  }
}

interface Write extends Pick<SlackReportDeps, 'reachKillPoint'> {
  readonly slack: SlackPort;
  readonly inOneTrip: InTransaction;
  readonly thread: Thread;
  readonly state: ReportState;
  readonly message: SlackMessage;
  readonly ts: string | undefined;
  readonly bucket: Bucket;
  /** Of the question that people have seen so far. */
  readonly shownHash: string | null;
}

async function write(given: Write): Promise<void> {
  const { slack, inOneTrip, thread, state, message, ts, bucket, shownHash } = given;
  const { id: orchestrationId, approval, status, version } = state.orchestration;
  const shows = status === 'awaiting_approval' && approval ? shownMark(approval.hash, message.isCut) : undefined;
  const asks = shows === shownHash ? undefined : shows;
  try {
    if (asks) await inOneTrip((trx) => setShownHash(trx, orchestrationId, asks));
    if (ts === undefined) await inOneTrip((trx) => setPostAttempted(trx, orchestrationId, true));
    const written = ts ?? (await slack.post(thread, message, orchestrationId));
    given.reachKillPoint('after-slack-post');
    if (ts !== undefined) await slack.update(thread.channelId, ts, message);
    given.reachKillPoint('after-slack-update');
    await inOneTrip((trx) => setPosted(trx, { orchestrationId, ts: written, version }));
  } catch (error) {
    if (!(error instanceof SlackCallError)) throw error;
    if (asks && error.kind !== 'unknown') await inOneTrip((trx) => setShownHash(trx, orchestrationId, shownHash));
    const nothingPosted = error.kind === 'rate_limited' || error.kind === 'refused';
    if (ts === undefined && nothingPosted) await inOneTrip((trx) => setPostAttempted(trx, orchestrationId, false));
    if (error.kind === 'gone') await inOneTrip((trx) => forgetPost(trx, orchestrationId));
    if (error.kind === 'rate_limited') await inOneTrip((trx) => pauseBucket(trx, bucket, error.retryAfterMs));
    throw isLost(error) ? error : toReportFailure(error);
  }
}

/**
 * Slack's limits per workspace and method, kept with a margin: `chat.update` is tier 3 (50 a minute and more),
 * `chat.postMessage` about one a second for each channel with short bursts (docs.slack.dev, rate limits).
 */
export function bucketFor(organizationId: string, teamId: string, channelId: string, isUpdate: boolean): Bucket {
  return isUpdate
    ? { organizationId, name: `${teamId}:chat.update`, intervalMs: 1_350, burst: 10 }
    : { organizationId, name: `${teamId}:chat.postMessage:${channelId}`, intervalMs: 1_000, burst: 4 };
}

/** A failed call as a failure that says when to try again, or that trying again is no use; anything else as it is. */
export function toReportFailure(error: unknown): unknown {
  if (!(error instanceof SlackCallError)) return error;
  if (error.kind === 'rate_limited') return rateLimited(error.retryAfterMs, error.message);
  if (error.kind === 'refused' || error.kind === 'lost')
    return FailureError.nonRetryable(error.message, FAILURE.slackRefused);
  return error;
}

/** Our own bucket is empty for so long. */
export const bucketEmpty = (waitMs: number): FailureError =>
  rateLimited(waitMs, `Our own rate limit for Slack is used up; retry after ${Math.ceil(waitMs / 1_000)} s.`);

const rateLimited = (waitMs: number, message: string): FailureError =>
  FailureError.create({ type: FAILURE.slackRateLimited, message, nextRetryDelay: Math.ceil(waitMs) });
