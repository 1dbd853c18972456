import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import {
  claimNotice,
  listRecipients,
  listUntold,
  releaseNotice,
  setNotice,
  type Recipient,
  type UntoldWindow,
} from '../../db/queries/budget-notices.ts';
import { acquireFromBucket, pauseBucket } from '../../db/queries/slack-buckets.ts';
import { MAX_FAILED, toNoticeFailure } from './notice-failures.ts';
import { bucketFor, type SlackReportDeps } from './report-to-slack.ts';

export interface BudgetNoticeDeps extends Pick<SlackReportDeps, 'db' | 'slack'> {
  /** The sentence about a budget that has reached a share of its limit, for whoever has that locale. */
  readonly renderAlert: (window: UntoldWindow, locale: string | null) => string;
  readonly onError: (error: unknown) => void;
}

/**
 * Tells people of an organization of budgets that have reached a threshold: of their own limit a person, of the
 * organization's the admins. Each is tried by himself: whom Slack refuses for good is left out, whom it cannot reach now
 * comes again later, and neither holds up the next one.
 */
export async function tellOfBudgets(deps: BudgetNoticeDeps, organizationId: string): Promise<void> {
  const inside: Inside = (work) => withOrganization(deps.db, organizationId, work);
  for (const window of await inside(listUntold))
    await tellOfBudget(deps, organizationId, inside, window).catch(deps.onError);
}

type Inside = <T>(work: (trx: OrganizationTransaction) => Promise<T>) => Promise<T>;

async function tellOfBudget(
  deps: BudgetNoticeDeps,
  organizationId: string,
  inside: Inside,
  window: UntoldWindow,
): Promise<void> {
  const waiting = await inside((trx) => listRecipients(trx, window));
  const due = waiting.filter((one) => one.due);
  if (waiting.length > 0 && due.length === 0) return;
  let held = await inside((trx) => claimNotice(trx, window));
  let left = waiting.length - due.length;
  let failed = 0;
  for (const person of due) {
    if (held === undefined) return;
    const outcome = await tell(deps, organizationId, inside, window, person);
    if (outcome !== 'settled') left += 1;
    failed = outcome === 'failed' ? failed + 1 : 0;
    // Slack may have taken its time: the claim has to last for the next person as well.
    const now = { ...window, claimedUntil: held };
    held = await inside((trx) => claimNotice(trx, now));
    if (failed === MAX_FAILED) break;
  }
  const claimedUntil = held;
  if (claimedUntil === undefined) return;
  await inside((trx) => releaseNotice(trx, { ...window, claimedUntil }, { told: left === 0 }));
}

/** `settled`: told, or refused for good; `waits` for a turn; `failed` for now. */
async function tell(
  { slack, renderAlert, onError }: BudgetNoticeDeps,
  organizationId: string,
  inside: Inside,
  window: UntoldWindow,
  person: Recipient,
): Promise<'settled' | 'waits' | 'failed'> {
  const { id: recipientId, slack_team_id: teamId, slack_user_id: slackUserId, locale, failures, mayBeThere } = person;
  // Where a direct message begins is not known yet; the person stands for it.
  const bucket = bucketFor(organizationId, teamId ?? '', slackUserId, false);
  const keep = (trx: OrganizationTransaction, change: Parameters<typeof setNotice>[2]) =>
    setNotice(trx, { organizationId, window, recipientId }, change);
  // Whoever dies after this leaves it to the next one, who looks first whether the message is there already.
  const waitMs = await inside(async (trx) => {
    const wait = await acquireFromBucket(trx, bucket);
    const tried = wait === 0;
    await keep(trx, { failures, mayBeThere: mayBeThere || tried, tried, retryInMs: wait });
    return wait;
  });
  if (!slack || waitMs > 0) return 'waits';
  const error = await caught(() =>
    slack.sayDirectly(slackUserId, { marker: markerOf(window), mayBeThere, text: renderAlert(window, locale) }),
  );
  if (error === undefined) {
    await inside((trx) => keep(trx, { state: 'told', failures: 0, mayBeThere: true }));
    return 'settled';
  }
  onError(error);
  const failure = toNoticeFailure(error, failures);
  // Where Slack has said no, nothing was written this time.
  const isCertain = failure.kind === 'refused' || failure.kind === 'limited';
  const change = { failures: failures + 1, problem: failure.problem, mayBeThere: mayBeThere || !isCertain };
  await inside(async (trx) => {
    if (failure.kind === 'limited') await pauseBucket(trx, bucket, failure.retryInMs);
    await keep(trx, { ...change, ...(failure.kind === 'refused' ? { state: failure.kind } : failure) });
  });
  return failure.kind === 'refused' ? 'settled' : 'failed';
}

const markerOf = ({ scope, userId, period, startsOn, alertedShare }: UntoldWindow): string =>
  ['budget', scope, userId, period, startsOn, alertedShare].join(':');

async function caught(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error ?? new Error('It failed without an error.');
  }
}
