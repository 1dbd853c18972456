import { FAILURE, FailureError } from '../../contracts/failures.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import { listUntold, markNotified, type UntoldWindow } from '../../db/queries/settle.ts';
import {
  acquireFromBucket,
  claimLost,
  listSlackPeople,
  pauseBucket,
  setLost,
  type SlackPerson,
} from '../../db/queries/slack.ts';
import { loadReport, moveToDirect } from './report-state.ts';
import { bucketFor, reportToSlack, type SlackReportDeps } from './report-to-slack.ts';
import { SlackCallError } from './slack-port.ts';

export interface NoticeDeps extends SlackReportDeps {
  /** The sentence about a budget that has reached a share of its limit, for whoever has that locale. */
  readonly renderAlert: (window: UntoldWindow, locale: string | null) => string;
  readonly onError: (error: unknown) => void;
}

/**
 * Tells people of an organization directly what waits for them: budgets that have reached a threshold, and questions
 * whose channel is gone. Any worker may do it at any time: each is claimed before it is told, so that it is told at most
 * once, and what Slack has certainly not taken comes again with the next round.
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
  const { scope, userId, notifiedShare: before, alertedShare: now } = window;
  const people = await inside((trx) => listSlackPeople(trx, scope === 'user' ? { userId } : { role: 'admin' }));
  if (!(await inside((trx) => markNotified(trx, window, { from: before, to: now })))) return;
  let told = 0;
  for (const person of people) {
    const outcome = await write(deps, organizationId, inside, person, deps.renderAlert(window, person.locale));
    if (outcome === 'told') told++;
    // Nobody has it yet, so the next round may begin anew; once somebody has, it comes to nobody twice.
    if (outcome === 'later' && told === 0)
      return void (await inside((trx) => markNotified(trx, window, { from: now, to: before })));
  }
}

async function write(
  { slack, onError }: NoticeDeps,
  organizationId: string,
  inside: Inside,
  { slack_team_id: teamId, slack_user_id: slackUserId }: SlackPerson,
  text: string,
): Promise<'told' | 'later' | 'failed'> {
  // Where a direct message begins is not known yet; the person stands for it.
  const bucket = bucketFor(organizationId, teamId ?? '', slackUserId, false);
  if (!slack || (await inside((trx) => acquireFromBucket(trx, bucket))) > 0) return 'later';
  try {
    await slack.sayDirectly(slackUserId, text);
    return 'told';
  } catch (error) {
    onError(error);
    if (!(error instanceof SlackCallError) || error.kind !== 'rate_limited') return 'failed';
    await inside((trx) => pauseBucket(trx, bucket, error.retryAfterMs));
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
      if (!isForNow(error)) continue;
      await inside((trx) => setLost(trx, [claimed.orchestrationId], claimed.lost));
      await inside((trx) => pauseBucket(trx, bucket, Math.max(MIN_PAUSE_MS, retryAfterOf(error))));
      return;
    }
  }
}

const MIN_PAUSE_MS = 10_000;

/** Whether it may go another time: Slack has not said that it never will. */
const isForNow = (error: unknown): boolean =>
  error instanceof SlackCallError
    ? error.kind === 'rate_limited' || error.kind === 'unknown'
    : error instanceof FailureError && error.type === FAILURE.slackRateLimited;

const retryAfterOf = (error: unknown): number => (error instanceof SlackCallError ? error.retryAfterMs : 0);
