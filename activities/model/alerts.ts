import { nanosToCents } from '../../contracts/money.ts';
import type { OrganizationTransaction } from '../../db/organization.ts';
import type { MovedWindow } from '../../db/queries/budget.ts';
import { appendEvent } from '../../db/queries/events.ts';

interface AlertTarget {
  readonly organizationId: string;
  readonly orchestrationId: string;
  readonly userId: string | null;
}

/** Beyond this a limit means "none". */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/** The highest of the thresholds (shares of the limit) that this payment has crossed. Pure. */
export function crossedThreshold(window: MovedWindow, thresholds: readonly number[]): number | undefined {
  if (window.limitNanos >= NO_LIMIT) return undefined;
  const crossed = thresholds.filter(
    (share) => window.spentBeforeNanos < share * window.limitNanos && window.spentNanos >= share * window.limitNanos,
  );
  return crossed.length === 0 ? undefined : Math.max(...crossed);
}

/** Tells the organization when a budget passes a threshold, in the transaction of the payment that did it. */
export async function alertBudgets(
  trx: OrganizationTransaction,
  { organizationId, orchestrationId, userId }: AlertTarget,
  moved: readonly MovedWindow[],
  thresholds: readonly number[],
): Promise<void> {
  for (const window of moved) {
    const threshold = crossedThreshold(window, thresholds);
    if (threshold === undefined) continue;
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
