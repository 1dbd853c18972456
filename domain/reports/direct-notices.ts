import { FAILURE, FailureError } from '../../contracts/failures.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { claimNotice, listUntold, releaseNotice, type UntoldWindow } from '../../db/queries/settle.ts';
import { acquireFromBucket, pauseBucket } from '../../db/queries/slack-buckets.ts';
import { claimLost, listSlackPeople, releaseLost, type SlackPerson } from '../../db/queries/slack.ts';
import { loadReport, moveToDirect } from './report-state.ts';
import { bucketFor, reportToSlack, type SlackReportDeps } from './report-to-slack.ts';
import { SlackCallError, type DirectNotice } from './slack-port.ts';

export interface NoticeDeps extends SlackReportDeps {
  /** The sentence about a budget that has reached a share of its limit, for whoever has that locale. */
  readonly renderAlert: (window: UntoldWindow, locale: string | null) => string;
  readonly onError: (error: unknown) => void;
}

/**
 * Tells people of an organization directly what waits for them: budgets that have reached a threshold, and questions
 * whose channel is gone. Any worker may do it at any time: each is claimed for a time before it is told. Whoever dies in
 * between leaves it to the next one, who looks first whether the message is there already.
 */
export async function tellDirectly(deps: NoticeDeps, organizationId: string): Promise<void> {
  const inside: Inside = (work) => withOrganization(deps.db, organizationId, work);
  for (const window of await inside(listUntold)) await tellOfBudget(deps, organizationId, inside, window);
  await moveQuestions(deps, organizationId, inside);
}

type Inside = <T>(work: (trx: OrganizationTransaction) => Promise<T>) => Promise<T>;

/** A person hears of their own limit, the admins of the organization's. */
async function tellOfBudget(
  deps: NoticeDeps,
  organizationId: string,
  inside: Inside,
  window: UntoldWindow,
): Promise<void> {
  const { scope, userId, period, startsOn, alertedShare, claimedUntil: before } = window;
  const people = await inside((trx) => listSlackPeople(trx, scope === 'user' ? { userId } : { role: 'admin' }));
  const marker = ['budget', scope, userId, period, startsOn, alertedShare].join(':');
  let held = await inside((trx) => claimNotice(trx, window));
  for (const person of people) {
    if (held === undefined) return;
    const notice = { marker, mayBeThere: before !== null, text: deps.renderAlert(window, person.locale) };
    const outcome = await write(deps, organizationId, inside, person, notice);
    const now = { ...window, claimedUntil: held };
    if (outcome === 'later') return void (await inside((trx) => releaseNotice(trx, now, { told: false })));
    // Slack may have taken its time: the claim has to last for the next person as well.
    held = await inside((trx) => claimNotice(trx, now));
  }
  const claimedUntil = held;
  if (claimedUntil !== undefined)
    await inside((trx) => releaseNotice(trx, { ...window, claimedUntil }, { told: true }));
}

async function write(
  { slack, onError }: NoticeDeps,
  organizationId: string,
  inside: Inside,
  { slack_team_id: teamId, slack_user_id: slackUserId }: SlackPerson,
  notice: DirectNotice,
): Promise<'told' | 'later' | 'failed'> {
  // Where a direct message begins is not known yet; the person stands for it.
  const bucket = bucketFor(organizationId, teamId ?? '', slackUserId, false);
  if (!slack || (await inside((trx) => acquireFromBucket(trx, bucket))) > 0) return 'later';
  try {
    await slack.sayDirectly(slackUserId, notice);
    return 'told';
  } catch (error) {
    onError(error);
    if (!isForNow(error)) return 'failed';
    await inside((trx) => pauseBucket(trx, bucket, Math.max(MIN_PAUSE_MS, retryAfterOf(error))));
    return 'later';
  }
}

/** Questions whose channel was archived, or that we were removed from, go on with the person who asked. */
async function moveQuestions(deps: NoticeDeps, organizationId: string, inside: Inside): Promise<void> {
  const bucket = bucketFor(organizationId, '', 'direct', false);
  while ((await inside((trx) => acquireFromBucket(trx, bucket))) === 0) {
    const claimed = await inside(claimLost);
    if (!claimed) return;
    const target = { organizationId, orchestrationId: claimed.orchestrationId };
    try {
      const loaded = await inside((trx) => loadReport(trx, target));
      if (!loaded.thread?.channelId.startsWith('D')) await moveToDirect(deps, loaded, claimed.lost);
      await reportToSlack(deps, target);
    } catch (error) {
      deps.onError(error);
      if (isForNow(error)) {
        await inside((trx) => releaseLost(trx, claimed, { moved: false }));
        await inside((trx) => pauseBucket(trx, bucket, Math.max(MIN_PAUSE_MS, retryAfterOf(error))));
        return;
      }
      // Not Slack's word but a failure of ours: the next one goes on when the claim is over.
      if (!(error instanceof SlackCallError) && !(error instanceof FailureError)) throw error;
    }
    await inside((trx) => releaseLost(trx, claimed, { moved: true }));
  }
}

const MIN_PAUSE_MS = 10_000;

/** Whether it may go another time: Slack has not said that it never will. */
const isForNow = (error: unknown): boolean =>
  error instanceof SlackCallError
    ? error.kind === 'rate_limited' || error.kind === 'unknown'
    : error instanceof FailureError && error.type === FAILURE.slackRateLimited;

const retryAfterOf = (error: unknown): number => (error instanceof SlackCallError ? error.retryAfterMs : 0);
