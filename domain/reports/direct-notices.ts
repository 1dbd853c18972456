import { withOrganization } from '../../db/organization.ts';
import { acquireFromBucket, pauseBucket } from '../../db/queries/slack-buckets.ts';
import { claimLost, postponeLostOf, releaseLost, type ClaimedLost } from '../../db/queries/slack.ts';
import { tellOfBudgets, type BudgetNoticeDeps } from './budget-notices.ts';
import { MAX_FAILED, toNoticeFailure, type NoticeFailure } from './notice-failures.ts';
import { loadReport, moveToDirect } from './report-state.ts';
import { bucketFor, reportToSlack, type SlackReportDeps } from './report-to-slack.ts';

export interface NoticeDeps extends SlackReportDeps, BudgetNoticeDeps {}

/**
 * Tells people of an organization directly what waits for them: budgets that have reached a threshold, and questions
 * whose channel is gone. Any worker may do it at any time: each is claimed for a time before it is told. Whoever dies in
 * between leaves it to the next one, who looks first whether the message is there already.
 */
export async function tellDirectly(deps: NoticeDeps, organizationId: string): Promise<void> {
  // Neither waits for the other to be free of faults.
  await tellOfBudgets(deps, organizationId).catch(deps.onError);
  await moveQuestions(deps, organizationId);
}

/** Where Slack limits us, and not one person, it is left alone no longer than this. */
const MAX_PAUSE_MS = 60_000;

/**
 * Questions whose channel was archived, or that we were removed from, go on with the person who asked. One that fails for
 * now comes again later, with whatever else is for that person, and holds up nobody else.
 */
async function moveQuestions(deps: NoticeDeps, organizationId: string): Promise<void> {
  const inside = <T>(work: Parameters<typeof withOrganization<T>>[2]) =>
    withOrganization(deps.db, organizationId, work);
  const bucket = bucketFor(organizationId, '', 'direct', false);
  let failed = 0;
  while (failed < MAX_FAILED && (await inside((trx) => acquireFromBucket(trx, bucket))) === 0) {
    const claimed = await inside(claimLost);
    if (!claimed) return;
    const failure = await move(deps, organizationId, claimed);
    failed = failure && failure.kind !== 'refused' ? failed + 1 : 0;
    await inside(async (trx) => {
      await releaseLost(trx, claimed, failure ?? {});
      if (!failure || failure.kind === 'refused' || failure.kind === 'ours') return;
      if (claimed.userId) await postponeLostOf(trx, claimed.userId, failure.retryInMs);
      if (failure.kind === 'limited' && failed === MAX_FAILED)
        await pauseBucket(trx, bucket, Math.min(failure.retryInMs, MAX_PAUSE_MS));
    });
  }
}

/** What has kept a question from being moved; undefined when it was. */
async function move(
  deps: NoticeDeps,
  organizationId: string,
  { orchestrationId, lost, failures }: ClaimedLost,
): Promise<NoticeFailure | undefined> {
  const target = { organizationId, orchestrationId };
  try {
    const loaded = await withOrganization(deps.db, organizationId, (trx) => loadReport(trx, target));
    if (!loaded.thread?.channelId.startsWith('D')) await moveToDirect(deps, loaded, lost);
    await reportToSlack(deps, target);
    return undefined;
  } catch (error) {
    deps.onError(error);
    return toNoticeFailure(error, failures);
  }
}
