import { nanosToCents } from '../../contracts/money.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import { appendEvent } from '../../db/queries/events.ts';
import { markAlerted, type MovedWindow } from '../../db/queries/settle.ts';

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
    };
    const subject = { orchestrationId, sessionId: null, userId };
    await appendEvent(trx, { organizationId, type: 'budget_alert', ...subject, data: { data } });
  }
}
