import {
  type BudgetChange,
  type BudgetPolicy,
  type BudgetView,
  type LedgerEntry,
  type UsageGroup,
  type UsageRow,
  nanosToCents,
  windowEnd,
} from '../../contracts/money.ts';
import { type Principal, notFound } from '../../contracts/request.ts';
import { withOrganization, type OrganizationTransaction } from '../../db/organization.ts';
import type { DefaultLimits } from '../../db/queries/budget.ts';
import { findUser } from '../../db/queries/organizations.ts';
import { findBudgetPolicy, setBudgetPolicy } from '../../db/queries/pressure.ts';
import { JOBS_SUMMED, listBudgets, listLedger, setLimit, sumUsage } from '../../db/queries/usage.ts';
import { audit } from '../audit.ts';
import type { DatabaseDeps } from '../deps.ts';
import { appendEvent } from '../../db/queries/events.ts';
import { markAlerted, type MovedWindow } from '../../db/queries/settle.ts';

export { JOBS_SUMMED };

export interface LimitDeps extends DatabaseDeps {
  /** Limits where the organization has set none. */
  readonly defaultLimits: DefaultLimits;
}

/** Limits, and what has gone through their present windows; the organization first, then its people. */
export const readBudgets = ({ db, defaultLimits }: LimitDeps, { organizationId }: Principal): Promise<BudgetView[]> =>
  withOrganization(db, organizationId, (trx) => listBudgets(trx, defaultLimits));

/** Sets a limit and writes down who did, in one transaction. @throws RequestError 404 for an unknown user */
export const changeLimit = (
  { db, defaultLimits }: LimitDeps,
  by: Principal,
  change: BudgetChange,
): Promise<BudgetView[]> =>
  withOrganization(db, by.organizationId, async (trx) => {
    if (change.userId && !(await findUser(trx, change.userId))) throw notFound('user');
    await setLimit(trx, by.organizationId, change);
    await audit(trx, by, 'budget.set', change.userId ?? by.organizationId, change);
    return listBudgets(trx, defaultLimits);
  });

export const MAX_MONEY_ROWS = 1_000;
const DEFAULT_DAYS = 30;
const DAY_MS = 86_400_000;
const dayBefore = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);

/** What was spent, the dearest first: admins see the organization, everybody else their own. */
export const readUsage = (
  { db }: DatabaseDeps,
  { organizationId, userId, role }: Principal,
  query: { groupBy: readonly UsageGroup[]; from?: string | undefined; to?: string | undefined },
): Promise<UsageRow[]> => {
  const { groupBy, from = dayBefore(DEFAULT_DAYS), to = dayBefore(0) } = query;
  const only = role === 'admin' ? {} : { userId };
  return withOrganization(db, organizationId, (trx) =>
    sumUsage(trx, { groups: [...new Set(groupBy)], from, to, limit: MAX_MONEY_ROWS, ...only }),
  );
};

/** Every model call with what was reserved and what it cost, the newest first. */
export const readLedger = (
  { db }: DatabaseDeps,
  { organizationId }: Principal,
  { jobId, before, limit }: { jobId?: string | undefined; before?: string | undefined; limit: number },
): Promise<LedgerEntry[]> =>
  withOrganization(db, organizationId, (trx) => listLedger(trx, { orchestrationId: jobId, before, limit }));

export interface PolicyDeps extends DatabaseDeps {
  /** How tiers step down under pressure where the organization has decided nothing. */
  readonly defaultPolicy: BudgetPolicy;
}

/** Whether and when agents get a cheaper model because a budget is tight. */
export const readBudgetPolicy = async (
  { db, defaultPolicy }: PolicyDeps,
  { organizationId }: Principal,
): Promise<BudgetPolicy> => (await withOrganization(db, organizationId, findBudgetPolicy)) ?? defaultPolicy;

/** Sets the policy and writes down who did, in one transaction. */
export const changeBudgetPolicy = ({ db }: DatabaseDeps, by: Principal, policy: BudgetPolicy): Promise<BudgetPolicy> =>
  withOrganization(db, by.organizationId, async (trx) => {
    await setBudgetPolicy(trx, by.organizationId, policy);
    await audit(trx, by, 'budget-policy.set', by.organizationId, policy);
    return policy;
  });

interface AlertTarget {
  readonly organizationId: string;
  readonly orchestrationId: string;
  readonly userId: string | null;
}

/** Beyond this a limit means "none". */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/** The highest of the thresholds (shares of the limit) that is reached and that nobody was warned at yet. Pure. */
export function dueThreshold(
  { limitNanos, spentNanos, alertedShare }: Pick<MovedWindow, 'limitNanos' | 'spentNanos' | 'alertedShare'>,
  thresholds: readonly number[],
): number | undefined {
  if (limitNanos >= NO_LIMIT) return undefined;
  const due = thresholds.filter((share) => share > alertedShare && spentNanos >= share * limitNanos);
  return due.length === 0 ? undefined : Math.max(...due);
}

/**
 * Tells the organization when a budget has reached a threshold, in the transaction of the payment that did it. The
 * window remembers it, so each is told at most once in its period, whatever becomes of the limit or of corrections.
 */
export async function alertBudgets(
  trx: OrganizationTransaction,
  { organizationId, orchestrationId, userId }: AlertTarget,
  moved: readonly MovedWindow[],
  thresholds: readonly number[],
): Promise<void> {
  for (const window of moved) {
    const threshold = dueThreshold(window, thresholds);
    if (threshold === undefined || !(await markAlerted(trx, window, threshold))) continue;
    const data = {
      scope: window.scope,
      period: window.period,
      threshold,
      spentCents: nanosToCents(window.spentNanos),
      limitCents: nanosToCents(window.limitNanos),
      resetsAt: windowEnd(window.period, new Date(window.startsOn)),
    };
    const subject = { orchestrationId, sessionId: null, userId };
    await appendEvent(trx, { organizationId, type: 'budget_alert', ...subject, data: { data } });
  }
}
